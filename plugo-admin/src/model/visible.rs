/// Characters that do not show, or that make others show elsewhere: what controls, what
/// gives text a direction, what has no width, and what no standard gives a meaning.
/// First and last of each range.
const UNSEEN: [(u32, u32); 33] = [
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0x2fffe, 0x2ffff),
    (0x3fffe, 0xe00ff),
    (0xe01f0, 0x10ffff),
    (0xe0100, 0xe01ef),
    (0xfffe, 0xffff),
    (0x1fffe, 0x1ffff),
    (0xfe00, 0xfe0d),
];

/// Joins letters and signs beyond ASCII, as Persian and families of signs need it.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Chooses how the sign before it looks.
const STYLES: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// Whether a character does not show by itself.
pub(crate) fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    c.is_control() || UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// The first character of a name that does not show, where it does not belong.
pub(crate) fn unseen(name: &str) -> Option<char> {
    let all: Vec<char> = name.chars().collect();
    let beyond = |at: Option<usize>| {
        let c = at.and_then(|at| all.get(at));
        c.is_some_and(|c| !c.is_ascii() && (!is_unseen(*c) || STYLES.contains(c)))
    };
    let belongs = |at: usize, c: char| match c {
        c if JOINERS.contains(&c) => beyond(at.checked_sub(1)) && beyond(at.checked_add(1)),
        c if STYLES.contains(&c) => at > 0 && !is_unseen(all[at - 1]) && all[at - 1] != ' ',
        c => !is_unseen(c),
    };
    all.iter().enumerate().find(|(at, c)| !belongs(*at, **c)).map(|(_, c)| *c)
}

/// Why a name does not do that has such a character.
pub(crate) fn unseen_text(c: char) -> String {
    format!("a name has no characters that do not show, and this one has U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_found() {
        for c in "\0\n\u{7f}\u{85}\u{ad}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{2028}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{3164}\u{e000}\u{feff}\u{fffe}\u{1d173}\u{50000}\u{e0041}\u{10ffff}".chars() {
            for name in [format!("{c}"), format!("a{c}b"), format!("a{c}")] {
                assert_eq!(unseen(&name), Some(c), "{name:?}");
            }
        }
        assert_eq!(unseen("\u{fe0f}"), Some('\u{fe0f}'));
        for name in [
            "a b",
            "Größe",
            "پیام\u{200c}کوتاه",
            "👩\u{200d}👧",
            "❤\u{fe0f}",
            "❤\u{fe0f}\u{200d}🔥",
            "“ſ”",
            "中文",
        ] {
            assert_eq!(unseen(name), None, "{name:?}");
        }
        assert!(unseen_text('\u{202e}').ends_with("U+202E"));
    }
}
