use serde_json::Value;

use super::text;
use crate::model::InstanceRow;

/// What an editor, who was not the first, would put in the place of what holds now: of
/// status, priority and name.
pub(super) fn said(
    row: &InstanceRow,
    status: Option<&str>,
    priority: Option<&str>,
    name: Option<&str>,
) -> Vec<String> {
    let word = |text: &str| match text {
        "" => "as the code says".to_owned(),
        text => text.to_owned(),
    };
    let now_status = row.status.map(|status| status.to_string()).unwrap_or_default();
    let now_priority = row.priority.map(|priority| priority.to_string()).unwrap_or_default();
    let fields = [
        ("status", now_status, status),
        ("priority", now_priority, priority),
        ("name", row.name.clone(), name),
    ];
    let mut lost = Vec::new();
    for (field, now, typed) in fields {
        if let Some(typed) = typed.filter(|typed| *typed != now) {
            lost.push(format!("{field}: {} becomes {}", word(&now), word(typed)));
        }
    }
    lost
}

/// The same of settings, without secrets, field by field. What stands in the form as the
/// editor saw it becomes what holds now.
pub(super) fn settings(was: Option<&Value>, typed: &mut Value, now: &Value) -> Vec<String> {
    let (Value::Object(typed), Value::Object(now)) = (typed, now) else { return Vec::new() };
    let was = was.and_then(Value::as_object);
    let mut names: Vec<String> = typed.keys().chain(now.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let mut lost = Vec::new();
    for name in names {
        let is_as_seen = was.is_some_and(|was| is_same(was.get(&name), typed.get(&name)));
        if is_as_seen {
            match now.get(&name) {
                Some(value) => drop(typed.insert(name, value.clone())),
                None => drop(typed.remove(&name)),
            }
        } else if !is_same(now.get(&name), typed.get(&name)) {
            let word = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), |v| text::short(&v.to_string(), 100))
            };
            let (now, typed) = (word(now.get(&name)), word(typed.get(&name)));
            lost.push(format!("settings.{name}: {now} becomes {typed}"));
        }
    }
    lost
}

/// A form sends an empty value for what is not there.
fn is_same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let is_nothing = |value: Option<&Value>| match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(values)) => values.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Number(_) | Value::Bool(true)) => false,
    };
    a == b || (is_nothing(a) && is_nothing(b))
}
