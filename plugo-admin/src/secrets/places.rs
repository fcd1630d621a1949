use serde_json::{Map, Value};

/// No schema of settings is nested deeper; one that refers to itself ends here.
const DEPTH: usize = 32;

/// Where a value has what its schema calls secret (`writeOnly`), as JSON
/// pointers.
///
/// It follows `$ref` into the schema's definitions, properties, items and
/// alternatives; of alternatives with a constant property, those that the value
/// is not are left out.
///
/// ```
/// use serde_json::json;
/// let schema = json!({ "properties": { "key": { "type": "string", "writeOnly": true } } });
/// assert_eq!(plugo_admin::secret_pointers(&schema, &json!({ "key": "x", "id": 1 })), ["/key"]);
/// ```
pub fn secret_pointers(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    search(schema, schema, value, &mut String::new(), &mut found, DEPTH);
    found.sort();
    found.dedup();
    found
}

fn search(
    root: &Value,
    schema: &Value,
    value: &Value,
    at: &mut String,
    found: &mut Vec<String>,
    depth: usize,
) {
    let (Some(depth), Some(schema)) = (depth.checked_sub(1), schema.as_object()) else { return };
    if schema.get("writeOnly") == Some(&Value::Bool(true)) {
        found.push(at.clone());
        return;
    }
    if let Some(Value::String(reference)) = schema.get("$ref")
        && let Some(meant) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer))
    {
        search(root, meant, value, at, found, depth);
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        let alternatives = schema.get(alternatives).and_then(Value::as_array);
        for alternative in alternatives.into_iter().flatten() {
            if may_be(alternative, value) {
                search(root, alternative, value, at, found, depth);
            }
        }
    }
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, value) in fields {
                let known = properties.and_then(|properties| properties.get(name));
                if let Some(schema) = known.or_else(|| schema.get("additionalProperties")) {
                    let end = push(at, name);
                    search(root, schema, value, at, found, depth);
                    at.truncate(end);
                }
            }
        }
        Value::Array(values) => {
            let first = schema.get("prefixItems").and_then(Value::as_array);
            for (index, value) in values.iter().enumerate() {
                let known = first.and_then(|first| first.get(index));
                if let Some(schema) = known.or_else(|| schema.get("items")) {
                    let end = push(at, &index.to_string());
                    search(root, schema, value, at, found, depth);
                    at.truncate(end);
                }
            }
        }
        _ => {}
    }
}

/// Whether no constant property of a schema says that the value is another
/// variant.
fn may_be(schema: &Value, value: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().all(|(name, schema)| {
        let (constant, value) = (schema.get("const"), value.get(name));
        constant.is_none() || value.is_none() || constant == value
    })
}

fn push(at: &mut String, name: &str) -> usize {
    let end = at.len();
    at.push('/');
    at.push_str(&name.replace('~', "~0").replace('/', "~1"));
    end
}

/// Visits every value within a value, unless the visitor says that it is done
/// with one.
pub(super) fn walk(value: &Value, at: &mut String, visit: &mut dyn FnMut(&str, &Value) -> bool) {
    if visit(at, value) {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let end = push(at, name);
                walk(value, at, visit);
                at.truncate(end);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let end = push(at, &index.to_string());
                walk(value, at, visit);
                at.truncate(end);
            }
        }
        _ => {}
    }
}

fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    Some((parent, name.replace("~1", "/").replace("~0", "~")))
}

/// Puts a value where a pointer leads, if its parent is there.
pub(super) fn set(within: &mut Value, pointer: &str, new: Value) {
    if let Some(place) = within.pointer_mut(pointer) {
        *place = new;
    } else if let Some((parent, name)) = split(pointer)
        && let Some(Value::Object(fields)) = within.pointer_mut(parent)
    {
        fields.insert(name, new);
    }
}

/// Takes away what a pointer leads to; an element of a list becomes `null`, so
/// that the others stay where they are.
pub(super) fn remove(within: &mut Value, pointer: &str) {
    let Some((parent, name)) = split(pointer) else {
        *within = Value::Object(Map::new());
        return;
    };
    match within.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&name)),
        Some(list @ Value::Array(_)) => {
            if let Some(element) = list.pointer_mut(&format!("/{name}")) {
                *element = Value::Null;
            }
        }
        _ => {}
    }
}
