use std::ops::Range;
use std::path::{Path, PathBuf};

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::Edits;
use crate::error::Error;

/// `plugins_config.json` or a client's file that is being edited. Its layout
/// stays.
#[derive(Debug)]
pub(crate) struct SelectionFile {
    path: PathBuf,
    text: String,
}

/// Where something stands in the text.
#[derive(Debug, Default)]
struct Places {
    list: Range<usize>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    whole: Range<usize>,
    name: Option<(String, Range<usize>)>,
    enabled: Option<(bool, Range<usize>)>,
}

impl SelectionFile {
    /// Reads it as the edits so far leave it; nothing where there is none.
    pub(crate) fn read(edits: &Edits, path: &Path) -> Result<Option<Self>, Error> {
        let Some(text) = edits.read(path)? else { return Ok(None) };
        let shown = edits.show(path);
        match places(&text) {
            Ok(Some(_)) => Ok(Some(SelectionFile { path: path.to_owned(), text })),
            Ok(None) => Err(Error::no(format!("`{shown}` has no list `plugins` to be edited"))),
            Err(why) => Err(Error::no(format!("`{shown}` is not valid JSON: {why}"))),
        }
    }

    /// Whether it enables a plugin.
    pub(crate) fn enables(&self, plugin: &str) -> bool {
        let entries = self.places().entries;
        entries.iter().any(|entry| entry.is(plugin) && matches!(entry.enabled, Some((true, _))))
    }

    /// Enables a plugin: where it is disabled, or at the end of the list, laid
    /// out as the entry before it.
    pub(crate) fn enable(&mut self, plugin: &str) {
        let Places { list, entries } = self.places();
        if let Some(entry) = entries.iter().find(|entry| entry.is(plugin)) {
            if let Some((false, range)) = &entry.enabled {
                self.text.replace_range(range.clone(), "true");
            }
            return;
        }
        let quoted = serde_json::Value::from(plugin).to_string();
        let fresh = format!("{{ \"name\": {quoted}, \"enabled\": true }}");
        let Some(last) = entries.last() else {
            let indent = self.indent(list.start);
            let content = format!("[\n{indent}{indent}{fresh}\n{indent}]");
            self.text.replace_range(list, &content);
            return;
        };
        let start = entries.len().checked_sub(2).map_or(list.start + 1, |at| entries[at].whole.end);
        let between = self.text[start..last.whole.start].trim_start_matches(',');
        let between = if between.is_empty() { " " } else { between };
        let copy = last.copy(&self.text, &quoted).unwrap_or(fresh);
        self.text.insert_str(last.whole.end, &format!(",{between}{copy}"));
    }

    /// Takes a plugin out of the list. Says whether it was there, and enabled.
    pub(crate) fn remove(&mut self, plugin: &str) -> Option<bool> {
        let Places { list, entries } = self.places();
        let at = entries.iter().position(|entry| entry.is(plugin))?;
        let enabled = entries[at].enabled.as_ref().is_some_and(|(on, _)| *on);
        let gone = match (at.checked_sub(1), entries.get(at + 1)) {
            (_, Some(next)) => entries[at].whole.start..next.whole.start,
            (Some(before), None) => entries[before].whole.end..entries[at].whole.end,
            (None, None) => list.start + 1..list.end - 1,
        };
        self.text.replace_range(gone, "");
        Some(enabled)
    }

    /// Makes it an edit.
    pub(crate) fn save(self, edits: &mut Edits) -> Result<(), Error> {
        edits.write(&self.path, self.text)
    }

    fn places(&self) -> Places {
        places(&self.text).ok().flatten().unwrap_or_default()
    }

    /// What the line begins with in which a place is.
    fn indent(&self, at: usize) -> &str {
        let line = self.text[..at].rsplit('\n').next().unwrap_or_default();
        &line[..line.len() - line.trim_start().len()]
    }
}

impl Entry {
    fn is(&self, plugin: &str) -> bool {
        self.name.as_ref().is_some_and(|(name, _)| name == plugin)
    }

    /// This entry's text, for another plugin that is enabled.
    fn copy(&self, text: &str, quoted: &str) -> Option<String> {
        let (Some((_, name)), Some((_, enabled))) = (&self.name, &self.enabled) else {
            return None;
        };
        let mut places = [(name, quoted), (enabled, "true")];
        places.sort_by_key(|(range, _)| range.start);
        let mut copy = String::new();
        let mut from = self.whole.start;
        for (range, new) in places {
            copy.push_str(&text[from..range.start]);
            copy.push_str(new);
            from = range.end;
        }
        copy.push_str(&text[from..self.whole.end]);
        Some(copy)
    }
}

fn places(text: &str) -> Result<Option<Places>, String> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default())
        .map_err(|error| error.to_string())?;
    let Some(Value::Object(root)) = parsed.value else { return Ok(None) };
    let Some(list) = root.get_array("plugins") else { return Ok(None) };
    let entries = list.elements.iter().map(entry).collect();
    Ok(Some(Places { list: range(list), entries }))
}

fn entry(value: &Value<'_>) -> Entry {
    let none = Entry { whole: range(value), name: None, enabled: None };
    let Value::Object(object) = value else { return none };
    Entry { name: text_of(object, "name"), enabled: flag_of(object, "enabled"), ..none }
}

fn text_of(object: &Object<'_>, key: &str) -> Option<(String, Range<usize>)> {
    let text = object.get_string(key)?;
    Some((text.value.to_string(), range(text)))
}

fn flag_of(object: &Object<'_>, key: &str) -> Option<(bool, Range<usize>)> {
    let flag = object.get_boolean(key)?;
    Some((flag.value, range(flag)))
}

fn range(value: &impl Ranged) -> Range<usize> {
    value.start()..value.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SelectionFile {
        SelectionFile { path: PathBuf::new(), text: text.to_owned() }
    }

    fn enabled(text: &str) -> String {
        let mut file = file(text);
        file.enable("new");
        file.text
    }

    #[test]
    fn a_plugin_is_enabled_in_the_layout_of_the_others() {
        for (before, after) in [
            (
                "{\n    \"plugins\": [\n        { \"name\": \"a\", \"enabled\": false }\n    ]\n}\n",
                "{\n    \"plugins\": [\n        { \"name\": \"a\", \"enabled\": false },\n        { \"name\": \"new\", \"enabled\": true }\n    ]\n}\n",
            ),
            (
                "{\"plugins\":[{\"enabled\":true,\"name\":\"a\"},{\"enabled\":true,\"name\":\"b\"}]}",
                "{\"plugins\":[{\"enabled\":true,\"name\":\"a\"},{\"enabled\":true,\"name\":\"b\"}, {\"enabled\":true,\"name\":\"new\"}]}",
            ),
            (
                "{\n  \"plugins\": []\n}\n",
                "{\n  \"plugins\": [\n    { \"name\": \"new\", \"enabled\": true }\n  ]\n}\n",
            ),
            (
                "{ \"plugins\": [{ \"name\": \"new\", \"enabled\": false }] }",
                "{ \"plugins\": [{ \"name\": \"new\", \"enabled\": true }] }",
            ),
            (
                "{ \"plugins\": [{ \"name\": \"new\", \"enabled\": true }] }",
                "{ \"plugins\": [{ \"name\": \"new\", \"enabled\": true }] }",
            ),
        ] {
            assert_eq!(enabled(before), after);
            assert_eq!(enabled(after), after, "a second time changes nothing");
        }
    }

    #[test]
    fn a_plugin_is_taken_out_and_the_others_stay_as_they_are() {
        let text = "{ \"plugins\": [\n  { \"name\": \"a\", \"enabled\": true },\n  { \"name\": \"b\", \"enabled\": false }\n] }";
        let mut all = file(text);
        assert_eq!(all.remove("c"), None);
        assert_eq!(all.text, text);
        assert_eq!(all.remove("a"), Some(true));
        assert_eq!(all.text, "{ \"plugins\": [\n  { \"name\": \"b\", \"enabled\": false }\n] }");
        assert_eq!(all.remove("b"), Some(false));
        assert_eq!(all.text, "{ \"plugins\": [] }");
        let mut last = file(text);
        last.remove("b");
        assert_eq!(last.text, "{ \"plugins\": [\n  { \"name\": \"a\", \"enabled\": true }\n] }");
    }
}
