//! The mark behind an entry point, by which a linked plugin is found in any
//! file: `docs/inspect.md` describes it for other programs.

use crate::entry::Definition;

/// What a mark begins with. The first byte and the last one stand in no text
/// in UTF-8.
pub const MAGIC: [u8; 8] = *b"\xF8\x9Eplugo\xC1";

/// The number of the format of a mark, as a digit.
pub const FORMAT: u8 = b'1';

/// What a plugin is, with its mark, for one that is no plain function.
///
/// Both are one static, so the linker keeps the mark with the plugin and
/// drops it with it. The mark is bytes and needs no relocation.
#[repr(C)]
pub struct Marked<const N: usize> {
    /// What the entry point answers.
    pub definition: Definition,
    mark: [u8; N],
}

impl<const N: usize> Marked<N> {
    /// `N` is [`length`] of the text.
    pub const fn new(definition: Definition, text: &str) -> Self {
        Marked { definition, mark: mark(text) }
    }
}

/// How long the mark of a text is: with the magic, the number of the format,
/// and the byte 0 at its end.
pub const fn length(text: &str) -> usize {
    MAGIC.len() + 1 + text.len() + 1
}

/// The mark of a text; `N` is [`length`] of it.
pub const fn mark<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    let mut mark = [0; N];
    let mut i = 0;
    while i < MAGIC.len() {
        mark[i] = MAGIC[i];
        i += 1;
    }
    mark[MAGIC.len()] = FORMAT;
    i = 0;
    while i < text.len() {
        mark[MAGIC.len() + 1 + i] = text[i];
        i += 1;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_magic_a_digit_the_text_and_a_zero() {
        const TEXT: &str = "plugins/blog web-blog@0.3.0";
        let mark: [u8; length(TEXT)] = mark(TEXT);
        assert_eq!(&mark, b"\xF8\x9Eplugo\xC11plugins/blog web-blog@0.3.0\0");
        assert!(MAGIC.iter().all(|byte| *byte != 0) && std::str::from_utf8(&MAGIC).is_err());
    }
}
