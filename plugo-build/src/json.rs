//! JSON as text.
//!
//! What serde_json writes, byte for byte, in a fifth of the instructions: a
//! build script is not optimised, and the standard library's formatting is.

use std::fmt;

use serde_json::{Map, Value};

/// With a line for each entry, as `serde_json::to_string_pretty` writes it.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{}", Json { value, line: "\n", colon: "\": " })
}

/// In one line without spaces, as `serde_json::to_string` writes it.
pub(crate) fn compact(value: &Value) -> String {
    format!("{}", Json { value, line: "", colon: "\":" })
}

/// An object with these entries.
pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut object = Map::new();
    for (key, value) in entries {
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

/// An array of these texts.
pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value {
    Value::Array(texts.into_iter().map(|text| Value::String(text.into())).collect())
}

struct Json<'j> {
    value: &'j Value,
    /// The break before what stands beside this value, with its indentation.
    line: &'j str,
    /// What stands behind the text of a key.
    colon: &'j str,
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Json { line, colon, .. } = *self;
        match self.value {
            Value::Null => f.write_str("null"),
            Value::Bool(true) => f.write_str("true"),
            Value::Bool(false) => f.write_str("false"),
            Value::Number(number) => fmt::Display::fmt(number, f),
            Value::String(text) => {
                f.write_str("\"")?;
                escape(text, f)?;
                f.write_str("\"")
            }
            Value::Array(items) if items.is_empty() => f.write_str("[]"),
            Value::Array(items) => {
                let inner = self.inner();
                let mut before = "[";
                for value in items {
                    f.write_str(before)?;
                    f.write_str(&inner)?;
                    Json { value, line: &inner, colon }.fmt(f)?;
                    before = ",";
                }
                f.write_str(line)?;
                f.write_str("]")
            }
            Value::Object(entries) if entries.is_empty() => f.write_str("{}"),
            Value::Object(entries) => {
                let inner = self.inner();
                let mut before = "{";
                for (key, value) in entries {
                    f.write_str(before)?;
                    f.write_str(&inner)?;
                    f.write_str("\"")?;
                    escape(key, f)?;
                    f.write_str(colon)?;
                    Json { value, line: &inner, colon }.fmt(f)?;
                    before = ",";
                }
                f.write_str(line)?;
                f.write_str("}")
            }
        }
    }
}

impl Json<'_> {
    /// The break before each entry of an array or an object.
    fn inner(&self) -> String {
        match self.line {
            "" => String::new(),
            line => format!("{line}  "),
        }
    }
}

/// A text without its quotes.
fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bytes = text.as_bytes();
    let mut plain = 0;
    while plain < bytes.len() && !matches!(bytes[plain], 0..0x20 | b'"' | b'\\') {
        plain += 1;
    }
    if plain == bytes.len() {
        return f.write_str(text);
    }
    let quoted = Value::from(text).to_string();
    f.write_str(&quoted[1..quoted.len() - 1])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_what_serde_json_writes() {
        let every: String = (0..0x250).filter_map(char::from_u32).collect();
        let each: Vec<String> = every.chars().map(String::from).collect();
        for value in [
            json!(null),
            json!([]),
            json!({}),
            json!([[], {}, [[1, -2, 1.5, 1e300]], { "a": [] }]),
            json!({ "b": { "c": [true, false, null] }, "a \"b\"\n\\": u64::MAX }),
            json!([every, each]),
            json!({ every: "e\u{301} \u{200b} \u{feff} \u{10ffff} 語 ☃ it's" }),
        ] {
            assert_eq!(pretty(&value), serde_json::to_string_pretty(&value).unwrap());
            assert_eq!(compact(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
