use similar::{ChangeTag, TextDiff};

/// A file's new text with the line ends of the old one: a line that stays
/// keeps its own, and a new one gets that of the first.
pub(super) fn with_ends_of(old: &str, new: String) -> String {
    if !old.contains("\r\n") {
        return new;
    }
    let has_crlf: Vec<bool> =
        old.split_inclusive('\n').map(|line| line.ends_with("\r\n")).collect();
    let (old, new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let mut text = String::new();
    for change in TextDiff::from_slices(&old, &new).iter_all_changes() {
        if change.tag() == ChangeTag::Delete {
            continue;
        }
        let like = change.old_index().unwrap_or(0);
        match change.value().strip_suffix('\n') {
            Some(line) if has_crlf.get(like) == Some(&true) => {
                text.push_str(line);
                text.push_str("\r\n");
            }
            _ => text.push_str(change.value()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_are_the_same_to_the_byte() {
        for (old, new, kept) in [
            ("a\nb\n", "a\nc\n", "a\nc\n"),
            ("a\r\nb\r\n", "a\nc\nb\n", "a\r\nc\r\nb\r\n"),
            ("a\r\nb\r\n", "a\r\nc\r\nb\r\n", "a\r\nc\r\nb\r\n"),
            ("a\r\nb\nz\r\n", "a\nb\nc\nz", "a\r\nb\nc\r\nz"),
            ("a\nb\r\n", "c\na\nb\n", "c\na\nb\r\n"),
            ("a\r\n", "", ""),
        ] {
            assert_eq!(with_ends_of(old, new.to_owned()), kept, "{old:?} {new:?}");
        }
    }
}
