//! The mark behind an entry point, by which a linked plugin is found in any
//! file: `docs/inspect.md` describes it for other programs.

/// What a mark begins with: eight bytes, of which the first and the last one stand
/// in no text in UTF-8, and the number of the format, as a digit.
pub struct Magic([u8; 9]);

/// The only one.
pub const MAGIC: Magic = Magic(*b"\xF8\x9Eplugo\xC11");

impl Magic {
    /// Nothing in the program reads a mark. Its address is what counts.
    pub(crate) const fn first(&self) -> &u8 {
        let Magic([first, ..]) = self;
        first
    }
}

/// The mark of a plugin. It is bytes and needs no relocation.
///
/// `#[plugin]` writes it as a literal: to make it here would be the most expensive
/// part of compiling a plugin.
#[repr(C)]
pub struct Mark<const N: usize> {
    pub magic: Magic,
    /// `namespace/name package@version`, and a byte 0 at its end.
    pub text: [u8; N],
}

/// The bytes of a text that is no literal; `N` is its length.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    match text.as_bytes().first_chunk() {
        Some(bytes) if text.len() == N => *bytes,
        _ => panic!("the text has another length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_magic_stands_in_no_text() {
        let Magic(magic) = &MAGIC;
        assert_eq!(magic, b"\xF8\x9Eplugo\xC11");
        assert!(magic.iter().all(|byte| *byte != 0) && std::str::from_utf8(magic).is_err());
        assert!([magic[0], magic[7]].iter().all(|byte| std::str::from_utf8(&[*byte]).is_err()));
    }

    #[test]
    fn a_mark_has_nothing_between_the_magic_and_its_text() {
        assert_eq!(size_of::<Mark<5>>(), MAGIC.0.len() + 5);
        assert_eq!(std::mem::offset_of!(Mark<5>, text), MAGIC.0.len());
    }
}
