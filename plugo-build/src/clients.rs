use std::collections::{BTreeMap, BTreeSet};

use plugo_core::Source;

use crate::config::{CLIENT_FEATURE, Config, Listed, Selection};
use crate::diagnostic::{Code, Diagnostic, Problems, Severity, list};
use crate::known::{Availability, Known};
use crate::package::Package;
use crate::select::{Index, Selected, select};

/// Holds every client's file against its cargo feature: the crates that the
/// one needs are the crates that the other turns on.
pub(crate) fn check_clients(
    app: &Package,
    index: &Index<'_>,
    config: &Config,
    not_read: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let crates = PluginCrates::new(app, index);
    for (client, listed) in &config.clients {
        // Cargo downloads what this build needs; of another client, names may be
        // those of plugins that are not on this machine.
        if config.selection.client.as_ref() != Some(client) && !not_read.is_empty() {
            continue;
        }
        // Where what the client needs is not known, that is the one error.
        let Ok((_, comparison)) = compare(&crates, index, client, listed, problems) else {
            continue;
        };
        comparison.refuse_difference(problems);
        if config.selection.client.as_ref() == Some(client) {
            comparison.warn_of_surplus(index, problems);
        }
    }
}

/// What a client's file needs, with what that needs, held against the crates
/// of the app. `Err` when the file asks for what cannot be.
pub(crate) fn compare<'c>(
    crates: &'c PluginCrates<'c>,
    index: &'c Index<'_>,
    client: &'c str,
    listed: &Listed,
    problems: &mut Problems,
) -> Result<(Selected, Comparison<'c>), Broken> {
    let selection = Selection {
        client: Some(client.to_owned()),
        file: Some((Source::Client, listed.clone())),
        environment: BTreeSet::new(),
        // Which features are on is a matter of one build, not of the client.
        any_build: true,
    };
    let mut found = Problems::default();
    let selected = select(index, &selection, &mut found);
    let found = found.into_warnings();
    let broken = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    found.into_iter().for_each(|diagnostic| problems.add(diagnostic));
    if broken {
        return Err(Broken);
    }
    let mut needed: BTreeMap<&str, &str> = BTreeMap::new();
    for known in selected.keys().filter_map(|id| index.get(id)) {
        if let Some(key) = crates.of(known) {
            needed.insert(key, &known.id.name);
        }
    }
    Ok((selected, Comparison { crates, client, needed }))
}

/// The optional dependencies of the app that have plugins.
pub(crate) struct PluginCrates<'c> {
    app: &'c Package,
    /// Their keys, by package.
    by_package: BTreeMap<&'c str, &'c str>,
    keys: BTreeSet<&'c str>,
}

impl<'c> PluginCrates<'c> {
    pub(crate) fn new(app: &'c Package, index: &Index<'_>) -> Self {
        let packages = index.all.iter().filter_map(|known| known.package.as_ref());
        let packages: BTreeSet<&str> = packages.map(|package| package.name.as_str()).collect();
        let mut by_package = BTreeMap::new();
        for dependency in app.dependencies.iter().filter(|dependency| dependency.optional) {
            if packages.contains(dependency.package.as_str()) {
                by_package.entry(dependency.package.as_str()).or_insert(dependency.key.as_str());
            }
        }
        let keys = by_package.values().copied().collect();
        PluginCrates { app, by_package, keys }
    }

    /// The key of the dependency that a plugin is in.
    fn of(&self, known: &Known) -> Option<&'c str> {
        self.by_package.get(known.package.as_ref()?.name.as_str()).copied()
    }

    /// Those that an item of a feature's list turns on.
    fn turned_on_by<'i>(&self, item: &'i str) -> BTreeSet<&'i str>
    where
        'c: 'i,
    {
        let on = self.app.turned_on_by(item);
        on.into_iter().filter(|key| self.keys.contains(key)).collect()
    }
}

/// A client's file asks for what cannot be; the problems say what.
pub(crate) struct Broken;

/// A client's file beside its feature.
pub(crate) struct Comparison<'c> {
    crates: &'c PluginCrates<'c>,
    client: &'c str,
    /// The crates that the file needs, each with a plugin in it.
    needed: BTreeMap<&'c str, &'c str>,
}

impl Comparison<'_> {
    fn refuse_difference(&self, problems: &mut Problems) {
        let Comparison { crates: PluginCrates { app, .. }, client, .. } = self;
        let feature = format!("{CLIENT_FEATURE}{client}");
        let help = || {
            let items: Vec<String> =
                self.right_items().iter().map(|item| format!("\"{item}\"")).collect();
            format!("write `{feature} = [{}]` in [features]", items.join(", "))
        };
        let Some(declared) = app.features.get(&feature) else {
            let message = format!("the client `{client}` has no feature `{feature}`");
            let diagnostic = Diagnostic::error(Code::ClientFeature, message);
            problems.add(diagnostic.at(app.manifest.clone()).help(help()));
            return;
        };
        let (missing, surplus) = self.difference(&feature);
        if missing.is_empty() && surplus.is_empty() {
            return;
        }
        let message =
            format!("the feature `{feature}` and the file of the client `{client}` differ");
        let mut diagnostic =
            Diagnostic::error(Code::ClientFeature, message).at(declared.place.clone()).help(help());
        if !missing.is_empty() {
            let note = format!("the file needs {}, which the feature leaves off", list(missing));
            diagnostic = diagnostic.note(note);
        }
        if !surplus.is_empty() {
            let note =
                format!("the feature turns on {}, which the file does not need", list(surplus));
            diagnostic = diagnostic.note(note);
        }
        problems.add(diagnostic);
    }

    /// Whether the feature is there and turns on what the file needs.
    pub(crate) fn is_met(&self) -> bool {
        let feature = format!("{CLIENT_FEATURE}{}", self.client);
        let (missing, surplus) = self.difference(&feature);
        self.crates.app.features.contains_key(&feature) && missing.is_empty() && surplus.is_empty()
    }

    /// The crates that the file needs and the feature leaves off, and those
    /// that the feature turns on and the file does not need.
    fn difference<'d>(&'d self, feature: &'d str) -> (Vec<&'d str>, Vec<&'d str>) {
        let on = self.crates.turned_on_by(feature);
        let missing = self.needed.keys().copied().filter(|key| !on.contains(key)).collect();
        let surplus = on.iter().copied().filter(|key| !self.needed.contains_key(key)).collect();
        (missing, surplus)
    }

    /// More may be compiled in than the client needs: `--no-default-features`
    /// was left out.
    fn warn_of_surplus(&self, index: &Index<'_>, problems: &mut Problems) {
        let mut surplus: Vec<&str> = Vec::new();
        for known in index.all {
            let Availability::Feature { feature, .. } = &known.availability else { continue };
            let on = self.crates.app.turned_on_by(feature);
            if !self.needed.keys().any(|key| on.contains(key))
                && !surplus.contains(&feature.as_str())
            {
                surplus.push(feature);
            }
        }
        if !surplus.is_empty() {
            let client = self.client;
            let message = format!(
                "this build for `{client}` also compiles what it does not need: the features {} are on",
                list(surplus)
            );
            problems.add(Diagnostic::warning(Code::ClientFeature, message).help(format!(
                "build with `--no-default-features --features {CLIENT_FEATURE}{client}`"
            )));
        }
    }

    /// What the feature's list should be: what it has that turns on nothing
    /// but what the file needs, and one item for each crate that then lacks.
    pub(crate) fn right_items(&self) -> Vec<String> {
        let feature = self.crates.app.features.get(&format!("{CLIENT_FEATURE}{}", self.client));
        let had = feature.map(|feature| feature.turns_on.as_slice()).unwrap_or_default();
        let right = |item: &&String| {
            let on = self.crates.turned_on_by(item);
            on.iter().all(|key| self.needed.contains_key(*key))
        };
        let kept: Vec<String> = had.iter().filter(right).cloned().collect();
        let on: BTreeSet<&str> =
            kept.iter().flat_map(|item| self.crates.turned_on_by(item)).collect();
        let lacking = self.needed.iter().filter(|(key, _)| !on.contains(*key));
        let lacking = lacking.map(|(key, plugin)| {
            let alone: Vec<&str> = self
                .crates
                .app
                .features_for(key)
                .iter()
                .map(String::as_str)
                .filter(|f| {
                    !f.starts_with(CLIENT_FEATURE) && self.crates.turned_on_by(f).len() == 1
                })
                .collect();
            let named = alone.iter().find(|feature| *feature == plugin);
            named.or(alone.first()).map_or_else(|| format!("dep:{key}"), |f| (*f).to_owned())
        });
        let lacking: Vec<String> = lacking.collect();
        kept.into_iter().chain(lacking).collect()
    }
}
