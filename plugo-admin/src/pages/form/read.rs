use std::collections::HashMap;

use plugo_settings::Problem;
use serde_json::{Map, Value};

use super::shape::{self, Shape, shape};
use super::{LONGEST, join};
use crate::pages::fields::Fields;

/// What a form posted, as settings; what cannot be read is a problem, and stands
/// there as it was typed where it can.
pub(in crate::pages) fn read(schema: &Value, posted: &Fields) -> (Value, Vec<Problem>) {
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
pub(super) fn number(text: &str) -> Value {
    let value = text.parse::<i64>().map(Value::from);
    let value = value.or_else(|_| text.parse::<u64>().map(Value::from));
    let value = value.ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        serde_json::Number::from_f64(number).map(Value::Number)
    });
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}
