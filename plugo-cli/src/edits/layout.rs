use toml_edit::{Array, Decor, Item, RawString, Value};

/// Puts a key into a table, in order where the others are; `default`, of
/// features, stands first.
pub(super) fn insert(table: &mut Item, key: &str, value: Value) {
    let order = |key: &str| (key != "default", key.to_owned());
    let keys = table.as_table_like().into_iter().flat_map(|table| table.iter());
    let is_sorted = keys.map(|(key, _)| order(key)).is_sorted();
    if let Some(table) = table.as_table_like_mut() {
        table.insert(key, Item::Value(value));
    }
    if is_sorted && let Some(table) = table.as_table_mut() {
        table.sort_values_by(|a, _, b, _| order(a.get()).cmp(&order(b.get())));
    }
}

/// Adds a text to an array, laid out as those that are there: in order where
/// they are, and else at the end.
pub(super) fn push(array: &mut Array, text: &str) {
    if array.iter().any(|item| item.as_str() == Some(text)) {
        return;
    }
    let mut list = List::of(array);
    let count = list.entries.len();
    let is_sorted = list.entries.iter().map(Entry::text).is_sorted();
    let next = list.entries.iter().position(|entry| entry.text() > text);
    let at = next.filter(|_| is_sorted).unwrap_or(count);
    let above = match list.entries.get_mut(at.min(count.saturating_sub(1))) {
        None => String::new(),
        Some(like) => match like.above.rsplit_once('\n') {
            // A line of its own, where each has one.
            Some((_, indent)) => format!("\n{indent}"),
            None if at == 0 => std::mem::replace(&mut like.above, " ".to_owned()),
            None if count == 1 => " ".to_owned(),
            None => like.above.clone(),
        },
    };
    list.entries.insert(at, Entry { above, value: Value::from(text), behind: String::new() });
    list.put(array);
}

/// Takes texts out of an array, with the layout of those that stay. Comments
/// above them and behind them go with them.
pub(super) fn remove(array: &mut Array, is_meant: impl Fn(&str) -> bool) {
    let mut list = List::of(array);
    let first = list.entries.first().map(|entry| entry.above.clone());
    list.entries.retain(|entry| !entry.value.as_str().is_some_and(&is_meant));
    if list.entries.len() == array.len() {
        return;
    }
    match (list.entries.first_mut(), first) {
        (Some(entry), Some(first)) if !entry.above.contains('\n') => entry.above = first,
        (None, _) if list.open.trim().is_empty() => list.close.clear(),
        _ => {}
    }
    list.put(array);
}

/// An array as a person sees it: a comment belongs to what it stands behind.
/// To the parser, it is before the next one.
struct List {
    /// What stands behind the opening bracket.
    open: String,
    entries: Vec<Entry>,
    /// What stands before the closing one.
    close: String,
}

struct Entry {
    /// What stands before it, from the end of the line before.
    above: String,
    value: Value,
    /// What stands behind it on its line.
    behind: String,
}

impl Entry {
    fn text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }
}

impl List {
    fn of(array: &Array) -> Self {
        let text = |raw: Option<&RawString>, default: &str| {
            raw.and_then(RawString::as_str).unwrap_or(default).to_owned()
        };
        let mut list = List { open: String::new(), entries: Vec::new(), close: String::new() };
        let mut before = String::new();
        for value in array {
            let (decor, default) = (value.decor(), if list.entries.is_empty() { "" } else { " " });
            before.push_str(&text(decor.prefix(), default));
            let above = list.end_line(&before).to_owned();
            before = text(decor.suffix(), "");
            list.entries.push(Entry { above, value: value.clone(), behind: String::new() });
        }
        before.push_str(array.trailing().as_str().unwrap_or_default());
        list.close = list.end_line(&before).to_owned();
        list
    }

    /// Gives the last entry what still stands on its line, and gives back the
    /// rest.
    fn end_line<'t>(&mut self, text: &'t str) -> &'t str {
        let (same, rest) = text.split_at(text.find('\n').unwrap_or(0));
        let behind = self.entries.last_mut().map_or(&mut self.open, |entry| &mut entry.behind);
        behind.push_str(same);
        rest
    }

    fn put(self, array: &mut Array) {
        // Nothing can stand on a line after a comment.
        let below = |before: &str, after: &str| match before.contains('#') && !after.contains('\n')
        {
            true => format!("{before}\n{after}"),
            false => format!("{before}{after}"),
        };
        array.clear();
        let mut before = self.open;
        for Entry { above, mut value, behind } in self.entries {
            *value.decor_mut() = Decor::new(below(&before, &above), "");
            array.push_formatted(value);
            before = behind;
        }
        array.set_trailing(below(&before, &self.close));
    }
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    /// A list that has to have just these.
    #[track_caller]
    fn check(before: &str, wanted: &[&str], after: &str) {
        let mut document: DocumentMut = format!("list = {before}\n").parse().unwrap();
        let list = document["list"].as_array_mut().unwrap();
        remove(list, |item| !wanted.contains(&item));
        wanted.iter().for_each(|item| push(list, item));
        let made = document.to_string();
        assert_eq!(made, format!("list = {after}\n"));
        assert!(made.parse::<DocumentMut>().is_ok());
    }

    #[test]
    fn one_entry_a_line_stays_one_entry_a_line() {
        let (before, after) =
            ("[\n  # a\n  \"a\",\n  \"b\",\n]", "[\n  # a\n  \"a\",\n  \"c\",\n]");
        check(before, &["a", "c"], after);
        check("[\n  \"a\"\n]", &["a", "c"], "[\n  \"a\",\n  \"c\"\n]");
        check("[ \"a\", \"b\" ]", &["b", "c"], "[ \"b\", \"c\" ]");
        check("[\"a\"]", &[], "[]");
        check("[\n  \"a\",\n]", &[], "[]");
    }

    #[test]
    fn a_comment_stays_with_what_it_stands_behind_and_goes_with_it() {
        check("[\n  \"a\", # a\n]", &["a", "b"], "[\n  \"a\", # a\n  \"b\",\n]");
        check("[\n  \"a\" # a\n]", &["a", "b"], "[\n  \"a\", # a\n  \"b\"\n]");
        check("[\n  \"b\", # b\n]", &["a", "b"], "[\n  \"a\",\n  \"b\", # b\n]");
        let lines = "[ # all\n  \"a\", # a\n  \"b\", # b\n  \"c\", # c\n]";
        check(lines, &["a", "c"], "[ # all\n  \"a\", # a\n  \"c\", # c\n]");
        check(lines, &["c"], "[ # all\n  \"c\", # c\n]");
        check(lines, &["a"], "[ # all\n  \"a\", # a\n]");
        check(lines, &[], "[ # all\n]");
    }

    #[test]
    fn nothing_becomes_part_of_a_comment() {
        check("[ \"a\", # a\n  \"b\", \"c\" ]", &["a", "c"], "[ \"a\", # a\n \"c\" ]");
        check("[ # all\n  \"a\" ]", &[], "[ # all\n ]");
        check("[\n  # none\n]", &["a"], "[\"a\"\n  # none\n]");
        check("[\n  \"a\" # a\n  , \"b\" ]", &["a", "c"], "[\n  \"a\", # a\n  \"c\"\n ]");
    }

    #[test]
    fn a_list_that_is_sorted_stays_sorted_and_another_one_stays_as_it_is() {
        for (before, after) in [
            ("[]", "[\"m\"]"),
            ("[\"z\"]", "[\"m\", \"z\"]"),
            ("[ \"a\", \"z\" ]", "[ \"a\", \"m\", \"z\" ]"),
            ("[\"z\", \"a\"]", "[\"z\", \"a\", \"m\"]"),
            ("[\n  # n\n  \"n\", # n\n]", "[\n  \"m\",\n  # n\n  \"n\", # n\n]"),
        ] {
            let mut list: Array = before.parse::<Value>().unwrap().as_array().unwrap().clone();
            push(&mut list, "m");
            push(&mut list, "m");
            assert_eq!(list.to_string(), after);
        }
    }
}
