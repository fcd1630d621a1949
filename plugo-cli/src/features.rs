use std::fmt;
use std::path::{Path, PathBuf};

use plugo_build::Client;
use similar::TextDiff;
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::error::Error;

/// An edit of `Cargo.toml` that brings the features of clients in line with
/// their files. Shown as a difference, and applied as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    path: PathBuf,
    /// What messages call the file.
    shown: String,
    before: String,
    after: String,
    /// The features that it writes.
    pub(crate) features: Vec<String>,
}

impl Edit {
    /// The edit that these clients need; `None` when all is right.
    pub(crate) fn of_clients(
        path: &Path,
        shown: &str,
        clients: &[Client],
    ) -> Result<Option<Self>, Error> {
        let wrong: Vec<&Client> =
            clients.iter().filter(|client| client.plugins.is_ok() && !client.is_met).collect();
        if wrong.is_empty() {
            return Ok(None);
        }
        let before =
            std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
        let wanted: Vec<(&str, &[String])> = wrong
            .iter()
            .map(|client| (client.feature.as_str(), client.wanted.as_slice()))
            .collect();
        let after = edit(&before, &wanted)
            .map_err(|why| Error::no(format!("`{shown}` cannot be edited: {why}")))?;
        let features = wrong.iter().map(|client| client.feature.clone()).collect();
        Ok(Some(Edit { path: path.to_owned(), shown: shown.to_owned(), before, after, features }))
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn apply(&self) -> Result<(), Error> {
        // A link stays a link.
        let real = self.path.canonicalize();
        real.and_then(|path| plugo_build::write(&path, &self.after))
            .map(drop)
            .map_err(|error| Error::io("written", &self.path, &error))
    }
}

/// A unified difference.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = TextDiff::from_lines(&self.before, &self.after);
        let (old, new) = (format!("a/{}", self.shown), format!("b/{}", self.shown));
        write!(f, "{}", difference.unified_diff().context_radius(1).header(&old, &new))
    }
}

/// The text with these features, each with its list; all the rest as it was.
fn edit(text: &str, features: &[(&str, &[String])]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    let table = document
        .entry("features")
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or("`features` is no table")?;
    for (name, wanted) in features {
        match table.get_mut(name) {
            None => drop(table.insert(name, Item::Value(Value::Array(wanted.iter().collect())))),
            Some(item) => {
                let array = item.as_array_mut().ok_or(format!("`{name}` is no list"))?;
                set(array, wanted);
            }
        }
    }
    let edited = document.to_string();
    // Its parser reads both line ends and writes one of them.
    Ok(if text.contains("\r\n") && !edited.contains("\r\n") {
        edited.replace('\n', "\r\n")
    } else {
        edited
    })
}

/// Makes a list what it should be, in the layout that it has.
fn set(array: &mut Array, wanted: &[String]) {
    let prefix = |value: &Value| value.decor().prefix().and_then(|p| p.as_str()).map(str::to_owned);
    let first = array.get(0).and_then(prefix);
    let last = array.iter().last().and_then(prefix);
    array.retain(|value| value.as_str().is_some_and(|item| wanted.iter().any(|w| w == item)));
    let has = |array: &Array, item: &str| array.iter().any(|value| value.as_str() == Some(item));
    for item in wanted {
        if has(array, item) {
            continue;
        }
        // One item a line stays one item a line. A comment behind the last
        // item stays behind it.
        let indent =
            last.as_deref().and_then(|last| last.rsplit_once('\n')).map(|(_, indent)| indent);
        let behind = indent.map(|_| take_comment(array)).unwrap_or_default();
        array.push(item.as_str());
        if let (Some(indent), Some(value)) = (indent, array.iter_mut().last()) {
            value.decor_mut().set_prefix(format!("{behind}\n{indent}"));
        }
    }
    let on_one_line = first.as_ref().is_some_and(|first| !first.contains('\n'));
    if let (true, Some(first), Some(value)) = (on_one_line, first, array.get_mut(0)) {
        value.decor_mut().set_prefix(first);
    }
}

/// Takes the comment behind the last item of a list away, with the blanks
/// before it.
fn take_comment(array: &mut Array) -> String {
    if array.trailing_comma() {
        let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
        let Some((comment, end)) = trailing.rsplit_once('\n') else { return String::new() };
        array.set_trailing(format!("\n{end}"));
        return comment.to_owned();
    }
    // Without a last comma, what is behind the item belongs to it.
    let Some(value) = array.iter_mut().last() else { return String::new() };
    let suffix = value.decor().suffix().and_then(|s| s.as_str()).unwrap_or_default().to_owned();
    let Some((comment, end)) = suffix.rsplit_once('\n') else { return String::new() };
    value.decor_mut().set_suffix("");
    array.set_trailing(format!("\n{end}"));
    array.set_trailing_comma(true);
    comment.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, features: &[(&str, &[&str])], after: &str) {
        let owned: Vec<(&str, Vec<String>)> = features
            .iter()
            .map(|(name, items)| (*name, items.iter().map(|&item| item.to_owned()).collect()))
            .collect();
        let features: Vec<(&str, &[String])> =
            owned.iter().map(|(name, items)| (*name, items.as_slice())).collect();
        assert_eq!(edit(before, &features).unwrap(), after);
    }

    #[test]
    fn a_line_stays_a_line_and_comments_stay_where_they_are() {
        check(
            "[features] # all\n# of Acme\nclient-acme = [\"blog\", \"tls\"]  # signed\nzip = []\n",
            &[("client-acme", &["tls", "shop"])],
            "[features] # all\n# of Acme\nclient-acme = [\"tls\", \"shop\"]  # signed\nzip = []\n",
        );
    }

    #[test]
    fn one_item_a_line_stays_one_item_a_line() {
        check(
            "[features]\nclient-acme = [\n    # for all\n    \"auth\",\n    \"blog\",\n]\n",
            &[("client-acme", &["auth", "shop"])],
            "[features]\nclient-acme = [\n    # for all\n    \"auth\",\n    \"shop\",\n]\n",
        );
        check(
            "[features]\nclient-acme = [\n    \"auth\", # for all\n]\n",
            &[("client-acme", &["auth", "shop"])],
            "[features]\nclient-acme = [\n    \"auth\", # for all\n    \"shop\",\n]\n",
        );
        check(
            "[features]\nclient-acme = [\n    \"auth\" # for all\n]\n",
            &[("client-acme", &["auth", "blog", "shop"])],
            "[features]\nclient-acme = [\n    \"auth\", # for all\n    \"blog\",\n    \"shop\",\n]\n",
        );
    }

    #[test]
    fn what_is_not_there_is_added() {
        check(
            "[package]\nname = \"shop\"\n",
            &[("client-acme", &["blog"]), ("client-zeta", &[])],
            "[package]\nname = \"shop\"\n\n[features]\nclient-acme = [\"blog\"]\nclient-zeta = []\n",
        );
        check(
            "[features]\nclient-acme = []\n\n[dependencies]\n",
            &[("client-acme", &["blog"]), ("client-zeta", &["shop"])],
            "[features]\nclient-acme = [\"blog\"]\nclient-zeta = [\"shop\"]\n\n[dependencies]\n",
        );
        check("features = { a = [] }\n", &[("b", &["a"])], "features = { a = [] , b = [\"a\"] }\n");
    }

    #[test]
    fn line_ends_stay() {
        check(
            "[features]\r\nclient-acme = []\r\n",
            &[("client-acme", &["blog"])],
            "[features]\r\nclient-acme = [\"blog\"]\r\n",
        );
    }

    #[test]
    fn what_is_no_table_is_left_alone() {
        assert_eq!(edit("features = 1\n", &[]).unwrap_err(), "`features` is no table");
        let wanted: &[String] = &[];
        let error = edit("[features]\na = true\n", &[("a", wanted)]).unwrap_err();
        assert_eq!(error, "`a` is no list");
    }
}
