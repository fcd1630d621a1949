use plugo_core::Status;

use crate::board::{TakenAway, may_be_selected};
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
    let away = TakenAway::of(&site.registry);
    let can_be = |ranked: &Ranked| may_be_selected(ranked, &away);
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
                let why = why_selected(of, ranked[first + 1..].iter().find(|o| can_be(o)));
                why + &unusable(of)
            }
            first => why_not(of, first.map(|first| &ranked[first]), away.has(of)),
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
    let why = match (it.status, first) {
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
    };
    why + &unusable(it)
}

/// What is added where it cannot be made.
fn unusable(it: &Ranked) -> String {
    let why = it.instance.settings.trouble();
    why.map_or_else(String::new, |why| format!("; but its settings cannot be read: {why}"))
}
