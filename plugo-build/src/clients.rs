use std::collections::BTreeSet;

use plugo_core::Source;

use crate::config::{CLIENT_FEATURE, Config, Selection};
use crate::diagnostic::{Code, Diagnostic, Problems, Severity, list};
use crate::known::Known;
use crate::package::Package;
use crate::select::{Index, select};

/// Holds every client's file against its cargo feature: the crates that the
/// one needs are the crates that the other turns on.
pub(crate) fn check_clients(
    app: &Package,
    index: &Index<'_>,
    config: &Config,
    problems: &mut Problems,
) {
    for (client, listed) in &config.clients {
        let selection = Selection {
            client: Some(client.clone()),
            file: Some((Source::Client, listed.clone())),
            environment: BTreeSet::new(),
        };
        let mut found = Problems::default();
        let selected = select(index, &selection, &mut found);
        // Which features are on is a matter of this build, not of the client.
        let of_this_build = |d: &Diagnostic| matches!(d.code, Code::FeatureOff | Code::OtherTarget);
        let found: Vec<Diagnostic> =
            found.into_warnings().into_iter().filter(|d| !of_this_build(d)).collect();
        let broken = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        found.into_iter().for_each(|diagnostic| problems.add(diagnostic));
        if broken {
            // What the client needs is not known, and one mistake gives one error.
            continue;
        }
        let optional = |known: &Known| -> Option<String> {
            let package = known.package.as_ref()?;
            app.dependencies
                .iter()
                .find(|d| d.optional && d.package == package.name)
                .map(|d| d.key.clone())
        };
        let plugins: BTreeSet<String> = index.all.iter().filter_map(optional).collect();
        let needed: BTreeSet<String> =
            selected.keys().filter_map(|id| optional(index.get(id)?)).collect();
        let feature = format!("{CLIENT_FEATURE}{client}");
        let on: BTreeSet<String> = app
            .turned_on_by(&feature)
            .into_iter()
            .filter(|key| plugins.contains(*key))
            .map(str::to_owned)
            .collect();
        let declared = app.features.get(&feature);
        if declared.is_some() && on == needed {
            continue;
        }
        refuse_feature(app, client, &needed, &on, problems);
    }
}

fn refuse_feature(
    app: &Package,
    client: &str,
    needed: &BTreeSet<String>,
    on: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let feature = format!("{CLIENT_FEATURE}{client}");
    let declared = app.features.get(&feature);
    let items: Vec<String> = needed
        .iter()
        .map(|key| {
            let own = app.features_for(key).into_iter().find(|feature| {
                !feature.starts_with(CLIENT_FEATURE) && app.turned_on_by(feature).len() == 1
            });
            own.map_or_else(|| format!("\"dep:{key}\""), |feature| format!("\"{feature}\""))
        })
        .collect();
    let message = match declared {
        None => format!("the client `{client}` has no feature `{feature}`"),
        Some(_) => format!("the feature `{feature}` and the file of the client `{client}` differ"),
    };
    let mut diagnostic = Diagnostic::error(Code::ClientFeature, message)
        .at(declared.map_or_else(|| app.manifest.clone(), |feature| feature.place.clone()))
        .help(format!("write `{feature} = [{}]` in [features]", items.join(", ")));
    if declared.is_some() {
        let missing: Vec<_> = needed.difference(on).collect();
        let surplus: Vec<_> = on.difference(needed).collect();
        if !missing.is_empty() {
            diagnostic = diagnostic
                .note(format!("the file needs {}, which the feature leaves off", list(missing)));
        }
        if !surplus.is_empty() {
            diagnostic = diagnostic.note(format!(
                "the feature turns on {}, which the file does not need",
                list(surplus)
            ));
        }
    }
    problems.add(diagnostic);
}
