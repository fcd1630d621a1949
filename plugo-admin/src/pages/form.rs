//! A form for settings, from their JSON schema. What a schema describes beyond
//! texts, numbers, choices, objects and lists of those gets a field for JSON.

use std::collections::HashMap;

use askama::Template;
use plugo_settings::Problem;
use serde_json::{Map, Value};

use super::fields::Fields;

/// What stands at a place, as far as a form can show it.
mod shape;

use self::shape::{Shape, may_hold_secret, shape};

/// The longest list that has a field for each element; a longer one has one for JSON.
const LONGEST: usize = 200;

/// One field, with those in it.
#[derive(Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    pointer: String,
    label: String,
    help: String,
    error: Option<String>,
    is_required: bool,
    kind: Kind,
}

enum Kind {
    Text {
        value: String,
        input: &'static str,
        hint: String,
        is_long: bool,
    },
    Secret {
        is_set: bool,
        may_be_taken: bool,
    },
    Check {
        is_on: bool,
    },
    Choice {
        options: Vec<(String, String, bool)>,
    },
    Group {
        fields: Vec<Field>,
    },
    /// A group that may be absent.
    Optional {
        is_on: bool,
        fields: Vec<Field>,
    },
    List {
        elements: Vec<Field>,
        is_full: bool,
    },
    Json {
        text: String,
        /// Whether what was typed is not shown, as there may be a secret in it.
        is_held_back: bool,
    },
}

/// What a form is filled with.
pub(super) struct Filled<'f> {
    /// The values, with an empty text in the place of each secret.
    pub(super) value: &'f Value,
    /// Where there is a secret.
    pub(super) secrets: &'f [String],
    /// What is wrong, and where.
    pub(super) problems: &'f [Problem],
    /// What was typed, which stands as it was typed where it could not be read.
    pub(super) typed: Option<&'f Fields>,
}

/// The fields of settings.
pub(super) fn fields(schema: &Value, filled: &Filled<'_>) -> Vec<Field> {
    match shape(schema, schema, 0) {
        Shape::Group(members) => Builder { root: schema, filled }.group("", filled.value, &members),
        _ => {
            let builder = Builder { root: schema, filled };
            let part = shape::Part::whole(schema);
            vec![builder.field("", "Settings", Some(filled.value), &part, true, 0)]
        }
    }
}

struct Builder<'f> {
    root: &'f Value,
    filled: &'f Filled<'f>,
}

impl Builder<'_> {
    fn group(&self, pointer: &str, value: &Value, members: &[shape::Member]) -> Vec<Field> {
        let depth = pointer.matches('/').count() + 1;
        let field = |member: &shape::Member| {
            let place = join(pointer, &member.name);
            let value = value.get(&member.name);
            self.field(&place, &label(member), value, &member.part, member.is_required, depth)
        };
        members.iter().map(field).collect()
    }

    fn field(
        &self,
        pointer: &str,
        label: &str,
        value: Option<&Value>,
        part: &shape::Part,
        is_required: bool,
        depth: usize,
    ) -> Field {
        let default = part.schema.get("default");
        let is_set = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        let shown = || value.or(default).filter(|value| !value.is_null());
        let kind = match shape(self.root, &part.schema, depth) {
            Shape::Secret => Kind::Secret {
                is_set: self.filled.secrets.iter().any(|secret| secret == pointer),
                may_be_taken: !is_required || part.is_nullable,
            },
            Shape::Text { input, is_long } => Kind::Text {
                value: value.map(plain).unwrap_or_default(),
                input,
                hint: default.map(plain).unwrap_or_default(),
                is_long,
            },
            Shape::Number => Kind::Text {
                value: value.map(plain).unwrap_or_default(),
                input: "text",
                hint: default.map(plain).unwrap_or_default(),
                is_long: false,
            },
            Shape::Bool if part.is_nullable => {
                let options = [("Yes", Value::Bool(true)), ("No", Value::Bool(false))];
                choose(&options.map(|(text, value)| (text.to_owned(), value)), value, true)
            }
            Shape::Bool => Kind::Check { is_on: shown() == Some(&Value::Bool(true)) },
            Shape::Choice(known) => {
                let is_open = !is_required || part.is_nullable || value.is_none();
                choose(&known, value, is_open)
            }
            Shape::Group(members) => {
                let inner = value.filter(|value| value.is_object());
                let empty = Value::Object(Map::new());
                let fields = self.group(pointer, inner.unwrap_or(&empty), &members);
                if part.is_nullable || !is_required {
                    Kind::Optional { is_on: is_set(value), fields }
                } else {
                    Kind::Group { fields }
                }
            }
            Shape::List(_) if self.is_beyond_list(pointer, shown()) => {
                self.json(pointer, shown(), &part.schema)
            }
            Shape::List(element) => {
                let none = Vec::new();
                let values = shown().and_then(Value::as_array).unwrap_or(&none);
                let element = |(i, value): (usize, &Value)| {
                    let (place, label) = (join(pointer, &i.to_string()), format!("{}", i + 1));
                    self.field(&place, &label, Some(value), &element, true, depth + 1)
                };
                let elements = values.iter().enumerate().map(element).collect();
                Kind::List { elements, is_full: values.len() >= LONGEST }
            }
            Shape::Json => self.json(pointer, shown(), &part.schema),
        };
        let problem = self.filled.problems.iter().find(|problem| {
            // What is within a field for JSON is told there.
            let inner = problem.pointer().strip_prefix(pointer);
            problem.pointer() == pointer
                || (matches!(kind, Kind::Json { .. }) && inner.is_some_and(|i| i.starts_with('/')))
        });
        let error = problem.map(|problem| match problem.pointer() == pointer {
            true if matches!(kind, Kind::Json { is_held_back: true, .. }) => format!(
                "This {}. There may be secrets in it, so it is not shown again: type it anew.",
                problem.message()
            ),
            true => format!("This {}.", problem.message()),
            false => format!("{problem}."),
        });
        let help = part.schema.get("description").and_then(Value::as_str).unwrap_or("").to_owned();
        let (pointer, label) = (pointer.to_owned(), label.to_owned());
        Field { pointer, label, help, error, is_required, kind }
    }
}

impl Builder<'_> {
    fn typed(&self, pointer: &str) -> Option<&str> {
        self.filled.typed.and_then(|typed| typed.find(&name(pointer)))
    }

    /// Whether a form would cut the list, or it is none and would be lost unseen.
    fn is_beyond_list(&self, pointer: &str, value: Option<&Value>) -> bool {
        let is_beyond =
            |value: &Value| value.as_array().is_none_or(|values| values.len() > LONGEST);
        value.is_some_and(is_beyond) || self.typed(pointer).is_some()
    }

    /// A field for JSON. What was typed stands there as it was, unless there may be a
    /// secret in it: then it is what could be read of it, without the secrets.
    fn json(&self, pointer: &str, value: Option<&Value>, schema: &Value) -> Kind {
        let text = value.map_or_else(String::new, |value| format!("{value:#}"));
        let Some(typed) = self.typed(pointer) else {
            return Kind::Json { text, is_held_back: false };
        };
        if !may_hold_secret(self.root, schema) {
            return Kind::Json { text: typed.to_owned(), is_held_back: false };
        }
        match serde_json::from_str::<Value>(typed) {
            Ok(_) => Kind::Json { text, is_held_back: false },
            Err(_) => Kind::Json { text: String::new(), is_held_back: !typed.trim().is_empty() },
        }
    }
}

fn choose(known: &[(String, Value)], value: Option<&Value>, is_open: bool) -> Kind {
    let value = value.filter(|value| !value.is_null());
    let mut options = Vec::new();
    if is_open {
        options.push((String::new(), "Not set".to_owned(), value.is_none()));
    }
    for (text, known) in known {
        options.push((known.to_string(), text.clone(), value == Some(known)));
    }
    // What is stored and not known any more is shown, so that it is not lost unseen.
    if let Some(value) = value.filter(|value| !known.iter().any(|(_, known)| known == *value)) {
        options.push((value.to_string(), format!("{} (unknown)", plain(value)), true));
    }
    Kind::Choice { options }
}

impl Field {
    fn name(&self) -> String {
        name(&self.pointer)
    }

    /// The id in the page, which no other field has.
    fn id(&self) -> String {
        let mut id = String::from("s");
        for c in self.pointer.chars() {
            match c {
                c if c.is_ascii_alphanumeric() => id.push(c),
                '/' => id.push('-'),
                c => id.push_str(&format!("_{:x}", u32::from(c))),
            }
        }
        id
    }

    fn described(&self) -> String {
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.id()));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.id()));
        }
        ids.join(" ")
    }

    /// The field as HTML, for the one around it.
    pub(super) fn html(&self) -> String {
        self.render().unwrap_or_default()
    }
}

/// The name of a field in the form.
fn name(pointer: &str) -> String {
    format!("s:{pointer}")
}

fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

fn label(member: &shape::Member) -> String {
    let title = member.part.schema.get("title").and_then(Value::as_str);
    let text = title.map_or_else(|| member.name.replace(['_', '-'], " "), str::to_owned);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text,
    }
}

/// A value as it stands in a field.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a form posted, as settings; what cannot be read is a problem, and stands
/// there as it was typed where it can.
pub(super) fn read(schema: &Value, posted: &Fields) -> (Value, Vec<Problem>) {
    // A field is looked up for each place, of which a form has many.
    let fields =
        posted.names().filter(|name| name.contains(':')).map(|name| (name, posted.get(name)));
    let mut reader = Reader { root: schema, fields: fields.collect(), problems: Vec::new() };
    let value = match shape(schema, schema, 0) {
        Shape::Group(members) => reader.group("", &members),
        _ => reader.json("").unwrap_or_default(),
    };
    (value, reader.problems)
}

struct Reader<'f> {
    root: &'f Value,
    fields: HashMap<&'f str, &'f str>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn field(&self, prefix: &str, pointer: &str) -> Option<&str> {
        self.fields.get(format!("{prefix}:{pointer}").as_str()).copied()
    }

    fn group(&mut self, pointer: &str, members: &[shape::Member]) -> Value {
        let mut object = Map::new();
        for member in members {
            let place = join(pointer, &member.name);
            let depth = place.matches('/').count();
            if let Some(value) = self.value(&place, &member.part, member.is_required, depth, false)
            {
                object.insert(member.name.clone(), value);
            }
        }
        Value::Object(object)
    }

    /// `None` is a field that is not there.
    fn value(
        &mut self,
        pointer: &str,
        part: &shape::Part,
        is_required: bool,
        depth: usize,
        is_element: bool,
    ) -> Option<Value> {
        let absent = || (part.is_nullable && is_required).then_some(Value::Null);
        match shape(self.root, &part.schema, depth) {
            Shape::Secret => {
                let text = self.field("s", pointer).unwrap_or("");
                match (text, self.field("clear", pointer)) {
                    ("", Some(_)) => Some(Value::Null),
                    ("", None) if is_element => Some(Value::String(String::new())),
                    ("", None) => None,
                    (text, _) => Some(Value::String(text.to_owned())),
                }
            }
            Shape::Text { .. } => {
                let text = self.field("s", pointer)?;
                if text.is_empty() && !is_element && (!is_required || part.is_nullable) {
                    return absent();
                }
                // Browsers end each line with two characters.
                Some(Value::String(text.replace("\r\n", "\n")))
            }
            Shape::Number => match self.field("s", pointer)?.trim() {
                "" if !is_element && (!is_required || part.is_nullable) => absent(),
                text => Some(number(text)),
            },
            Shape::Bool if part.is_nullable => self.chosen(pointer).or_else(absent),
            Shape::Bool => {
                self.field("b", pointer)?;
                Some(Value::Bool(self.field("s", pointer).is_some()))
            }
            Shape::Choice(_) => self.chosen(pointer).or_else(absent),
            Shape::Group(members) => {
                let is_optional = part.is_nullable || !is_required;
                if is_optional && self.field("on", pointer).is_none() {
                    return absent();
                }
                Some(self.group(pointer, &members))
            }
            Shape::List(element) => self.list(pointer, &element, depth),
            Shape::Json => self.json(pointer).or_else(absent),
        }
    }

    fn list(&mut self, pointer: &str, element: &shape::Part, depth: usize) -> Option<Value> {
        let Some(count) = self.field("n", pointer) else { return self.json(pointer) };
        let count: usize = count.parse().ok()?;
        let mut values = Vec::new();
        for i in 0..count.min(LONGEST) {
            let place = join(pointer, &i.to_string());
            if self.field("remove", &place).is_some() {
                continue;
            }
            let value = self.value(&place, element, true, depth + 1, true);
            values.push(value.unwrap_or_default());
        }
        if self.fields.get("add:") == Some(&pointer) && values.len() < LONGEST {
            values.push(self.fresh(element, depth + 1));
        }
        Some(Value::Array(values))
    }

    /// A new element of a list.
    fn fresh(&self, element: &shape::Part, depth: usize) -> Value {
        match shape(self.root, &element.schema, depth) {
            Shape::Group(_) => Value::Object(Map::new()),
            Shape::List(_) => Value::Array(Vec::new()),
            Shape::Bool => Value::Bool(false),
            Shape::Text { .. } | Shape::Secret => Value::String(String::new()),
            _ => Value::Null,
        }
    }

    fn chosen(&mut self, pointer: &str) -> Option<Value> {
        let text = self.field("s", pointer).filter(|text| !text.is_empty())?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
    }

    fn json(&mut self, pointer: &str) -> Option<Value> {
        let text = self.field("s", pointer)?.trim();
        if text.is_empty() {
            return None;
        }
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("is no JSON: {error}");
                self.problems.push(Problem::new(pointer, message));
                None
            }
        }
    }
}

/// A number as it was typed; anything else stays a text, of which the check says
/// that a number is wanted.
fn number(text: &str) -> Value {
    let value = text.parse::<i64>().map(Value::from);
    let value = value.or_else(|_| text.parse::<u64>().map(Value::from));
    let value = value.ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        serde_json::Number::from_f64(number).map(Value::Number)
    });
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Whether a button only asks for another form, and nothing is to be saved.
pub(super) fn is_only_another_form(posted: &Fields) -> bool {
    posted.names().any(|name| name == "add:" || name.starts_with("remove:"))
}

#[cfg(test)]
mod tests;
