use serde_json::Value;

use crate::json;

/// Puts the keys of a manifest in order, gives it its fingerprint, and writes
/// it.
///
/// The fingerprint is of everything that is known before the build: with
/// nothing in its own place, `verified` as `false`, and without what crates
/// link (`native_libs`). So the manifest of a verified build has the
/// fingerprint that is in the program.
///
/// ```
/// let mut document = serde_json::json!({ "fingerprint": "", "verified": false });
/// let text = plugo_build::seal(&mut document);
/// assert!(text.starts_with("{\n  \"fingerprint\": \"sha256:"));
/// ```
pub fn seal(document: &mut Value) -> String {
    sort(document);
    document["fingerprint"] = "".into();
    let text = text(document);
    let is_known_before = document["verified"] == false
        && crates_of(document).iter().all(|krate| krate.get("native_libs").is_none());
    let fingerprint = match is_known_before {
        true => sha256(text.as_bytes()),
        false => {
            let mut known_before = document.clone();
            known_before["verified"] = false.into();
            for krate in known_before["crates"].as_array_mut().into_iter().flatten() {
                krate.as_object_mut().map(|krate| krate.remove("native_libs"));
            }
            sha256(self::text(&known_before).as_bytes())
        }
    };
    let fingerprint = format!("sha256:{fingerprint}");
    // Writing takes long in a build script, so it is not done twice. What begins a line with
    // two spaces is a key of the document itself.
    const EMPTY: &str = "\n  \"fingerprint\": \"";
    let text = match text.find(EMPTY) {
        Some(at) => {
            let (before, after) = text.split_at(at + EMPTY.len());
            [before, &fingerprint, after].concat()
        }
        None => text,
    };
    document["fingerprint"] = fingerprint.into();
    text
}

fn crates_of(document: &Value) -> &[Value] {
    document["crates"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The text of a document, with a line break at its end.
fn text(document: &Value) -> String {
    let mut text = json::pretty(document);
    text.push('\n');
    text
}

/// The keys of each object in alphabetical order, whether or not something
/// else in the build turns on serde_json's feature `preserve_order`.
fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort),
        Value::Object(object) if object.keys().is_sorted() => {
            object.values_mut().for_each(sort);
        }
        Value::Object(object) => {
            let mut entries = std::mem::take(object);
            let mut keys: Vec<String> = entries.keys().cloned().collect();
            keys.sort_unstable();
            for key in keys {
                if let Some(mut value) = entries.remove(&key) {
                    sort(&mut value);
                    object.insert(key, value);
                }
            }
        }
        _ => {}
    }
}

fn sha256(bytes: &[u8]) -> String {
    hmac_sha256::Hash::hash(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealed(mut document: Value) -> (String, Value) {
        let text = seal(&mut document);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        assert_eq!(text, format!("{document:#}\n"));
        (document["fingerprint"].as_str().unwrap().to_owned(), document)
    }

    #[test]
    fn a_fingerprint_is_of_what_is_known_before_the_build() {
        let document = json!({
            "verified": false,
            "crates": [{ "name": "a", "fingerprint": "" }],
            "app": { "fingerprint": "" },
            "fingerprint": "",
        });
        let (fingerprint, before) = sealed(document.clone());
        assert_eq!((&before["app"], &before["crates"]), (&document["app"], &document["crates"]));
        assert_eq!(sealed(before.clone()).0, fingerprint, "it is not part of itself");

        let mut verified = before;
        verified["verified"] = json!(true);
        verified["crates"][0]["native_libs"] = json!(["z"]);
        assert_eq!(sealed(verified.clone()).0, fingerprint);
        verified["crates"][0]["name"] = json!("b");
        assert_ne!(sealed(verified).0, fingerprint);
    }
}
