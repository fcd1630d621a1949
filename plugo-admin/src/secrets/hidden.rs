use std::convert::Infallible;

use plugo_settings::each_secret;
use serde_json::Value;

use super::Settings;

/// What stands in a text in the place of a secret.
const HIDDEN: &str = "(secret)";

impl Settings {
    /// The value with an empty text in the place of each secret, and where something
    /// is: what is secret by the schema, or stored encrypted.
    #[cfg(any(test, feature = "pages"))]
    pub(crate) fn shown(&self, schema: &Value) -> (Value, Vec<String>) {
        let mut shown = self.value.clone();
        let mut pointers = Vec::new();
        for pointer in self.secrets(Some(schema)) {
            if let Some(place) = shown.pointer_mut(&pointer) {
                if place.as_str() != Some("") {
                    pointers.push(pointer);
                }
                *place = Value::String(String::new());
            }
        }
        pointers.sort();
        (shown, pointers)
    }

    /// A text without the secrets, which an error of a plugin may have in it.
    pub(crate) fn hide(&self, schema: Option<&Value>, text: &str) -> String {
        let mut secrets = Vec::new();
        for pointer in self.secrets(schema) {
            if let Some(secret) = self.value.pointer(&pointer) {
                parts(secret, &mut secrets);
            }
        }
        without(text, &secrets)
    }

    fn secrets(&self, schema: Option<&Value>) -> Vec<String> {
        let mut pointers = self.sealed.clone();
        if let Some(schema) = schema {
            let visited: Result<(), Infallible> =
                each_secret(schema, &mut self.value.clone(), &mut |pointer, _| {
                    pointers.push(pointer.to_owned());
                    Ok(())
                });
            match visited {
                Ok(()) => {}
            }
        }
        super::outermost(pointers)
    }
}

/// A secret and all that is within it, in the ways in which errors write them.
fn parts(secret: &Value, into: &mut Vec<String>) {
    let mut add = |text: &str| {
        let escaped = [format!("{text:?}"), Value::from(text).to_string()];
        into.push(text.to_owned());
        into.push(text.trim().to_owned());
        into.extend(escaped.map(|text| text[1..text.len() - 1].to_owned()));
    };
    match secret {
        Value::String(text) => add(text),
        Value::Number(number) => add(&number.to_string()),
        Value::Array(values) => {
            add(&secret.to_string());
            values.iter().for_each(|value| parts(value, into));
        }
        Value::Object(fields) => {
            add(&secret.to_string());
            fields.values().for_each(|value| parts(value, into));
        }
        // Every text has these in it.
        Value::Null | Value::Bool(_) => {}
    }
}

/// All places of all secrets are found before the first is replaced, so that
/// nothing is left of one that overlaps another.
fn without(text: &str, secrets: &[String]) -> String {
    let mut hidden = vec![false; text.len()];
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        for (at, _) in text.char_indices() {
            if text[at..].starts_with(secret.as_str()) {
                hidden[at..at + secret.len()].fill(true);
            }
        }
    }
    let mut shown = String::with_capacity(text.len());
    let mut before = false;
    for (at, c) in text.char_indices() {
        match (hidden[at], before) {
            (false, _) => shown.push(c),
            (true, false) => shown.push_str(HIDDEN),
            (true, true) => {}
        }
        before = hidden[at];
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hide(schema: &Value, value: Value, text: &str) -> String {
        Settings { value, sealed: Vec::new() }.hide(Some(schema), text)
    }

    #[test]
    fn x24_what_a_constructor_says_shows_no_secret() {
        let schema = json!({ "properties": { "key": { "writeOnly": true }, "url": {} } });
        let settings = json!({ "key": "hun\"ter2", "url": "there" });
        let text = "no account for hun\"ter2 (\"hun\\\"ter2\") there";
        assert_eq!(hide(&schema, settings, text), "no account for (secret) (\"(secret)\") there");
    }

    #[test]
    fn x24_nothing_is_left_of_a_secret_within_or_beside_another() {
        let secret = json!({ "writeOnly": true });
        let schema = json!({ "properties": { "a": secret, "b": secret, "c": secret } });
        let settings =
            json!({ "a": "abc", "b": "abcdef", "c": { "x": ["wxyz", 7357], "y": "efg" } });
        for (text, wanted) in [
            ("abcdef!", "(secret)!"),
            ("<abcdefg>", "<(secret)>"),
            ("wxyz at 7357", "(secret) at (secret)"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(hide(&schema, settings.clone(), text), wanted);
        }
    }
}
