use std::collections::BTreeSet;

use toml::{Table, Value};

/// Whether two states of the app's `Cargo.toml` are the same to a build with
/// a feature: features that it does not turn on may differ, and so may
/// optional dependencies that it leaves off, and the list of members.
pub(super) fn same(old: &str, new: &str, feature: &str) -> bool {
    match (seen(old, feature), seen(new, feature)) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    }
}

/// Whether two states of a workspace's `Cargo.toml` are the same to every
/// package that does not differ itself: members, and dependencies that came
/// to be, matter to none.
pub(super) fn same_workspace(old: &str, new: &str) -> bool {
    let (Ok(old), Ok(mut new)) = (old.parse::<Table>(), new.parse::<Table>()) else {
        return false;
    };
    let had = |key: &str| old.get("workspace")?.get("dependencies")?.get(key).cloned();
    if let Some(dependencies) = table(&mut new, &["workspace", "dependencies"]) {
        dependencies.retain(|key, _| had(key).is_some());
    }
    without_members(old) == without_members(new)
}

/// Whether a `Cargo.toml` is that of a package, and not of a workspace alone.
/// One that cannot be read may be either; Cargo says what is wrong with it.
pub(super) fn is_package(text: &str) -> bool {
    text.parse::<Table>().map_or(true, |manifest| {
        // The older name of the same table.
        manifest.contains_key("package") || manifest.contains_key("project")
    })
}

fn seen(text: &str, feature: &str) -> Option<Table> {
    let mut manifest = without_members(text.parse().ok()?);
    let (features, optional) = on(&manifest, feature);
    if let Some(all) = table(&mut manifest, &["features"]) {
        all.retain(|name, _| features.contains(name));
    }
    let left_off = |key: &str, value: &Value| {
        value.get("optional") == Some(&Value::Boolean(true)) && !optional.contains(key)
    };
    if let Some(dependencies) = table(&mut manifest, &["dependencies"]) {
        dependencies.retain(|key, value| !left_off(key, value));
    }
    if let Some(targets) = table(&mut manifest, &["target"]) {
        for (_, target) in targets.iter_mut() {
            let dependencies = target.get_mut("dependencies").and_then(Value::as_table_mut);
            if let Some(dependencies) = dependencies {
                dependencies.retain(|key, value| !left_off(key, value));
            }
        }
    }
    Some(manifest)
}

/// The features that are on with one of them, and the dependencies that may
/// be on with them.
fn on(manifest: &Table, feature: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut features = BTreeSet::new();
    let mut dependencies = BTreeSet::new();
    let mut open = vec![feature.to_owned()];
    let declared = manifest.get("features").and_then(Value::as_table);
    while let Some(item) = open.pop() {
        let key = item.split(['/', '?']).next().unwrap_or_default();
        dependencies.insert(key.trim_start_matches("dep:").to_owned());
        let list = declared.and_then(|features| features.get(key)?.as_array());
        if let (Some(list), true) = (list, features.insert(key.to_owned())) {
            open.extend(list.iter().filter_map(|item| item.as_str().map(str::to_owned)));
        }
    }
    (features, dependencies)
}

fn without_members(mut manifest: Table) -> Table {
    if let Some(workspace) = table(&mut manifest, &["workspace"]) {
        for key in ["members", "exclude", "default-members"] {
            workspace.remove(key);
        }
    }
    manifest
}

fn table<'t>(manifest: &'t mut Table, path: &[&str]) -> Option<&'t mut Table> {
    path.iter().try_fold(manifest, |table, key| table.get_mut(*key)?.as_table_mut())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "[package]\nname = \"app\"\n[dependencies]\n\
                       blog = { path = \"blog\", optional = true }\n\
                       [features]\nblog = [\"dep:blog\"]\nclient-a = [\"blog\"]\nclient-b = []\n\
                       [workspace]\nmembers = [\"blog\"]\n";

    #[test]
    fn a_manifest_changes_for_the_clients_that_see_the_change() {
        let check = |from: &str, to: &str, changed: [bool; 2]| {
            let new = OLD.replace(from, to);
            assert_ne!(new, OLD);
            let seen = ["client-a", "client-b"].map(|feature| !same(OLD, &new, feature));
            assert_eq!(seen, changed, "{new}");
        };
        check("client-b = []", "client-b = [\"blog\"]", [false, true]);
        check("client-b = []", "client-b = []\nclient-c = [\"blog\"]", [false, false]);
        check("path = \"blog\"", "version = \"1\"", [true, false]);
        check("[\"dep:blog\"]", "[\"dep:blog\", \"blog/x\"]", [true, false]);
        check("[features]", "new = { version = \"1\", optional = true }\n[features]", [false; 2]);
        check("[features]", "new = \"1\"\n[features]", [true; 2]);
        check("[\"blog\"]\n", "[\"blog\", \"shop\"]\n", [true, false]);
        check("members = [\"blog\"]", "members = [\"x\"]", [false; 2]);
        check("name = \"app\"", "name = ", [true; 2]);
    }

    #[test]
    fn a_package_may_be_written_in_any_way_that_toml_has() {
        for text in ["[package]", "[ package ]\nname = \"a\"", "package.name = \"a\"", "a ="] {
            assert!(is_package(text), "{text}");
        }
        assert!(!is_package("# [package]\n[workspace]\n[workspace.package]\n"));
    }

    #[test]
    fn a_workspace_changes_where_its_packages_may_see_it() {
        let old = "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nserde = \"1\"\n";
        let same = |new: &str| same_workspace(old, new);
        assert!(same(&old.replace("[\"a\"]", "[\"a\", \"b\"]")));
        assert!(same(&format!("{old}toml = \"1\"\n")));
        assert!(!same(&old.replace("serde = \"1\"", "serde = \"2\"")));
        assert!(!same(&old.replace("serde = \"1\"", "")));
        assert!(!same(&format!("{old}[profile.release]\nlto = true\n")));
    }
}
