use std::fmt;

use similar::TextDiff;

use super::{Edit, Edits};

/// As `diff -u` shows it, so that `patch` and people can read it.
impl fmt::Display for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for edit in &self.list {
            match edit {
                Edit::File { path, old, new } => {
                    file(f, &self.show(path), old.as_deref(), new)?;
                }
                Edit::Folder { path, files } => {
                    for (name, content) in files {
                        file(f, &format!("{}/{name}", self.show(path)), None, content)?;
                    }
                }
                Edit::Delete { path } => writeln!(f, "deleted folder {}", self.show(path))?,
            }
        }
        Ok(())
    }
}

fn file(f: &mut fmt::Formatter<'_>, shown: &str, old: Option<&str>, new: &str) -> fmt::Result {
    if new.is_empty() && old.is_none() {
        return writeln!(f, "new empty file {shown}");
    }
    let before = match old {
        Some(_) => format!("a/{shown}"),
        None => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new);
    write!(f, "{}", diff.unified_diff().header(&before, &format!("b/{shown}")))
}
