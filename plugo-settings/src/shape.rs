#[cfg(feature = "check")]
use std::collections::HashSet;

use serde_json::{Map, Value};

/// What a schema says of one place of a value: each part of it that may speak of
/// that place. Which branch of an `anyOf` holds is not asked, so what any of them
/// calls a secret is one.
#[derive(Clone)]
pub(crate) struct Shape<'s> {
    root: &'s Value,
    parts: Vec<&'s Value>,
    /// Those of them that hold in every case.
    certain: Vec<&'s Value>,
    /// Whether a reference leads out of the schema, so that there may be anything.
    is_unknown: bool,
}

impl<'s> Shape<'s> {
    /// Of the whole value.
    pub(crate) fn of(schema: &'s Value) -> Self {
        Shape::at(schema, vec![schema])
    }

    fn at(root: &'s Value, found: Vec<&'s Value>) -> Self {
        let (parts, certain) = (Vec::new(), Vec::new());
        let mut shape = Shape { root, parts, certain, is_unknown: false };
        let mut open: Vec<(&Value, bool)> = found.into_iter().map(|part| (part, true)).collect();
        while let Some((part, is_certain)) = open.pop() {
            // A reference may lead back to where it stands.
            if shape.parts.iter().any(|known| std::ptr::eq(*known, part)) {
                continue;
            }
            shape.parts.push(part);
            if is_certain {
                shape.certain.push(part);
            }
            if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
                match resolve(root, reference) {
                    Some(found) => open.push((found, is_certain)),
                    None => shape.is_unknown = true,
                }
            }
            let lists = |keys: &'static [&str]| {
                keys.iter().filter_map(|key| part.get(key)?.as_array()).flatten()
            };
            open.extend(lists(&["allOf"]).map(|part| (part, is_certain)));
            open.extend(lists(&["anyOf", "oneOf"]).map(|part| (part, false)));
            let conditional = ["if", "then", "else"];
            let conditional = conditional.iter().filter_map(|key| part.get(key));
            let dependent = part.get("dependentSchemas").and_then(Value::as_object);
            let dependent = dependent.into_iter().flat_map(|all| all.values());
            open.extend(conditional.chain(dependent).map(|part| (part, false)));
        }
        shape
    }

    /// Whether what stands here is not to be shown.
    pub(crate) fn is_secret(&self) -> bool {
        self.is_unknown || self.parts.iter().any(|part| says_secret(part))
    }

    /// Whether there may be a secret here or within.
    #[cfg(feature = "check")]
    pub(crate) fn leads_to_secret(&self) -> bool {
        let mut seen: HashSet<*const Value> = HashSet::new();
        let mut open: Vec<&Value> = self.parts.clone();
        while let Some(part) = open.pop() {
            // A reference may lead back to where it stands.
            if !seen.insert(part) {
                continue;
            }
            if says_secret(part) {
                return true;
            }
            match part {
                Value::Object(members) => {
                    let reference = members.get("$ref").and_then(Value::as_str);
                    open.extend(reference.and_then(|reference| resolve(self.root, reference)));
                    open.extend(members.values());
                }
                Value::Array(elements) => open.extend(elements),
                _ => {}
            }
        }
        self.is_unknown
    }

    /// Whether the schema says anything about this place.
    #[cfg(feature = "check")]
    pub(crate) fn is_described(&self) -> bool {
        self.is_unknown || !self.parts.is_empty()
    }

    /// What `format` says of numbers that may stand here; an empty text for those of
    /// which nothing is said.
    #[cfg(feature = "check")]
    pub(crate) fn formats(&self) -> impl Iterator<Item = &'s str> {
        let is_number = |part: &&&Value| match part.get("type") {
            Some(Value::Array(types)) => types.iter().any(|of| of == "number" || of == "integer"),
            Some(of) => of == "number" || of == "integer",
            None => false,
        };
        let format = |part: &&'s Value| part.get("format").and_then(Value::as_str).unwrap_or("");
        self.parts.iter().filter(is_number).map(format)
    }

    /// Of a member of an object.
    pub(crate) fn property(&self, name: &str) -> Self {
        let mut found = Vec::new();
        for part in &self.parts {
            let declared = part.get("properties").and_then(|all| all.get(name));
            found.extend(declared);
            let patterns = part.get("patternProperties").and_then(Value::as_object);
            found.extend(patterns.into_iter().flat_map(|all| all.values()));
            if declared.is_none() {
                let others = ["additionalProperties", "unevaluatedProperties"];
                found.extend(others.iter().filter_map(|key| part.get(key)));
            }
        }
        Shape::at(self.root, found)
    }

    /// Of an element of an array.
    pub(crate) fn element(&self, index: usize) -> Self {
        let mut found = Vec::new();
        for part in &self.parts {
            let tuple = ["prefixItems", "items"];
            let tuple = tuple.iter().filter_map(|key| part.get(key)?.as_array());
            found.extend(tuple.filter_map(|each| each.get(index)));
            let all = ["items", "additionalItems", "unevaluatedItems", "contains"];
            found.extend(all.iter().filter_map(|key| part.get(key).filter(|of| of.is_object())));
        }
        Shape::at(self.root, found)
    }

    /// So many elements of an array have places with a meaning, as in a tuple.
    pub(crate) fn fixed(&self) -> usize {
        let tuple = |part: &Value| {
            let lists = ["prefixItems", "items"];
            let lists = lists.iter().filter_map(|key| part.get(key)?.as_array());
            lists.map(Vec::len).max().unwrap_or_default()
        };
        self.parts.iter().map(|part| tuple(part)).max().unwrap_or_default()
    }

    /// The members that are named.
    #[cfg(feature = "check")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &'s str> {
        let named = self.parts.iter().filter_map(|part| part.get("properties")?.as_object());
        named.flat_map(|all| all.keys().map(String::as_str))
    }

    /// Whether an object has a field of that name, going by its other members:
    /// another form of an `enum` may have one.
    pub(crate) fn has_field(&self, name: &str, members: &Map<String, Value>) -> bool {
        self.parts.iter().any(|part| {
            let Some(fields) = part.get("properties").and_then(Value::as_object) else {
                return false;
            };
            let is_closed = part.get("additionalProperties") == Some(&Value::Bool(false));
            let is_other = is_closed && members.keys().any(|member| !fields.contains_key(member));
            let required = part.get("required").and_then(Value::as_array).into_iter().flatten();
            let mut required = required.filter_map(Value::as_str);
            let is_whole = required
                .all(|field| members.contains_key(field) || self.property(field).is_secret());
            let is_certain = self.certain.iter().any(|known| std::ptr::eq(*known, *part));
            fields.contains_key(name) && (is_certain || (!is_other && is_whole))
        })
    }

    /// The members whose value tells one form of an `enum` from another.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &'s str> {
        let named = self.parts.iter().filter_map(|part| part.get("properties")?.as_object());
        let members = named.flat_map(|all| all.iter());
        members.filter(|(_, of)| of.get("const").is_some()).map(|(name, _)| name.as_str())
    }

    /// Whether an object may have members that are not named: what is `{}` or
    /// `true` may, and what names some may where it says so.
    #[cfg(feature = "check")]
    pub(crate) fn is_open(&self) -> bool {
        let says_so = |part: &&Value| {
            part.get("patternProperties").is_some()
                || ["additionalProperties", "unevaluatedProperties"]
                    .iter()
                    .any(|key| part.get(key).is_some_and(|of| *of != Value::Bool(false)))
        };
        self.is_unknown
            || self.parts.iter().any(says_so)
            || (self.names().next().is_none()
                && !self.parts.iter().any(|part| part.get("additionalProperties").is_some()))
    }
}

/// Whether a part of a schema says that what stands there is not to be shown.
fn says_secret(part: &Value) -> bool {
    part.get("writeOnly") == Some(&Value::Bool(true))
        || part.get("format").and_then(Value::as_str) == Some("password")
}

/// The part of a schema that a `$ref` within it leads to: `#`, or a `#` and a JSON
/// pointer, in which a name may be percent-encoded, as in a URL. `None` where there
/// is nothing, or the reference leads out of the schema.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({ "$defs": { "Vec<u8>": { "type": "array" } } });
/// let found = settings::resolve(&schema, "#/$defs/Vec%3Cu8%3E");
/// assert_eq!(found, Some(&json!({ "type": "array" })));
/// assert_eq!(settings::resolve(&schema, "other.json#/$defs/Vec%3Cu8%3E"), None);
/// ```
#[must_use]
pub fn resolve<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(&percent_decoded(reference.strip_prefix('#')?)?)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// A JSON pointer, one step longer.
pub(crate) fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}
