use serde_json::{Value, json};

use crate::error::Error;
use crate::manifest::{Crate, Manifest};
use crate::sbom::bill::{Bill, reference, source_date};
use crate::sbom::license::is_expression;

/// A manifest as a CycloneDX 1.6 document.
///
/// # Errors
///
/// A `SOURCE_DATE_EPOCH` that is no time.
pub(crate) fn cyclonedx(manifest: &Manifest) -> Result<String, Error> {
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
            let on = bill.dependencies(krate).into_iter().map(|i| reference(&bill.crates[i]));
            json!({ "dependsOn": on.collect::<Vec<_>>(), "ref": reference(krate) })
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

fn properties(manifest: &Manifest) -> Vec<Value> {
    let mut properties = Vec::new();
    properties.extend(manifest.client().map(|client| property("client", client)));
    properties.push(property("fingerprint", manifest.fingerprint()));
    properties.push(property("target", manifest.target()));
    properties.extend(manifest.features().into_iter().map(|f| property("feature", f)));
    for plugin in manifest.plugins() {
        properties.push(property("plugin", format!("{} {}", plugin.id(), plugin.version())));
    }
    properties
}

fn component(krate: &Crate<'_>, kind: &str) -> Value {
    let mut component = json!({
        "bom-ref": reference(krate),
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
    if let Some(license) = krate.license() {
        component["licenses"] = match is_expression(license) {
            true => json!([{ "expression": license }]),
            false => json!([{ "license": { "name": license } }]),
        };
    }
    if let Some(purl) = krate.purl() {
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
