use std::collections::{BTreeMap, BTreeSet};

use plugo_build::Plan;

use crate::binary::{EmbeddedPlugin, Part, Shipped};
use crate::manifest::Manifest;

/// What a file should have in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) app: String,
    pub(crate) client: Option<String>,
    pub(crate) features: Vec<String>,
    /// In load order.
    pub(crate) plugins: Vec<ExpectedPlugin>,
    /// `None` where the crates are not known.
    pub(crate) crates: Option<BTreeSet<(String, String)>>,
    /// `None` where it is not known for which target the file is.
    pub(crate) target: Option<String>,
    /// `None` where the manifest that the build made is not known.
    pub(crate) fingerprint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpectedPlugin {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) package: String,
    pub(crate) package_version: String,
}

/// How a file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What kind of a difference it is, for programs.
    pub(crate) kind: &'static str,
    /// What it is about: a plugin, a crate, a feature.
    pub(crate) subject: Option<String>,
    /// What is expected, where that is a value.
    pub(crate) expected: Option<String>,
    /// What the file has.
    pub(crate) found: Option<String>,
    /// The same, for people.
    pub(crate) message: String,
}

impl Expected {
    /// What a build of this plan has, without its crates.
    pub(crate) fn plan(plan: &Plan) -> Self {
        let plugins = plan.plugins.iter().map(|plugin| ExpectedPlugin {
            namespace: plugin.id.namespace.clone(),
            name: plugin.id.name.clone(),
            version: plugin.version.to_string(),
            package: plugin.package.clone(),
            package_version: plugin.package_version.clone(),
        });
        Expected {
            app: plan.app.clone(),
            client: plan.client.clone(),
            features: plan.features.clone(),
            plugins: plugins.collect(),
            ..Expected::default()
        }
    }

    /// What a manifest says.
    pub(crate) fn manifest(manifest: &Manifest) -> Self {
        let plugins = manifest.plugins().map(|plugin| ExpectedPlugin {
            namespace: plugin.namespace().to_owned(),
            name: plugin.name().to_owned(),
            version: plugin.version().to_owned(),
            package: plugin.package().to_owned(),
            package_version: plugin.package_version().to_owned(),
        });
        let crates = manifest.crates().map(|k| (k.name().to_owned(), k.version().to_owned()));
        Expected {
            app: manifest.app().to_owned(),
            client: manifest.client().map(str::to_owned),
            features: manifest.features().into_iter().map(str::to_owned).collect(),
            plugins: plugins.collect(),
            crates: Some(crates.collect()),
            target: Some(manifest.target().to_owned()),
            fingerprint: Some(manifest.fingerprint().to_owned()),
        }
    }
}

/// A plugin as people write it.
pub(crate) fn shown(namespace: &str, name: &str) -> String {
    match namespace {
        plugo::DEFAULT_NAMESPACE => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// Everything in which a file is not what it should be.
pub(crate) fn differences(shipped: &Shipped, expected: &Expected) -> Vec<Difference> {
    let mut all = Differences::default();
    all.client(shipped, expected);
    all.entry_points(shipped, expected);
    match &shipped.embedded {
        Part::There(embedded) => {
            all.value("other-app", "app", &expected.app, &embedded.app);
            if let Some(target) = &expected.target {
                all.value("other-target", "target", target, &embedded.target);
            }
            all.plugins(&expected.plugins, &embedded.plugins);
            all.features(&expected.features, &embedded.features);
            if let Some(crates) = &expected.crates {
                let found = embedded.crates.iter().map(|c| (c.name.clone(), c.version.clone()));
                all.crates(crates, &found.collect());
            }
            // It is of everything, so it says nothing beside another difference.
            if let (Some(fingerprint), true) = (&expected.fingerprint, all.0.is_empty()) {
                all.value("other-fingerprint", "fingerprint", fingerprint, &embedded.fingerprint);
            }
        }
        Part::Absent => all.part(
            "no-manifest",
            "it has no section `.plugo0`, which every build leaves in it: order, client and \
             versions cannot be compared",
        ),
        Part::Damaged(why) => all.part("damaged", &format!("its manifest is damaged: {why}")),
        Part::Newer(format) => {
            all.part("newer", &format!("its manifest was made by a newer plugo (format {format})"))
        }
    }
    if let Some(why) = &shipped.damaged {
        all.part("damaged", &format!("its sections cannot be read: {why}"));
    }
    if shipped.damaged_marks {
        all.part("damaged", "it has entry points whose names cannot be read");
    }
    if shipped.newer_marks {
        all.part("newer", "it has entry points that a newer plugo made");
    }
    all.0
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(
        &mut self,
        kind: &'static str,
        subject: Option<String>,
        expected: Option<&str>,
        found: Option<&str>,
        message: String,
    ) {
        let [expected, found] = [expected, found].map(|value| value.map(str::to_owned));
        self.0.push(Difference { kind, subject, expected, found, message });
    }

    fn part(&mut self, kind: &'static str, message: &str) {
        self.add(kind, None, None, None, message.to_owned());
    }

    fn value(&mut self, kind: &'static str, what: &str, expected: &str, found: &str) {
        if expected != found {
            let message = format!("its {what} is {found}, and not {expected}");
            self.add(kind, None, Some(expected), Some(found), message);
        }
    }

    /// Whose file it is: what else differs follows from it.
    fn client(&mut self, shipped: &Shipped, expected: &Expected) {
        let Some(embedded) = shipped.embedded.get() else { return };
        let named = |client: &Option<String>| match client {
            Some(client) => format!("`{client}`"),
            None => "no client".to_owned(),
        };
        let (wanted, found) = (&expected.client, &embedded.client);
        if wanted != found {
            let message =
                format!("it was built for {}, and not for {}", named(found), named(wanted));
            self.add("other-client", None, wanted.as_deref(), found.as_deref(), message);
        }
    }

    /// Whether something was said of this subject already.
    fn has(&self, kind: &str, subject: &str) -> bool {
        self.0.iter().any(|d| d.kind == kind && d.subject.as_deref() == Some(subject))
    }

    /// What is linked against what is planned.
    fn entry_points(&mut self, shipped: &Shipped, expected: &Expected) {
        for plugin in &expected.plugins {
            let id = shown(&plugin.namespace, &plugin.name);
            let wanted = format!("{} {}", plugin.package, plugin.package_version);
            let marks: Vec<_> = shipped
                .marks
                .iter()
                .filter(|mark| mark.namespace == plugin.namespace && mark.name == plugin.name)
                .collect();
            if marks.is_empty() {
                let message = format!("`{id}` is planned, and its entry point is not linked");
                self.add("missing", Some(id.clone()), Some(&wanted), None, message);
            }
            for mark in marks {
                let found = format!("{} {}", mark.package, mark.version);
                if found != wanted {
                    let message = format!("`{id}` is linked from {found}, and not from {wanted}");
                    self.add(
                        "other-version",
                        Some(id.clone()),
                        Some(&wanted),
                        Some(&found),
                        message,
                    );
                }
            }
        }
        for mark in &shipped.marks {
            let is = |plugin: &ExpectedPlugin| {
                plugin.namespace == mark.namespace && plugin.name == mark.name
            };
            if !expected.plugins.iter().any(is) {
                let id = shown(&mark.namespace, &mark.name);
                let found = format!("{} {}", mark.package, mark.version);
                let message = format!("`{id}` is linked (from {found}), and not planned");
                self.add("surplus", Some(id), None, Some(&found), message);
            }
        }
    }

    /// The plan in the file against the plan.
    fn plugins(&mut self, expected: &[ExpectedPlugin], found: &[EmbeddedPlugin]) {
        let ids = |plugins: &mut dyn Iterator<Item = (&String, &String)>| {
            plugins.map(|(namespace, name)| shown(namespace, name)).collect::<Vec<_>>()
        };
        let wanted = ids(&mut expected.iter().map(|plugin| (&plugin.namespace, &plugin.name)));
        let had = ids(&mut found.iter().map(|plugin| (&plugin.namespace, &plugin.name)));
        let versions: BTreeMap<&String, &String> =
            had.iter().zip(found.iter().map(|plugin| &plugin.version)).collect();
        for (id, plugin) in wanted.iter().zip(expected) {
            match versions.get(id) {
                None if self.has("missing", id) => {}
                None => {
                    let message = format!("the manifest in it does not list `{id}`");
                    self.add("not-listed", Some(id.clone()), Some(&plugin.version), None, message);
                }
                Some(version) if **version != plugin.version => {
                    let message =
                        format!("`{id}` has version {version}, and not {}", plugin.version);
                    self.add(
                        "other-version",
                        Some(id.clone()),
                        Some(&plugin.version),
                        Some(version),
                        message,
                    );
                }
                Some(_) => {}
            }
        }
        for id in had.iter().filter(|id| !wanted.contains(id)) {
            if self.has("surplus", id) {
                continue;
            }
            let message = format!("the manifest in it lists `{id}`, which is not planned");
            self.add(
                "listed",
                Some(id.clone()),
                None,
                versions.get(id).map(|v| v.as_str()),
                message,
            );
        }
        let common = |ids: &[String], others: &[String]| {
            ids.iter().filter(|id| others.contains(id)).cloned().collect::<Vec<_>>().join(", ")
        };
        let (in_plan, in_file) = (common(&wanted, &had), common(&had, &wanted));
        if in_plan != in_file {
            let message = format!("its plugins load in the order {in_file}, and not {in_plan}");
            self.add("other-order", None, Some(&in_plan), Some(&in_file), message);
        }
    }

    fn features(&mut self, expected: &[String], found: &[String]) {
        for feature in expected.iter().filter(|feature| !found.contains(feature)) {
            let message = format!("the feature `{feature}` was off");
            self.add("feature-off", Some(feature.clone()), None, None, message);
        }
        for feature in found.iter().filter(|feature| !expected.contains(feature)) {
            let message = format!("the feature `{feature}` was on, which this build has off");
            self.add("feature-on", Some(feature.clone()), None, None, message);
        }
    }

    fn crates(
        &mut self,
        expected: &BTreeSet<(String, String)>,
        found: &BTreeSet<(String, String)>,
    ) {
        for (name, version) in expected.difference(found) {
            let message =
                format!("the crate {name} {version} is planned, and was not in the build");
            self.add("crate-missing", Some(name.clone()), Some(version), None, message);
        }
        for (name, version) in found.difference(expected) {
            let message =
                format!("the crate {name} {version} was in the build, and is not planned");
            self.add("crate-surplus", Some(name.clone()), None, Some(version), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::binary::{Embedded, Mark};

    use super::*;

    fn plugin(name: &str, version: &str) -> ExpectedPlugin {
        ExpectedPlugin {
            namespace: "plugins".to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            package: format!("shop-{name}"),
            package_version: "1.0.0".to_owned(),
        }
    }

    fn expected() -> Expected {
        Expected {
            app: "shop".to_owned(),
            client: Some("acme".to_owned()),
            features: vec!["client-acme".to_owned()],
            plugins: vec![plugin("blog", "0.3.0"), plugin("auth", "1.0.0")],
            crates: Some(BTreeSet::from([("serde".to_owned(), "1.0.0".to_owned())])),
            target: None,
            fingerprint: Some("sha256:00".to_owned()),
        }
    }

    /// The file that a build of these has.
    fn shipped(expected: &Expected) -> Shipped {
        let plugins = expected.plugins.iter().cloned();
        let marks = plugins.clone().map(|plugin| Mark {
            namespace: plugin.namespace,
            name: plugin.name,
            package: plugin.package,
            version: plugin.package_version,
        });
        let embedded = Embedded {
            app: expected.app.clone(),
            app_version: "1.0.0".to_owned(),
            client: expected.client.clone(),
            fingerprint: expected.fingerprint.clone().unwrap(),
            target: "wasm32-wasip1".to_owned(),
            features: expected.features.clone(),
            plugins: plugins
                .map(|plugin| EmbeddedPlugin {
                    namespace: plugin.namespace,
                    name: plugin.name,
                    version: plugin.version,
                    package: plugin.package,
                    package_version: None,
                })
                .collect(),
            crates: vec![crate::binary::EmbeddedCrate {
                name: "serde".to_owned(),
                version: "1.0.0".to_owned(),
                role: "linked".to_owned(),
                plugins: Vec::new(),
            }],
        };
        Shipped {
            bytes: 1,
            kind: Some("elf"),
            damaged: None,
            marks: marks.collect(),
            newer_marks: false,
            damaged_marks: false,
            embedded: Part::There(embedded),
            audit: Part::Absent,
        }
    }

    #[track_caller]
    fn check(shipped: &Shipped, kinds: &[&str]) {
        let found = differences(shipped, &expected());
        let found: Vec<&str> = found.iter().map(|difference| difference.kind).collect();
        assert_eq!(found, kinds);
    }

    #[test]
    fn a_file_that_is_as_planned_has_no_difference() {
        check(&shipped(&expected()), &[]);
    }

    #[test]
    fn each_thing_that_can_differ_is_told_of_alone() {
        let with = |change: fn(&mut Expected)| {
            let mut other = expected();
            change(&mut other);
            shipped(&other)
        };
        check(&with(|e| e.app = "site".to_owned()), &["other-app"]);
        check(&with(|e| e.client = None), &["other-client"]);
        check(&with(|e| e.plugins.swap(0, 1)), &["other-order"]);
        check(&with(|e| drop(e.plugins.pop())), &["missing"]);
        check(&with(|e| e.plugins.push(plugin("zoo", "1.0.0"))), &["surplus"]);
        check(&with(|e| e.plugins[0].version = "0.4.0".to_owned()), &["other-version"]);
        check(&with(|e| e.plugins[0].package_version = "2.0.0".to_owned()), &["other-version"]);
        check(&with(|e| e.plugins[0].package = "other".to_owned()), &["other-version"]);
        check(&with(|e| e.features.push("debug".to_owned())), &["feature-on"]);
        check(&with(|e| e.features.clear()), &["feature-off"]);
        check(&with(|e| e.fingerprint = Some("sha256:11".to_owned())), &["other-fingerprint"]);
    }

    #[test]
    fn the_entry_points_and_the_manifest_are_each_held_against_the_plan() {
        let mut file = shipped(&expected());
        file.marks.pop_first();
        check(&file, &["missing"]);

        let mut file = shipped(&expected());
        let Part::There(embedded) = &mut file.embedded else { panic!() };
        embedded.plugins.pop();
        check(&file, &["not-listed"]);
        let Part::There(embedded) = &mut file.embedded else { panic!() };
        embedded.plugins = shipped(&expected()).embedded.get().unwrap().plugins.clone();
        embedded.crates[0].version = "1.0.1".to_owned();
        check(&file, &["crate-missing", "crate-surplus"]);
    }

    #[test]
    fn a_file_that_does_not_tell_all_is_not_verified() {
        let parts = [
            (Part::Absent, "no-manifest"),
            (Part::Damaged("why".to_owned()), "damaged"),
            (Part::Newer(2), "newer"),
        ];
        for (part, kind) in parts {
            check(&Shipped { embedded: part, ..shipped(&expected()) }, &[kind]);
        }
        check(&Shipped { damaged: Some("why".to_owned()), ..shipped(&expected()) }, &["damaged"]);
        check(&Shipped { damaged_marks: true, ..shipped(&expected()) }, &["damaged"]);
        check(&Shipped { newer_marks: true, ..shipped(&expected()) }, &["newer"]);
    }
}
