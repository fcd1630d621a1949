use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::compiled::{Compiled, PackageId};
use crate::crate_graph::Units;
use crate::error::Error;

/// A crate as Cargo's messages tell it: name, version, features. Which side it
/// is for they do not say.
type Told = (String, String, BTreeSet<String>);

/// Compares what was planned with what Cargo says it compiled.
pub(crate) fn check(units: &Units, compiled: &Compiled) -> Result<(), Error> {
    let planned: BTreeSet<Told> = units
        .iter()
        .map(|(name, version, _, features)| (name.clone(), version.clone(), features.clone()))
        .collect();
    let told: BTreeSet<Told> = compiled
        .crates
        .iter()
        // A build script has the features of its package, and is no crate of its own.
        .filter(|krate| !krate.kinds.iter().any(|kind| kind == "custom-build"))
        .map(|krate| {
            let features = krate.features.iter().cloned().collect();
            (krate.name.clone(), krate.version.clone(), features)
        })
        .collect();
    if planned == told {
        return Ok(());
    }
    Err(Error::no(format!(
        "what Cargo compiled is not what was planned, so the manifest would not be true{}{}",
        listed("planned and not compiled", planned.difference(&told)),
        listed("compiled and not planned", told.difference(&planned)),
    )))
}

fn listed<'t>(what: &str, crates: impl Iterator<Item = &'t Told>) -> String {
    let mut text = String::new();
    for (name, version, features) in crates {
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        text.push_str(&format!("\n  {what}: {name} {version} [{}]", features.join(", ")));
    }
    text
}

/// What build scripts told the linker to link, by the crate that they are of.
pub(crate) fn add_native_libs(document: &mut Value, compiled: &Compiled) {
    let mut libs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for script in &compiled.scripts {
        if let Some(PackageId { name, version }) = PackageId::parse(&script.package_id) {
            let linked = script.linked_libs.iter().map(String::as_str);
            libs.entry((name, version)).or_default().extend(linked);
        }
    }
    for krate in document["crates"].as_array_mut().into_iter().flatten() {
        let text = |key: &str| krate[key].as_str().unwrap_or_default();
        let found = libs.get(&(text("name"), text("version"))).cloned().unwrap_or_default();
        krate["native_libs"] = json!(found);
    }
}

#[cfg(test)]
mod tests {
    use plugo_build::Side;

    use super::*;
    use crate::compiled::{CompiledCrate, ScriptRun};

    fn krate(name: &str, version: &str, kind: &str, features: &[&str]) -> CompiledCrate {
        CompiledCrate {
            package_id: format!("registry+https://example.org#{name}@{version}"),
            name: name.to_owned(),
            version: version.to_owned(),
            kinds: vec![kind.to_owned()],
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
            files: Vec::new(),
            fresh: false,
        }
    }

    fn units(units: &[(&str, &str, Side, &[&str])]) -> Units {
        let owned = |&(name, version, side, features): &(&str, &str, Side, &[&str])| {
            let features = features.iter().map(|&feature| feature.to_owned()).collect();
            (name.to_owned(), version.to_owned(), side, features)
        };
        units.iter().map(owned).collect()
    }

    #[test]
    fn what_was_planned_and_compiled_is_verified_and_any_difference_is_told() {
        let planned = units(&[
            ("shop", "1.0.0", Side::Target, &["client-acme"]),
            ("serde", "1.0.2", Side::Target, &["std"]),
            ("serde", "1.0.2", Side::Host, &[]),
        ]);
        let whole = Compiled {
            crates: vec![
                krate("shop", "1.0.0", "bin", &["client-acme"]),
                krate("shop", "1.0.0", "custom-build", &["client-acme"]),
                krate("serde", "1.0.2", "lib", &["std"]),
                krate("serde", "1.0.2", "lib", &[]),
            ],
            ..Compiled::default()
        };
        check(&planned, &whole).unwrap();

        let changed = |change: fn(&mut Vec<CompiledCrate>)| {
            let mut compiled = whole.clone();
            change(&mut compiled.crates);
            match check(&planned, &compiled) {
                Err(Error::No(why)) => why.lines().skip(1).collect::<Vec<_>>().join("\n"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            changed(|crates| crates[2] = krate("serde", "1.0.3", "lib", &["std"])),
            "  planned and not compiled: serde 1.0.2 [std]\n  \
               compiled and not planned: serde 1.0.3 [std]"
        );
        assert_eq!(
            changed(|crates| drop(crates.remove(3))),
            "  planned and not compiled: serde 1.0.2 []"
        );
        assert_eq!(
            changed(|crates| crates.push(krate("more", "0.1.0", "proc-macro", &["a", "b"]))),
            "  compiled and not planned: more 0.1.0 [a, b]"
        );
        assert_eq!(
            changed(|crates| crates[2].features.push("rc".to_owned())),
            "  planned and not compiled: serde 1.0.2 [std]\n  \
               compiled and not planned: serde 1.0.2 [rc, std]"
        );
    }

    #[test]
    fn native_libraries_are_put_down_to_the_crate_whose_script_named_them() {
        let mut document = json!({ "crates": [
            { "name": "libz-sys", "version": "1.1.0" },
            { "name": "shop", "version": "1.0.0" },
        ] });
        let script = |package_id: &str, linked_libs: &[&str]| ScriptRun {
            package_id: package_id.to_owned(),
            linked_libs: linked_libs.iter().map(|&lib| lib.to_owned()).collect(),
        };
        let compiled = Compiled {
            scripts: vec![
                script("registry+https://example.org/index#libz-sys@1.1.0", &["static=z"]),
                script("path+file:///here/shop#1.0.0", &[]),
            ],
            ..Compiled::default()
        };
        add_native_libs(&mut document, &compiled);
        assert_eq!(document["crates"][0]["native_libs"], json!(["static=z"]));
        assert_eq!(document["crates"][1]["native_libs"], json!([]));
    }
}
