use std::collections::BTreeSet;

use toml::{Table, Value};

/// A package of a lock file: name and version.
pub(super) type Locked = (String, String);

/// The packages of a lock file that an older one does not have, or has
/// otherwise. Folders are left out: their own files say what changed. `None`
/// when one of the two is no lock file.
pub(super) fn changed(old: &str, new: &str) -> Option<BTreeSet<Locked>> {
    let [old, new] = [old, new].map(|text| text.parse::<Table>().ok());
    let (old, new) = (packages(&old?)?, packages(&new?)?);
    let changed = new.into_iter().filter(|package| !old.contains(package));
    Some(
        changed
            .filter(|package| package.get("source").is_some())
            .filter_map(|package| {
                let of = |key: &str| package.get(key)?.as_str().map(str::to_owned);
                Some((of("name")?, of("version")?))
            })
            .collect(),
    )
}

fn packages(lock: &Table) -> Option<Vec<Value>> {
    match lock.get("package") {
        Some(packages) => packages.as_array().cloned(),
        None => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str, &str)]) -> String {
        let package = |&(name, version, more): &(&str, &str, &str)| {
            format!("[[package]]\nname = {name:?}\nversion = {version:?}\n{more}\n")
        };
        packages.iter().map(package).collect()
    }

    #[test]
    fn what_is_new_or_other_has_changed_and_folders_have_not() {
        let registry = "source = \"registry+x\"\n";
        let old = lock(&[("a", "1.0.0", registry), ("b", "1.0.0", registry), ("app", "1.0.0", "")]);
        let checksum = "source = \"registry+x\"\nchecksum = \"other\"\n";
        let new = lock(&[
            ("a", "1.0.1", registry),
            ("b", "1.0.0", checksum),
            ("app", "1.0.0", "dependencies = [\"a\"]\n"),
        ]);
        let names: Vec<Locked> = changed(&old, &new).unwrap().into_iter().collect();
        assert_eq!(names, [("a".into(), "1.0.1".into()), ("b".into(), "1.0.0".into())]);
        assert_eq!(changed(&old, &old), Some(BTreeSet::new()));
        assert_eq!(changed("no = lock", "file ="), None);
    }
}
