use serde_json::{Value, json};

use crate::error::Error;
use crate::sbom::bill::{Bill, Crate, source_date};
use crate::sbom::license::is_expression;

/// A manifest as a CycloneDX 1.6 document.
///
/// # Errors
///
/// A `SOURCE_DATE_EPOCH` that is no time.
pub(crate) fn cyclonedx(manifest: &Value) -> Result<String, Error> {
    let bill = Bill::new(manifest);
    let app = bill.app();
    let mut metadata = json!({
        "component": app.map(|(_, app)| component(app, "application")),
        "properties": properties(manifest),
        "tools": { "components": [{
            "name": "plugo",
            "type": "application",
            "version": env!("CARGO_PKG_VERSION"),
        }] },
    });
    if let Some(time) = source_date()? {
        metadata["timestamp"] = json!(time);
    }
    let components: Vec<Value> = bill
        .crates
        .iter()
        .filter(|krate| krate.role() != "app")
        .map(|krate| component(krate, "library"))
        .collect();
    let dependencies: Vec<Value> = bill
        .crates
        .iter()
        .map(|krate| {
            let on = bill.dependencies(krate).into_iter().map(|i| bill.crates[i].id());
            json!({ "dependsOn": on.collect::<Vec<_>>(), "ref": krate.id() })
        })
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "components": components,
        "dependencies": dependencies,
        "metadata": metadata,
        "serialNumber": format!("urn:uuid:{}", bill.uuid()),
        "specVersion": "1.6",
        "version": 1,
    });
    Ok(format!("{document:#}\n"))
}

fn property(name: &str, value: impl Into<String>) -> Value {
    json!({ "name": format!("plugo:{name}"), "value": value.into() })
}

fn properties(manifest: &Value) -> Vec<Value> {
    let text = |key: &str| manifest[key].as_str();
    let mut properties = Vec::new();
    for key in ["client", "fingerprint", "target"] {
        properties.extend(text(key).map(|value| property(key, value)));
    }
    let features = manifest["features"].as_array().into_iter().flatten();
    properties.extend(features.filter_map(Value::as_str).map(|f| property("feature", f)));
    for plugin in manifest["plugins"].as_array().into_iter().flatten() {
        let field = |key: &str| plugin[key].as_str().unwrap_or_default();
        let name = match field("namespace") {
            "plugins" => field("name").to_owned(),
            namespace => format!("{namespace}/{}", field("name")),
        };
        properties.push(property("plugin", format!("{name} {}", field("version"))));
    }
    properties
}

fn component(krate: &Crate<'_>, kind: &str) -> Value {
    let mut component = json!({
        "bom-ref": krate.id(),
        "name": krate.name(),
        "properties": krate_properties(krate),
        "type": kind,
        "version": krate.version(),
    });
    if kind == "library" {
        // What only runs while building is not in what is shipped.
        let scope = if krate.role() == "build" { "excluded" } else { "required" };
        component["scope"] = json!(scope);
    }
    if let Some(sha256) = krate.sha256() {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    if let Some(license) = krate.text("license") {
        component["licenses"] = match is_expression(license) {
            true => json!([{ "expression": license }]),
            false => json!([{ "license": { "name": license } }]),
        };
    }
    if let Some(purl) = krate.text("purl") {
        component["purl"] = json!(purl);
    }
    component
}

fn krate_properties(krate: &Crate<'_>) -> Vec<Value> {
    let mut properties = vec![property("role", krate.role())];
    for (key, name) in [
        ("features", "feature"),
        ("native_libs", "native-lib"),
        ("needed_by", "needed-by"),
        ("only_because_of", "only-because-of"),
    ] {
        properties.extend(krate.list(key).into_iter().map(|value| property(name, value)));
    }
    properties.sort_by_key(|property| property.to_string());
    properties
}
