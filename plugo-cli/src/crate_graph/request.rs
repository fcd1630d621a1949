use std::collections::{BTreeMap, BTreeSet};

use plugo_build::Project;

use crate::crate_graph::workspace::item_feature;

/// What is switched on in the app: as Cargo's command line would say it, or
/// that without some of the app's dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Features of the app, with those that stand for an item of a list.
    pub(crate) features: BTreeSet<String>,
}

impl Request {
    /// Everything that is on in a project's environment.
    pub(crate) fn of(project: &Project) -> Self {
        let environment = project.environment();
        let mut request = Request { features: environment.features.clone() };
        for item in &environment.dependency_features {
            request.turn_on(item, &BTreeSet::new());
        }
        request
    }

    /// The same without some dependencies of the app, and without what was
    /// switched on for them: a feature of theirs goes with all that it turns
    /// on. One that also is about others, as a client's is, loses only what it
    /// says of them.
    pub(crate) fn without(project: &Project, left_out: &BTreeSet<String>) -> Self {
        let app = App { features: project.features(), left_out };
        let environment = project.environment();
        let mut request = Request::default();
        let on = &environment.features;
        // What nothing else turned on was asked for; what is left are circles.
        let turned_on: BTreeSet<&str> = on
            .iter()
            .flat_map(|feature| app.items(feature))
            .filter(|item| on.contains(*item))
            .collect();
        let mut open: Vec<&str> =
            on.iter().map(String::as_str).filter(|f| !turned_on.contains(f)).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(feature) = open.pop() {
            if !on.contains(feature) || !seen.insert(feature) || app.is_of_left_out(feature) {
                continue;
            }
            if !app.reaches_left_out(feature) {
                request.features.insert(feature.to_owned());
                continue;
            }
            for item in app.items(feature) {
                match app.features.contains_key(item) {
                    true => open.push(item),
                    false => request.turn_on(item, left_out),
                }
            }
        }
        for item in &environment.dependency_features {
            request.turn_on(item, left_out);
        }
        request
    }

    /// `dep:key`, `key/feature` or `key?/feature`, or the key itself.
    fn turn_on(&mut self, item: &str, left_out: &BTreeSet<String>) {
        if !left_out.contains(key(item)) {
            self.features.insert(item_feature(item));
        }
    }
}

/// The dependency that an item of a feature's list is about, or may be.
fn key(item: &str) -> &str {
    match (item.strip_prefix("dep:"), item.split_once('/')) {
        (Some(key), _) => key,
        (None, Some((key, _))) => key.strip_suffix('?').unwrap_or(key),
        (None, None) => item,
    }
}

/// The features of the app, and what is to be left out.
struct App<'p> {
    features: BTreeMap<&'p str, &'p [String]>,
    left_out: &'p BTreeSet<String>,
}

impl<'p> App<'p> {
    fn items(&self, feature: &str) -> impl Iterator<Item = &'p str> + use<'p> {
        self.features.get(feature).copied().unwrap_or_default().iter().map(String::as_str)
    }

    fn is_about_left_out(&self, item: &str) -> bool {
        // A feature that is written is a feature, also where a dependency has its name.
        !self.features.contains_key(item) && self.left_out.contains(key(item))
    }

    /// Whether a feature is there for what is left out: it turns it on itself,
    /// and no other dependency.
    fn is_of_left_out(&self, feature: &str) -> bool {
        if feature == "default" || feature.starts_with("client-") {
            return false;
        }
        if self.is_about_left_out(feature) {
            return true;
        }
        let mut dependencies = self.items(feature).filter(|item| item.starts_with("dep:"));
        self.items(feature).any(|item| self.is_about_left_out(item))
            && dependencies.all(|item| self.is_about_left_out(item))
    }

    fn reaches_left_out(&self, feature: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![feature];
        while let Some(feature) = open.pop() {
            if !seen.insert(feature.to_owned()) {
                continue;
            }
            if self.is_about_left_out(feature) {
                return true;
            }
            open.extend(self.items(feature));
        }
        false
    }
}
