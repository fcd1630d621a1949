use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::environment::MANIFEST;
use crate::manifest::FORMAT;
use crate::plan::Plan;
use crate::seal::seal;

/// The manifest that the command line made for this build: it knows more of
/// the crates than a build script can.
///
/// What it says of the build has to be so; else the variable is left from
/// another build. `ours` is the manifest as this build script makes it.
///
/// `None` when it is refused, and when it is of an app that depends on this
/// one.
pub(crate) fn read(
    path: &Path,
    plan: &Plan,
    ours: &Value,
    problems: &mut Problems,
) -> Option<Value> {
    let place = Place::file(path.to_string_lossy());
    let refused = |why: String| {
        let message = format!("`{MANIFEST}` names a manifest that is not of this build: {why}");
        Diagnostic::error(Code::ManifestMismatch, message).at(place.clone()).help(format!(
            "build with `plugo build`, which makes the manifest anew, or unset `{MANIFEST}`"
        ))
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("the manifest that `{MANIFEST}` names cannot be read: {error}");
            problems.add(Diagnostic::error(Code::Unreadable, message).at(place));
            return None;
        }
    };
    let mut document: Value = match serde_json::from_slice(&bytes) {
        Ok(document) => document,
        Err(error) => {
            problems.add(refused(format!("it is no JSON: {error}")));
            return None;
        }
    };
    if document["format"] != FORMAT {
        problems.add(refused(format!(
            "its format is {}, and this plugo-build knows {FORMAT}",
            document["format"]
        )));
        return None;
    }
    if is_of_who_depends_on(&document, plan) {
        return None;
    }
    let mut differences = differences(&document, plan, ours).into_iter();
    if let Some(first) = differences.next() {
        problems.add(differences.fold(refused(first), Diagnostic::note));
        return None;
    }
    let said = document["fingerprint"].take();
    // Nothing is verified before the build.
    document["verified"] = Value::Bool(false);
    seal(&mut document);
    if document["fingerprint"] != said {
        problems.add(refused("its fingerprint is not that of what it says".to_owned()));
        return None;
    }
    Some(document)
}

/// Whether a manifest is of another app, which depends on this one: the
/// variable is set for the build scripts of both.
fn is_of_who_depends_on(document: &Value, plan: &Plan) -> bool {
    let mut crates = document["crates"].as_array().into_iter().flatten();
    document["app"]["name"] != plan.app.as_str()
        && crates.any(|krate| {
            krate["name"] == plan.app.as_str()
                && krate["version"] == plan.app_version.as_str()
                && krate["role"] != "app"
        })
}

/// What a manifest says of the build, and this build does not: each as a
/// sentence.
fn differences(document: &Value, plan: &Plan, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            let verb = what.rsplit(' ').next().unwrap_or_default();
            found.push(format!("{what} {theirs}, and this build's {verb} {ours}"));
        }
    };
    let text = |value: &Value| value.as_str().map_or("none".to_owned(), |s| format!("`{s}`"));
    let package = |name: &str, version: &str| format!("`{name} {version}`");
    let app = &document["app"];
    let field = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    compare(
        "its app is",
        package(&field(app, "name"), &field(app, "version")),
        package(&plan.app, &plan.app_version),
    );
    let client = plan.client.as_ref().map_or("none".to_owned(), |client| format!("`{client}`"));
    compare("its client is", text(&document["client"]), client);
    compare("its target is", text(&document["target"]), text(&ours["target"]));
    let list = |key: &str| document[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let features: Vec<&str> = list("features").iter().filter_map(Value::as_str).collect();
    compare("its features are", names(features), names(&plan.features));
    let theirs = list("plugins").iter().map(|plugin| {
        let id = match field(plugin, "namespace").as_str() {
            "plugins" => field(plugin, "name"),
            namespace => format!("{namespace}/{}", field(plugin, "name")),
        };
        format!("{id} {}", field(plugin, "version"))
    });
    let ours_planned =
        plan.plugins.iter().map(|plugin| format!("{} {}", plugin.id, plugin.version));
    compare("its plugins are", names(theirs), names(ours_planned));
    // What Cargo's command line turns on in other packages is not visible here.
    if found.is_empty() && list("dependency_features").is_empty() {
        let (theirs, ours) = (crates(document), crates(ours));
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| names(a.difference(b));
        if theirs != ours {
            found.push(format!(
                "the crates that only it has are {}, and those that only this build has are {}",
                only(&theirs, &ours),
                only(&ours, &theirs)
            ));
        }
    }
    found
}

fn crates(document: &Value) -> BTreeSet<String> {
    let crates = document["crates"].as_array().into_iter().flatten();
    let text = |krate: &Value, key: &str| krate[key].as_str().unwrap_or_default().to_owned();
    crates.map(|krate| format!("{} {}", text(krate, "name"), text(krate, "version"))).collect()
}

fn names(names: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
