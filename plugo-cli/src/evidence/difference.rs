use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What two manifests say differently, a line each: in the first, and in the
/// second.
pub(crate) fn difference(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
    };
    // The fingerprint follows from the rest, and the lists have words of their own.
    let apart = ["fingerprint", "verified", "plugins", "crates", "differences", "duplicates"];
    for key in keys(old).union(&keys(new)).filter(|key| !apart.contains(&key.as_str())) {
        if old[key] != new[key] {
            lines.push(format!("{key}: {} -> {}", old[key], new[key]));
        }
    }
    entries("plugin", &old["plugins"], &new["plugins"], &mut lines);
    entries("crate", &old["crates"], &new["crates"], &mut lines);
    let order = |manifest: &Value| {
        let plugins = manifest["plugins"].as_array().into_iter().flatten();
        plugins.map(|plugin| plugin["name"].clone()).collect::<Vec<_>>()
    };
    let (mut before, mut after) = (order(old), order(new));
    if before != after {
        before.sort_by_key(Value::to_string);
        after.sort_by_key(Value::to_string);
        if before == after {
            lines.push("the plugins load in another order".to_owned());
        }
    }
    // These follow from the crates, and are worth a line where nothing else is.
    for key in ["differences", "duplicates"] {
        if old[key] != new[key] && lines.is_empty() {
            lines.push(format!("the {key} are others"));
        }
    }
    if lines.is_empty() && old != new {
        lines.push("something that is not told of here".to_owned());
    }
    lines
}

/// What identifies an entry of a list. Of crates with one name there may be
/// several versions, so they are told apart by both.
fn identity(kind: &str, entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    match kind {
        "plugin" if text("namespace") == "plugins" => text("name").to_owned(),
        "plugin" => format!("{}/{}", text("namespace"), text("name")),
        _ => format!("{} {}", text("name"), text("version")),
    }
}

fn entries(kind: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    let index = |list: &Value| -> BTreeMap<String, Value> {
        let entries = list.as_array().into_iter().flatten();
        entries.map(|entry| (identity(kind, entry), entry.clone())).collect()
    };
    let (old, new) = (index(old), index(new));
    let shown = |entry: &Value| match (kind, entry["version"].as_str()) {
        ("plugin", Some(version)) => format!(" {version}"),
        _ => String::new(),
    };
    for (name, entry) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        lines.push(format!("{kind} {name}{}: removed", shown(entry)));
    }
    for (name, entry) in &new {
        let Some(before) = old.get(name) else {
            lines.push(format!("{kind} {name}{}: added", shown(entry)));
            continue;
        };
        for (key, value) in entry.as_object().into_iter().flatten() {
            // Where a plugin loads follows from which others there are.
            if key != "order" && before[key] != *value {
                lines.push(format!("{kind} {name}: {key} {} -> {value}", before[key]));
            }
        }
        let gone = before.as_object().into_iter().flatten();
        let is_of_the_build = |key: &str| key == "native_libs";
        for (key, value) in
            gone.filter(|(key, _)| entry.get(*key).is_none() && !is_of_the_build(key))
        {
            lines.push(format!("{kind} {name}: {key} {value} -> nothing"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changed_is_said_and_what_did_not_is_not() {
        let plugin = |name: &str, version: &str, order: u32| {
            json!({
                "name": name, "namespace": "plugins", "version": version, "order": order,
            })
        };
        let krate = |name: &str, version: &str, features: &[&str]| {
            json!({
                "name": name, "version": version, "features": features,
            })
        };
        let old = json!({
            "client": "acme", "fingerprint": "a",
            "plugins": [plugin("auth", "1.0.0", 0), plugin("blog", "1.0.0", 1)],
            "crates": [krate("serde", "1.0.0", &["std"]), krate("rand", "0.8.0", &[])],
        });
        let new = json!({
            "client": "acme", "fingerprint": "b",
            "plugins": [plugin("blog", "1.1.0", 0), plugin("shop", "1.0.0", 1)],
            "crates": [krate("serde", "1.0.0", &["rc", "std"]), krate("rand", "0.9.0", &[])],
        });
        assert_eq!(difference(&old, &old), [""; 0]);
        assert_eq!(
            difference(&old, &new),
            [
                "plugin auth 1.0.0: removed",
                "plugin blog: version \"1.0.0\" -> \"1.1.0\"",
                "plugin shop 1.0.0: added",
                "crate rand 0.8.0: removed",
                "crate rand 0.9.0: added",
                "crate serde 1.0.0: features [\"std\"] -> [\"rc\",\"std\"]",
            ]
        );
    }
}
