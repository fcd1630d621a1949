use plugo_settings::resolve;
use serde_json::{Map, Value};

/// So deep forms go; a type that refers to itself would have no end.
const DEEPEST: usize = 5;

/// What a form shows at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Secret,
    Text {
        input: &'static str,
        is_long: bool,
    },
    Number,
    Bool,
    /// What it is called, and the value.
    Choice(Vec<(String, Value)>),
    Group(Vec<Member>),
    List(Box<Part>),
    Json,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) is_required: bool,
    pub(super) part: Part,
}

/// A schema without references at its top, and whether `null` does too.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) schema: Value,
    pub(super) is_nullable: bool,
}

impl Part {
    pub(super) fn whole(schema: &Value) -> Self {
        Part { schema: schema.clone(), is_nullable: false }
    }

    /// What references and `anyOf` with `null` lead to, with what stands beside them.
    fn of(root: &Value, schema: &Value) -> Self {
        let mut part = Part::whole(schema);
        for _ in 0..8 {
            let Some(object) = part.schema.as_object() else { break };
            if let Some(found) = object.get("$ref").and_then(|to| resolve(root, to.as_str()?)) {
                part.schema = beside(object, found, "$ref");
                continue;
            }
            let all = object.get("allOf").and_then(Value::as_array);
            if let Some([only]) = all.map(Vec::as_slice) {
                part.schema = beside(object, only, "allOf");
                continue;
            }
            let either = ["anyOf", "oneOf"].into_iter().find_map(|key| {
                let both = object.get(key)?.as_array()?;
                let is_null = |of: &&Value| of.get("type").and_then(Value::as_str) == Some("null");
                let mut others = both.iter().filter(|of| !is_null(of));
                let (only, more) = (others.next()?, others.next());
                (both.len() == 2 && more.is_none()).then_some((key, only))
            });
            if let Some((key, only)) = either {
                part.is_nullable = true;
                part.schema = beside(object, only, key);
                continue;
            }
            if let Some(types) = object.get("type").and_then(Value::as_array) {
                let rest: Vec<&Value> = types.iter().filter(|of| **of != "null").collect();
                if let ([only], true) = (rest.as_slice(), rest.len() < types.len()) {
                    let only = (*only).clone();
                    part.is_nullable = true;
                    let mut object = object.clone();
                    object.insert("type".to_owned(), only);
                    if let Some(values) = object.get_mut("enum").and_then(Value::as_array_mut) {
                        values.retain(|value| !value.is_null());
                    }
                    part.schema = Value::Object(object);
                    continue;
                }
            }
            break;
        }
        part
    }
}

/// A schema with what stands beside the reference to it, which comes first.
fn beside(object: &Map<String, Value>, found: &Value, key: &str) -> Value {
    let Some(found) = found.as_object() else { return found.clone() };
    let mut merged = found.clone();
    for (name, value) in object.iter().filter(|(name, _)| *name != key) {
        merged.insert(name.clone(), value.clone());
    }
    Value::Object(merged)
}

pub(super) fn shape(root: &Value, schema: &Value, depth: usize) -> Shape {
    let part = Part::of(root, schema);
    let Some(object) = part.schema.as_object() else { return Shape::Json };
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    if is_secret(object) {
        return if text("type") == Some("string") { Shape::Secret } else { Shape::Json };
    }
    if ["allOf", "anyOf", "$ref", "if", "not"].iter().any(|key| object.contains_key(*key)) {
        return Shape::Json;
    }
    if let Some(choice) = choice(object) {
        return Shape::Choice(choice);
    }
    if object.contains_key("oneOf") {
        return Shape::Json;
    }
    match text("type") {
        Some("string") => Shape::Text {
            input: match text("format") {
                Some("email") => "email",
                Some("uri" | "url") => "url",
                _ => "text",
            },
            is_long: text("contentMediaType").is_some(),
        },
        Some("integer" | "number") => Shape::Number,
        Some("boolean") => Shape::Bool,
        Some("object") if depth < DEEPEST => members(root, object).unwrap_or(Shape::Json),
        Some("array") if depth < DEEPEST && !object.contains_key("prefixItems") => {
            match object.get("items") {
                Some(items) if items.is_object() => {
                    let element = Part::of(root, items);
                    match shape(root, &element.schema, depth + 1) {
                        Shape::Json => Shape::Json,
                        _ if element.is_nullable => Shape::Json,
                        _ => Shape::List(Box::new(element)),
                    }
                }
                _ => Shape::Json,
            }
        }
        _ => Shape::Json,
    }
}

/// One of several values, each with its name.
fn choice(object: &Map<String, Value>) -> Option<Vec<(String, Value)>> {
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let named = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some(only) = object.get("const").filter(|value| is_scalar(value)) {
        return Some(vec![(named(only), only.clone())]);
    }
    if let Some(values) = object.get("enum").and_then(Value::as_array) {
        let all = values.iter().all(is_scalar);
        return all.then(|| values.iter().map(|value| (named(value), value.clone())).collect());
    }
    let branches = object.get("oneOf")?.as_array()?;
    let mut found = Vec::new();
    for branch in branches {
        if let Some(value) = branch.get("const").filter(|value| is_scalar(value)) {
            let title = branch.get("title").and_then(Value::as_str);
            let name = title.map_or_else(|| named(value), str::to_owned);
            let name = match branch.get("description").and_then(Value::as_str) {
                Some(description) => format!("{name}: {description}"),
                None => name,
            };
            found.push((name, value.clone()));
        } else {
            let values = branch.get("enum")?.as_array()?;
            if !values.iter().all(is_scalar) {
                return None;
            }
            found.extend(values.iter().map(|value| (named(value), value.clone())));
        }
    }
    Some(found)
}

fn members(root: &Value, object: &Map<String, Value>) -> Option<Shape> {
    let is_open = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|key| object.get(*key).is_some_and(|value| *value != Value::Bool(false)));
    if is_open || object.contains_key("patternProperties") {
        return None;
    }
    let Some(properties) = object.get("properties") else { return Some(Shape::Group(Vec::new())) };
    let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let member = |(name, schema): (&String, &Value)| Member {
        name: name.clone(),
        is_required: required.contains(&name.as_str()),
        part: Part::of(root, schema),
    };
    Some(Shape::Group(properties.as_object()?.iter().map(member).collect()))
}

/// Whether a secret may be within what a schema describes. Where a reference leads
/// nowhere, one may.
pub(super) fn may_hold_secret(root: &Value, schema: &Value) -> bool {
    fn walk<'s>(root: &'s Value, schema: &'s Value, seen: &mut Vec<&'s str>) -> bool {
        match schema {
            Value::Array(parts) => parts.iter().any(|part| walk(root, part, seen)),
            Value::Object(object) => {
                if is_secret(object) {
                    return true;
                }
                if let Some(to) = object.get("$ref").and_then(Value::as_str)
                    && !seen.contains(&to)
                {
                    seen.push(to);
                    if resolve(root, to).is_none_or(|found| walk(root, found, seen)) {
                        return true;
                    }
                }
                object.values().any(|part| walk(root, part, seen))
            }
            _ => false,
        }
    }
    walk(root, schema, &mut Vec::new())
}

fn is_secret(object: &Map<String, Value>) -> bool {
    object.get("writeOnly") == Some(&Value::Bool(true))
        || object.get("format").and_then(Value::as_str) == Some("password")
}
