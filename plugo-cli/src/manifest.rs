//! What a manifest says. This is the one place that knows its keys and the
//! rule about its number.

use plugo_build::Id;
use serde_json::Value;

use crate::error::Error;
use crate::table::is_plain;

/// The number of the format of `plugo-manifest.json` that is read here.
const FORMAT: u64 = 1;

/// A manifest in which everything is there that its readers ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest(Value);

impl Manifest {
    /// Reads a manifest from elsewhere.
    ///
    /// # Errors
    ///
    /// Why it is none, or none that can be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let json: Value =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        match json["format"].as_u64() {
            Some(FORMAT) => {}
            Some(format) if format > FORMAT => {
                return Err(format!("it was made by a newer plugo (format {format})"));
            }
            _ => return Err("it is no manifest: it does not say its format".to_owned()),
        }
        match is_whole(&json) {
            Some(true) => Ok(Manifest(json)),
            Some(false) => Err("a name in it has control characters".to_owned()),
            None => Err("it lacks what its format has".to_owned()),
        }
    }

    /// Reads a manifest that was just made.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] for one that is none.
    pub(crate) fn made(text: &str) -> Result<Self, Error> {
        Manifest::parse(text)
            .map_err(|why| Error::environment(format!("the manifest cannot be read: {why}")))
    }

    /// Whether it is as it was written: what it says has the fingerprint that
    /// it says.
    ///
    /// # Errors
    ///
    /// The fingerprint of what it says.
    pub(crate) fn is_sealed(&self) -> Result<(), String> {
        let mut again = self.0.clone();
        plugo_build::seal(&mut again);
        let fingerprint = text(&again, "fingerprint");
        if fingerprint == self.fingerprint() { Ok(()) } else { Err(fingerprint.to_owned()) }
    }

    /// The JSON that it is.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    /// The name of the app.
    pub(crate) fn app(&self) -> &str {
        text(&self.0["app"], "name")
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.0["client"].as_str()
    }

    pub(crate) fn target(&self) -> &str {
        text(&self.0, "target")
    }

    pub(crate) fn fingerprint(&self) -> &str {
        text(&self.0, "fingerprint")
    }

    /// The app's features that are on.
    pub(crate) fn features(&self) -> Vec<&str> {
        list(&self.0, "features")
    }

    /// The features of dependencies that the command line turned on.
    pub(crate) fn dependency_features(&self) -> Vec<&str> {
        list(&self.0, "dependency_features")
    }

    /// The plugins, in load order.
    pub(crate) fn plugins(&self) -> impl ExactSizeIterator<Item = Plugin<'_>> {
        entries(&self.0, "plugins").iter().map(Plugin)
    }

    /// The crates, by name.
    pub(crate) fn crates(&self) -> impl ExactSizeIterator<Item = Crate<'_>> {
        entries(&self.0, "crates").iter().map(Crate)
    }

    /// The names of the crates that are there in several versions.
    pub(crate) fn duplicates(&self) -> impl Iterator<Item = &str> {
        entries(&self.0, "duplicates").iter().map(|entry| text(entry, "name"))
    }
}

/// A plugin of a manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plugin<'m>(&'m Value);

impl<'m> Plugin<'m> {
    pub(crate) fn namespace(&self) -> &'m str {
        text(self.0, "namespace")
    }

    pub(crate) fn name(&self) -> &'m str {
        text(self.0, "name")
    }

    /// As people write it.
    pub(crate) fn id(&self) -> String {
        let (namespace, name) = (self.namespace().to_owned(), self.name().to_owned());
        Id { namespace, name }.to_string()
    }

    pub(crate) fn version(&self) -> &'m str {
        text(self.0, "version")
    }

    /// The package that it is in.
    pub(crate) fn package(&self) -> &'m str {
        text(&self.0["crate"], "name")
    }

    pub(crate) fn package_version(&self) -> &'m str {
        text(&self.0["crate"], "version")
    }
}

/// A crate of a manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crate<'m>(&'m Value);

impl<'m> Crate<'m> {
    pub(crate) fn name(&self) -> &'m str {
        text(self.0, "name")
    }

    pub(crate) fn version(&self) -> &'m str {
        text(self.0, "version")
    }

    pub(crate) fn source(&self) -> &'m str {
        text(self.0, "source")
    }

    /// `app`, `plugin`, `linked` or `build`.
    pub(crate) fn role(&self) -> &'m str {
        text(self.0, "role")
    }

    pub(crate) fn license(&self) -> Option<&'m str> {
        self.0["license"].as_str()
    }

    pub(crate) fn purl(&self) -> Option<&'m str> {
        self.0["purl"].as_str()
    }

    pub(crate) fn sha256(&self) -> Option<&'m str> {
        self.0["checksum"].as_str()?.strip_prefix("sha256:")
    }

    /// Whether the app needs it without any plugin.
    pub(crate) fn is_needed_by_app(&self) -> bool {
        self.0["needed_by_app"] == true
    }

    /// What stands in a list.
    pub(crate) fn list(&self, key: &str) -> Vec<&'m str> {
        list(self.0, key)
    }
}

/// Whether the names that every reader takes for granted are there, and are
/// such that a terminal shows them as they are.
fn is_whole(json: &Value) -> Option<bool> {
    let mut plain = true;
    let mut check = |value: &Value| value.as_str().map(|text| plain &= is_plain(text));
    check(&json["app"]["name"])?;
    check(&json["target"])?;
    check(&json["fingerprint"])?;
    match &json["client"] {
        Value::Null => {}
        client => check(client)?,
    }
    json["features"].as_array()?.iter().try_for_each(&mut check)?;
    for plugin in json["plugins"].as_array()? {
        let package = &plugin["crate"];
        [&plugin["namespace"], &plugin["name"], &plugin["version"]]
            .into_iter()
            .chain([&package["name"], &package["version"]])
            .try_for_each(&mut check)?;
    }
    for krate in json["crates"].as_array()? {
        [&krate["name"], &krate["version"]].into_iter().try_for_each(&mut check)?;
    }
    Some(plain)
}

fn text<'m>(value: &'m Value, key: &str) -> &'m str {
    value[key].as_str().unwrap_or_default()
}

fn list<'m>(value: &'m Value, key: &str) -> Vec<&'m str> {
    entries(value, key).iter().filter_map(Value::as_str).collect()
}

fn entries<'m>(value: &'m Value, key: &str) -> &'m [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "format": 1,
            "app": { "name": "shop", "version": "1.0.0" },
            "client": null,
            "fingerprint": "sha256:00",
            "target": "x86_64-unknown-linux-gnu",
            "features": ["blog"],
            "plugins": [{
                "namespace": "plugins", "name": "blog", "version": "0.3.0",
                "crate": { "name": "web-blog", "version": "0.3.1" },
            }],
            "crates": [{ "name": "serde", "version": "1.0.0", "checksum": "sha256:11" }],
        })
    }

    #[test]
    fn what_a_manifest_says_has_names() {
        let manifest = Manifest::parse(&document().to_string()).unwrap();
        assert_eq!((manifest.app(), manifest.client()), ("shop", None));
        let plugin = manifest.plugins().next().unwrap();
        assert_eq!((plugin.id().as_str(), plugin.package_version()), ("blog", "0.3.1"));
        let krate = manifest.crates().next().unwrap();
        assert_eq!((krate.name(), krate.sha256(), krate.license()), ("serde", Some("11"), None));
    }

    #[test]
    fn what_was_changed_by_hand_has_another_fingerprint() {
        let mut sealed = document();
        plugo_build::seal(&mut sealed);
        let is_sealed = |json: &Value| Manifest::parse(&json.to_string()).unwrap().is_sealed();
        is_sealed(&sealed).unwrap();
        // What `plugo build` adds when it has looked.
        sealed["verified"] = json!(true);
        sealed["crates"][0]["native_libs"] = json!(["z"]);
        is_sealed(&sealed).unwrap();
        let mut edited = sealed.clone();
        edited["plugins"] = json!([]);
        assert_ne!(is_sealed(&edited).unwrap_err(), sealed["fingerprint"]);
        let mut edited = sealed.clone();
        edited["fingerprint"] = json!("sha256:00");
        assert_eq!(is_sealed(&edited).unwrap_err(), sealed["fingerprint"]);
    }

    #[test]
    fn what_is_none_or_newer_or_damaged_is_refused() {
        let mut lacking = document();
        lacking["crates"][0].as_object_mut().unwrap().remove("version");
        let mut hostile = document();
        hostile["plugins"][0]["version"] = json!("1.0.0\u{1b}[2J");
        for (text, part) in [
            ("", "no JSON"),
            ("{}", "does not say its format"),
            (r#"{"format":0}"#, "does not say its format"),
            (r#"{"format":2}"#, "newer plugo (format 2)"),
            (r#"{"format":1}"#, "lacks"),
            (&lacking.to_string(), "lacks"),
            (&hostile.to_string(), "control characters"),
        ] {
            let error = Manifest::parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
