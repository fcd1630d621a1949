use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use serde_core::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, Place, Problems, did_you_mean, list};

/// Arrays and objects may be nested this deep. What plugo reads needs four.
const MAX_DEPTH: usize = 32;

/// A file's text, with the name that messages give it.
#[derive(Debug)]
pub(crate) struct Text {
    shown: RefCell<String>,
    text: String,
    /// The last place that was asked for: offset, line, column. Places are
    /// asked for from the top down, so each search goes on from there, and a
    /// large file is gone through once.
    last: Cell<(usize, usize, usize)>,
}

impl Text {
    pub(crate) fn new(shown: impl Into<String>, text: String) -> Rc<Self> {
        Rc::new(Text { shown: RefCell::new(shown.into()), text, last: Cell::new((0, 1, 1)) })
    }

    /// Reads a file; what it cannot read, it reports.
    pub(crate) fn read(path: &Path, shown: String, problems: &mut Problems) -> Option<Rc<Self>> {
        let unreadable = |why: String| {
            Diagnostic::error(Code::Unreadable, format!("`{shown}` cannot be read: {why}"))
                .at(Place::file(shown.clone()))
        };
        // A pipe would be waited for.
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            problems.add(unreadable("it is not a regular file".to_owned()));
            return None;
        }
        match std::fs::read(path) {
            Err(_) if path.is_symlink() && !path.exists() => {
                problems.add(unreadable("it is a link that leads nowhere".to_owned()));
            }
            Err(error) => problems.add(unreadable(error.to_string())),
            Ok(bytes) if bytes.starts_with(b"\xEF\xBB\xBF") => problems.add(
                unreadable("it starts with a byte order mark".to_owned())
                    .help("save it as UTF-8 without a byte order mark"),
            ),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => return Some(Text::new(shown, text)),
                Err(error) => problems.add(
                    unreadable(format!(
                        "byte {} is not UTF-8",
                        error.utf8_error().valid_up_to() + 1
                    ))
                    .help("save it as UTF-8"),
                ),
            },
        }
        None
    }

    pub(crate) fn shown(&self) -> String {
        self.shown.borrow().clone()
    }

    /// Gives the file another name in messages, once a better one is known.
    pub(crate) fn show_as(&self, shown: String) {
        self.shown.replace(shown);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn place(&self, offset: usize) -> Place {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let (mut start, mut line, mut column) = self.last.get();
        if start > end {
            (start, line, column) = (0, 1, 1);
        }
        let mut rest = &self.text[start..end];
        while let Some(at) = rest.find('\n') {
            (line, column) = (line + 1, 1);
            rest = &rest[at + 1..];
        }
        column += rest.chars().count();
        self.last.set((end, line, column));
        Place { file: self.shown(), position: Some((line, column)) }
    }
}

/// A value of a JSON or TOML file, with the place where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) source: Rc<Text>,
    pub(crate) offset: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) offset: usize,
}

impl Node {
    pub(crate) fn place(&self) -> Place {
        self.source.place(self.offset)
    }

    /// The value of a key, of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(entries) => {
                entries.iter().find(|(found, _)| found.name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The entries of an object; none of anything else.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Object(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn kind(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Number(text) => format!("the number {text}"),
            Value::String(text) => {
                let short: String = text.chars().take(40).collect();
                format!("the string {short:?}")
            }
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }

    /// Reports that this value is not what it should be.
    pub(crate) fn mistyped(&self, what: &str, wanted: &str, problems: &mut Problems) {
        let message = format!("{what} must be {wanted}, and is {}", self.kind());
        problems.add(Diagnostic::error(Code::MistypedField, message).at(self.place()));
    }

    pub(crate) fn string(&self, what: &str, problems: &mut Problems) -> Option<String> {
        let found = self.as_str().map(str::to_owned);
        if found.is_none() {
            self.mistyped(what, "a string", problems);
        }
        found
    }

    pub(crate) fn array(&self, what: &str, of: &str, problems: &mut Problems) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => {
                self.mistyped(what, &format!("an array of {of}"), problems);
                None
            }
        }
    }

    /// The entries of an object whose keys are all among `known`.
    pub(crate) fn object(
        &self,
        what: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<&Node> {
        let Value::Object(entries) = &self.value else {
            self.mistyped(what, "an object", problems);
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                let nearest = did_you_mean(&key.name, known.iter().copied());
                let help = format!("the fields are {}", list(known));
                problems.add(
                    Diagnostic::error(
                        Code::UnknownField,
                        format!("{what} has no field `{}`", key.name),
                    )
                    .at(self.source.place(key.offset))
                    .help(nearest.map_or(help.clone(), |nearest| format!("{nearest} {help}"))),
                );
            }
        }
        Some(self)
    }
}

/// Parses JSON, strictly: no comments, no trailing commas, no key twice.
pub(crate) fn json(source: &Rc<Text>, problems: &mut Problems) -> Option<Node> {
    match serde_json::from_str::<&RawValue>(&source.text) {
        Ok(raw) => JsonReader { source, problems }.node(raw, 0),
        Err(error) => {
            let offset = offset_of(&source.text, &error);
            let message = format!("`{}` is not JSON: {}", source.shown(), what(&error));
            let mut diagnostic = Diagnostic::error(Code::MalformedJson, message);
            diagnostic.help = common_mistake(source, offset);
            problems.add(diagnostic.at(source.place(offset)));
            None
        }
    }
}

/// The error without its place, which is told apart.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Where an error is: serde_json counts lines from 1, and columns in bytes,
/// from 1.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// What people mean who write what other languages allow.
fn common_mistake(source: &Text, offset: usize) -> Option<String> {
    let text = &source.text;
    if text.trim().is_empty() {
        return Some("the file is empty; an empty selection is `{ \"plugins\": [] }`".to_owned());
    }
    let (before, rest) = text.split_at_checked(offset)?;
    if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') {
        return Some("JSON has no comments".to_owned());
    }
    let before = before.trim_end();
    if rest.starts_with([']', '}']) && before.ends_with(',') {
        let comma = source.place(before.len() - 1);
        return Some(format!("JSON has no comma behind the last entry: remove the one at {comma}"));
    }
    None
}

struct JsonReader<'r> {
    source: &'r Rc<Text>,
    problems: &'r mut Problems,
}

impl JsonReader<'_> {
    /// Where a slice of the text starts in it. serde_json borrows raw values
    /// and plain strings from its input, which is how their place is known.
    fn offset(&self, slice: &str) -> usize {
        (slice.as_ptr() as usize).saturating_sub(self.source.text.as_ptr() as usize)
    }

    fn node(&mut self, raw: &RawValue, depth: usize) -> Option<Node> {
        let text = raw.get();
        let offset = self.offset(text);
        let value = self.value(text, offset, depth)?;
        Some(Node { source: self.source.clone(), offset, value })
    }

    fn value(&mut self, text: &str, offset: usize, depth: usize) -> Option<Value> {
        let result = match text.as_bytes().first() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                let message =
                    format!("`{}` is nested more than {MAX_DEPTH} deep", self.source.shown());
                self.malformed(message, offset);
                return None;
            }
            Some(b'{') => {
                return match serde_json::from_str::<RawObject<'_>>(text) {
                    Ok(object) => Some(Value::Object(self.entries(&object, depth))),
                    Err(error) => {
                        self.malformed(what(&error), offset);
                        None
                    }
                };
            }
            Some(b'[') => {
                return match serde_json::from_str::<Vec<&RawValue>>(text) {
                    Ok(items) => Some(Value::Array(
                        items.iter().filter_map(|item| self.node(item, depth + 1)).collect(),
                    )),
                    Err(error) => {
                        self.malformed(what(&error), offset);
                        None
                    }
                };
            }
            // Without an escape, it is what stands between the quotes: that was looked at.
            Some(b'"') if !text.contains('\\') => {
                Ok(Value::String(text[1..text.len() - 1].to_owned()))
            }
            Some(b'"') => serde_json::from_str(text).map(Value::String),
            Some(b't' | b'f') => serde_json::from_str(text).map(Value::Bool),
            Some(b'n') => Ok(Value::Null),
            _ => Ok(Value::Number(text.to_owned())),
        };
        result.map_err(|error| self.malformed(what(&error), offset)).ok()
    }

    fn entries(&mut self, object: &RawObject<'_>, depth: usize) -> Vec<(Key, Node)> {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(object.0.len());
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (key, raw) in &object.0 {
            let offset = match key {
                // Before the borrowed text stands its quote.
                Cow::Borrowed(text) => self.offset(text).saturating_sub(1),
                Cow::Owned(_) => self.offset(raw.get()),
            };
            if !seen.insert(key) {
                let message = format!("the key `{key}` stands here for the second time");
                let place = self.source.place(offset);
                self.problems.add(Diagnostic::error(Code::DuplicateKey, message).at(place));
            } else if let Some(node) = self.node(raw, depth + 1) {
                entries.push((Key { name: key.clone().into_owned(), offset }, node));
            }
        }
        entries
    }

    fn malformed(&mut self, message: String, offset: usize) {
        let diagnostic = Diagnostic::error(Code::MalformedJson, message);
        self.problems.add(diagnostic.at(self.source.place(offset)));
    }
}

/// An object as it stands in the file: keys in order, repeated ones and all.
struct RawObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<BorrowedKey<'de>, _>()? {
                    entries.push((key.0, value));
                }
                Ok(RawObject(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A key, borrowed where it has no escapes. (`Cow` itself is always owned
/// when serde reads it.)
struct BorrowedKey<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for BorrowedKey<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = BorrowedKey<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(BorrowedKey(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BorrowedKey(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Parses TOML.
pub(crate) fn toml(source: &Rc<Text>, problems: &mut Problems) -> Option<Node> {
    match DeTable::parse(&source.text) {
        Ok(table) => {
            let span = table.span();
            Some(from_table(source, span, table.get_ref()))
        }
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let message = format!("`{}` is not TOML: {}", source.shown(), error.message());
            problems.add(Diagnostic::error(Code::MalformedToml, message).at(source.place(offset)));
            None
        }
    }
}

fn from_table(source: &Rc<Text>, span: Range<usize>, table: &DeTable<'_>) -> Node {
    let mut entries: Vec<(Key, Node)> = table
        .iter()
        .map(|(key, value)| {
            let name = key.get_ref().to_string();
            (
                Key { name, offset: key.span().start },
                from_value(source, value.span(), value.get_ref()),
            )
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.offset);
    Node { source: source.clone(), offset: span.start, value: Value::Object(entries) }
}

fn from_value(source: &Rc<Text>, span: Range<usize>, value: &DeValue<'_>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let decimal = i64::from_str_radix(number.as_str(), number.radix());
            Value::Number(decimal.map_or_else(|_| number.as_str().to_owned(), |n| n.to_string()))
        }
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
        DeValue::Array(items) => Value::Array(
            items.iter().map(|item| from_value(source, item.span(), item.get_ref())).collect(),
        ),
        DeValue::Table(table) => return from_table(source, span, table),
    };
    Node { source: source.clone(), offset: span.start, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Option<Node>, Vec<String>) {
        let mut problems = Problems::default();
        let node = json(&Text::new("x.json", text.to_owned()), &mut problems);
        (node, problems.into_warnings().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_and_keys_know_their_line_and_column() {
        let (node, problems) = parse("{\n  \"ä\": 1,\n  \"b\": [true, {\"c\": null}]\n}");
        assert!(problems.is_empty(), "{problems:?}");
        let node = node.unwrap();
        let position = |node: &Node| node.place().position.unwrap();
        let b = node.get("b").unwrap();
        assert_eq!(position(node.get("ä").unwrap()), (2, 8));
        assert_eq!(position(b), (3, 8));
        let items = b.array("b", "anything", &mut Problems::default()).unwrap();
        assert_eq!(position(items[1].get("c").unwrap()), (3, 21));
        let (key, _) = &node.entries()[1];
        assert_eq!(node.source.place(key.offset).position, Some((3, 3)));
    }

    #[test]
    fn what_is_not_json_is_refused_at_its_place() {
        for (text, place) in [
            ("", "x.json:1:1"),
            ("{\"a\": 1,}", "x.json:1:9"),
            ("{\n// why\n}", "x.json:2:1"),
            ("[1] [2]", "x.json:1:5"),
            ("{\"a\": \"\\ud800\"}", "x.json:1:7"),
            ("{\"a\": 1, \"a\": 2}", "x.json:1:10"),
            (&"[".repeat(5000), "x.json:1:5000"),
            (&format!("{}{}", "[".repeat(5000), "]".repeat(5000)), "x.json:1:33"),
        ] {
            let (_, problems) = parse(text);
            assert_eq!(problems.len(), 1, "{text:.40}: {problems:?}");
            assert!(problems[0].contains(&format!("--> {place}")), "{text:.40}: {}", problems[0]);
        }
    }
}
