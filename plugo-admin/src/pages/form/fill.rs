use plugo_settings::Problem;
use serde_json::{Map, Value};

use super::shape::{self, Shape, may_hold_secret, shape};
use super::{Field, Kind, LONGEST, join, name};
use crate::pages::fields::Fields;

/// What a form is filled with.
pub(in crate::pages) struct Filled<'f> {
    /// The values, with an empty text in the place of each secret.
    pub(in crate::pages) value: &'f Value,
    /// Where there is a secret.
    pub(in crate::pages) secrets: &'f [String],
    /// What is wrong, and where.
    pub(in crate::pages) problems: &'f [Problem],
    /// What was typed, which stands as it was typed where it could not be read.
    pub(in crate::pages) typed: Option<&'f Fields>,
    /// Whether whoever sees it may save it.
    pub(in crate::pages) may_edit: bool,
}

/// The fields of settings.
pub(in crate::pages) fn fields(schema: &Value, filled: &Filled<'_>) -> Vec<Field> {
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
                may_edit: self.filled.may_edit,
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
        let may_edit = self.filled.may_edit;
        let Some(typed) = self.typed(pointer) else {
            return Kind::Json { text, is_held_back: false, may_edit };
        };
        if !may_hold_secret(self.root, schema) {
            return Kind::Json { text: typed.to_owned(), is_held_back: false, may_edit };
        }
        match serde_json::from_str::<Value>(typed) {
            Ok(_) => Kind::Json { text, is_held_back: false, may_edit },
            Err(_) => {
                Kind::Json { text: String::new(), is_held_back: !typed.trim().is_empty(), may_edit }
            }
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
