use std::collections::HashSet;

use plugo_core::Status;

use crate::error::Error;
use crate::model::InstanceId;
use crate::site::Site;
use crate::snapshot::{Ranked, Snapshot};

/// What is selected of a type now, and why.
#[derive(Debug)]
pub(crate) struct Selection {
    /// The revision that it is of.
    pub(crate) revision: i64,
    /// Whether this process goes by it; otherwise the database says so, and nobody
    /// here follows it.
    pub(crate) is_in_force: bool,
    /// Whether this program has the type.
    pub(crate) is_known: bool,
    /// The first ones, in the order of selection.
    pub(crate) candidates: Vec<Candidate>,
    /// How many instances of items of this program there are.
    pub(crate) total: usize,
    /// How many instances there are whose items are not in this program.
    pub(crate) elsewhere: u64,
}

/// An instance in the order of selection.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: InstanceId,
    pub(crate) subject: String,
    pub(crate) status: Status,
    pub(crate) priority: i32,
    pub(crate) is_selected: bool,
    pub(crate) why: String,
}

impl Selection {
    /// The one that is selected.
    pub(crate) fn selected(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.is_selected)
    }
}

/// The selection of a type, with the first `most` instances of it.
pub(crate) async fn selection(
    site: &Site,
    name: &str,
    package: &str,
    most: usize,
) -> Result<Selection, Error> {
    let (snapshot, is_in_force) = site.in_force().await?;
    Ok(selection_in(site, &snapshot, is_in_force, name, package, most))
}

/// The same, in a snapshot that is there already.
pub(crate) fn selection_in(
    site: &Site,
    snapshot: &Snapshot,
    is_in_force: bool,
    name: &str,
    package: &str,
    most: usize,
) -> Selection {
    let stored = snapshot.types.iter().find(|of| of.name == name && of.package == package);
    let all = stored.map_or(0, |of| of.items.iter().map(|item| item.instances.len()).sum());
    let ranked = snapshot.ranked(&site.registry, name, package);
    let taken_away = taken_away(site, name, package);
    let can_be = |ranked: &Ranked| {
        ranked.status != Status::Disabled
            && ranked.instance.settings.trouble().is_none()
            && !taken_away.contains(&key(ranked))
    };
    let is_away =
        |ranked: &Ranked| ranked.status != Status::Disabled && taken_away.contains(&key(ranked));
    let first = ranked.iter().position(can_be);
    // The selected one is shown wherever it stands.
    let shown = ranked.iter().enumerate().filter(|(i, _)| *i < most || Some(*i) == first);
    let candidates = shown.map(|(i, of)| Candidate {
        id: of.instance.id,
        subject: of.subject(),
        status: of.status,
        priority: of.priority,
        is_selected: Some(i) == first,
        why: match first {
            Some(first) if i == first => {
                why_selected(of, ranked[first + 1..].iter().find(|o| can_be(o)))
            }
            first => why_not(of, first.map(|first| &ranked[first]), is_away(of)),
        },
    });
    Selection {
        revision: snapshot.revision,
        is_in_force,
        is_known: site.registry.find_type(name, package).is_some(),
        candidates: candidates.collect(),
        total: ranked.len(),
        elsewhere: u64::try_from(all.saturating_sub(ranked.len())).unwrap_or(u64::MAX),
    }
}

fn key(ranked: &Ranked) -> (String, String) {
    (ranked.namespace.to_string(), ranked.item.to_string())
}

/// Items that `DISABLED_PLUGINS` took away from this process, which no operator
/// brings back.
fn taken_away(site: &Site, name: &str, package: &str) -> HashSet<(String, String)> {
    if !site.registry.is_of_program() {
        return HashSet::new();
    }
    let types = plugo_core::plugin_types();
    let same = types.iter().filter(|of| of.info().name() == name && of.info().package() == package);
    let away = same.flat_map(|of| of.items()).filter(|item| {
        let is_code = item.settings().is_some() && item.declared_status() == Status::Disabled;
        item.status() == Status::Disabled && !is_code
    });
    away.map(|item| (item.plugin().namespace().to_owned(), item.plugin().name().to_owned()))
        .collect()
}

fn why_selected(it: &Ranked, next: Option<&Ranked>) -> String {
    let Some(next) = next else {
        return match it.status {
            Status::Active => "the only one that can be selected".to_owned(),
            _ => "the only one that can be selected; it is in reserve".to_owned(),
        };
    };
    match it.status {
        Status::Active if next.status == Status::Active => format!("active, {}", before(it, next)),
        Status::Active => "the only active one".to_owned(),
        _ => format!("none is active; of those in reserve, {}", before(it, next)),
    }
}

fn before(it: &Ranked, next: &Ranked) -> String {
    if it.priority == next.priority {
        format!("first by name: `{}` has priority {}, too", next.subject(), next.priority)
    } else {
        format!("with the lowest priority, {}", it.priority)
    }
}

fn why_not(it: &Ranked, first: Option<&Ranked>, is_taken_away: bool) -> String {
    if is_taken_away {
        return "DISABLED_PLUGINS takes it away from this process".to_owned();
    }
    if let Some(why) = it.instance.settings.trouble() {
        return format!("passed over: {why}");
    }
    match (it.status, first) {
        (Status::Disabled, _) if it.instance.status.is_none() => "disabled by its code".to_owned(),
        (Status::Disabled, _) => "disabled by an operator".to_owned(),
        (Status::Reserve, Some(first)) if first.status == Status::Active => {
            "in reserve: selected when none is active".to_owned()
        }
        (_, Some(first)) if it.priority == first.priority => {
            format!("has the same priority, and comes after `{}` by name", first.subject())
        }
        (_, Some(_)) => format!("its priority is {}", it.priority),
        // Without a first one, each is disabled.
        (_, None) => "cannot be selected".to_owned(),
    }
}
