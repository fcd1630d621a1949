use serde_json::Value;

use super::Part;
use crate::table::is_plain;

/// The number of the format of `.plugo0` that is read here.
const FORMAT: u64 = 1;

/// The manifest in a program, in short: what `plugo-manifest.json` says more
/// of. Keys that are not known are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    pub(crate) app: String,
    pub(crate) app_version: String,
    pub(crate) client: Option<String>,
    pub(crate) fingerprint: String,
    pub(crate) target: String,
    pub(crate) features: Vec<String>,
    /// In load order.
    pub(crate) plugins: Vec<EmbeddedPlugin>,
    pub(crate) crates: Vec<EmbeddedCrate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EmbeddedPlugin {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The package that has it.
    pub(crate) package: String,
    pub(crate) package_version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EmbeddedCrate {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) role: String,
    /// The positions of the plugins that need it.
    pub(crate) plugins: Vec<usize>,
}

pub(super) fn parse(json: &Value) -> Part<Embedded> {
    match json["format"].as_u64() {
        None => Part::Damaged("`.plugo0` does not say its format".to_owned()),
        Some(format) if format > FORMAT => Part::Newer(format),
        Some(_) => match embedded(json) {
            Some(embedded) => Part::There(embedded),
            None => {
                let why = "`.plugo0` lacks what its format has, or has control characters in it";
                Part::Damaged(why.to_owned())
            }
        },
    }
}

fn embedded(json: &Value) -> Option<Embedded> {
    let plugins = json["plugins"].as_array()?.iter().map(|plugin| {
        Some(EmbeddedPlugin {
            namespace: text(plugin, "namespace")?,
            name: text(plugin, "name")?,
            version: text(plugin, "version")?,
            package: text(&plugin["package"], "name").or_else(|| text(plugin, "package"))?,
            package_version: text(&plugin["package"], "version"),
        })
    });
    let plugins: Vec<EmbeddedPlugin> = plugins.collect::<Option<_>>()?;
    let crates = json["crates"].as_array()?.iter().map(|krate| {
        let indices = krate["plugins"].as_array()?.iter();
        let index = |index: &Value| {
            let index = usize::try_from(index.as_u64()?).ok()?;
            (index < plugins.len()).then_some(index)
        };
        Some(EmbeddedCrate {
            name: text(krate, "name")?,
            version: text(krate, "version")?,
            role: text(krate, "role")?,
            plugins: indices.map(index).collect::<Option<_>>()?,
        })
    });
    Some(Embedded {
        app: text(&json["app"], "name")?,
        app_version: text(&json["app"], "version")?,
        client: match &json["client"] {
            Value::Null => None,
            client => Some(plain(client)?),
        },
        fingerprint: text(json, "fingerprint")?,
        target: text(json, "target")?,
        features: texts(json, "features")?,
        crates: crates.collect::<Option<_>>()?,
        plugins,
    })
}

/// A text that a terminal shows as it is: no name of a plugin, a package or a
/// feature is any other, and the file may be anybody's.
fn plain(value: &Value) -> Option<String> {
    value.as_str().filter(|text| is_plain(text)).map(str::to_owned)
}

fn text(json: &Value, key: &str) -> Option<String> {
    plain(&json[key])
}

fn texts(json: &Value, key: &str) -> Option<Vec<String>> {
    json[key].as_array()?.iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "format": 1,
            "app": { "name": "shop", "version": "1.0.0" },
            "client": "acme",
            "fingerprint": "sha256:00",
            "target": "x86_64-unknown-linux-gnu",
            "features": ["client-acme"],
            "plugins": [{ "namespace": "plugins", "name": "blog", "version": "0.3.0", "package": { "name": "web-blog", "version": "0.3.0" }, "new": 1 }],
            "crates": [{ "name": "web-blog", "version": "0.3.0", "role": "plugin", "plugins": [0] }],
            "later": {},
        })
    }

    #[test]
    fn more_keys_are_no_harm_and_fewer_or_wrong_ones_are_damage() {
        let Part::There(embedded) = parse(&document()) else { panic!() };
        assert_eq!(embedded.client.as_deref(), Some("acme"));
        assert_eq!(embedded.crates[0].plugins, [0]);
        for key in ["format", "app", "fingerprint", "target", "features", "plugins", "crates"] {
            let mut broken = document();
            broken.as_object_mut().unwrap().remove(key);
            assert_eq!(parse(&broken).state(), "damaged", "{key}");
        }
        let mut broken = document();
        broken["crates"][0]["plugins"][0] = json!(1);
        assert_eq!(parse(&broken).state(), "damaged", "there is no such plugin");
        for place in ["/client", "/app/name", "/features/0", "/plugins/0/version"] {
            let mut hostile = document();
            *hostile.pointer_mut(place).unwrap() = json!("\u{1b}]0;owned\u{7}");
            assert_eq!(parse(&hostile).state(), "damaged", "{place}");
        }
    }

    #[test]
    fn a_larger_number_is_newer_whatever_else_it_says() {
        let Part::Newer(2) = parse(&json!({ "format": 2, "plugins": "packed" })) else { panic!() };
    }
}
