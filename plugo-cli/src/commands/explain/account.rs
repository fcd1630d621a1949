use std::collections::BTreeSet;
use std::fmt;

use plugo_build::{Id, Project};
use serde_json::{Value, json};

use super::steps::steps;
use crate::outcome::{Because, Outcome, State};
use crate::table::Table;

/// What there is to say about one plugin.
pub(super) struct Account<'a> {
    outcome: &'a Outcome,
    planned: usize,
    because: Vec<Link>,
    depends_on: Vec<Related<'a>>,
    dependents: Vec<Related<'a>>,
    clients: Vec<String>,
    steps: Vec<String>,
    available_at: Option<String>,
    refused: bool,
}

/// One reason, with the reasons of the plugin that it names.
struct Link {
    because: Because,
    /// Where the dependency is written.
    written: Option<String>,
    /// Why the dependent is in the build; empty where that was said already.
    further: Vec<Link>,
}

/// A plugin at the other end of a dependency.
struct Related<'a> {
    id: Id,
    /// The dependency as it is written, and where.
    written: String,
    place: String,
    /// `None` where there is no such plugin.
    outcome: Option<&'a Outcome>,
}

impl<'a> Account<'a> {
    pub(super) fn new(
        project: &Project,
        outcomes: &'a [Outcome],
        outcome: &'a Outcome,
        refused: bool,
    ) -> Self {
        let plugin = &outcome.plugin;
        let get = |id: &Id| outcomes.iter().find(|outcome| outcome.plugin.id == *id);
        let depends_on = plugin.needs.iter().map(|need| Related {
            id: need.id.clone(),
            written: need.written.clone(),
            place: need.place.to_string(),
            outcome: get(&need.id),
        });
        let dependents = outcomes.iter().flat_map(|dependent| {
            let needs = dependent.plugin.needs.iter().filter(|need| need.id == plugin.id);
            needs.map(|need| Related {
                id: dependent.plugin.id.clone(),
                written: need.written.clone(),
                place: need.place.to_string(),
                outcome: Some(dependent),
            })
        });
        let clients = project.clients().filter(|client| {
            client.plugins.as_ref().is_ok_and(|plugins| plugins.contains(&plugin.id))
        });
        let is_in = matches!(outcome.state, State::Planned | State::Requested);
        Account {
            outcome,
            planned: outcomes.iter().filter(|outcome| outcome.order.is_some()).count(),
            because: chain(outcomes, outcome, &mut BTreeSet::new()),
            depends_on: depends_on.collect(),
            dependents: dependents.collect(),
            clients: clients.map(|client| client.name).collect(),
            steps: if is_in { Vec::new() } else { steps(project, outcome) },
            available_at: plugin.available_at.as_ref().map(ToString::to_string),
            refused,
        }
    }

    pub(super) fn json(&self) -> Value {
        let plugin = &self.outcome.plugin;
        let krate = plugin.package.as_ref();
        json!({
            "kind": "plugin",
            "name": plugin.id.name,
            "namespace": plugin.id.namespace,
            "version": krate.map(|_| plugin.version.to_string()),
            "description": plugin.description,
            "state": self.outcome.state.as_str(),
            "order": self.outcome.order,
            "refused": self.refused,
            "place": plugin.place.to_string(),
            "crate": krate.map(|name| json!({ "name": name, "version": plugin.package_version })),
            "feature": plugin.feature,
            "available_at": self.available_at,
            "reasons": links(&self.because),
            "depends_on": self.depends_on.iter().map(Related::json).collect::<Vec<_>>(),
            "dependents": self.dependents.iter().map(Related::json).collect::<Vec<_>>(),
            "clients": self.clients,
            "steps": self.steps,
        })
    }
}

/// Why a plugin stands where it stands, back to what people wrote. `said` are
/// the plugins whose reasons were given.
fn chain(outcomes: &[Outcome], outcome: &Outcome, said: &mut BTreeSet<Id>) -> Vec<Link> {
    said.insert(outcome.plugin.id.clone());
    let link = |because: &Because| {
        let dependent = match because.source {
            "dependency" => {
                outcomes.iter().find(|other| other.plugin.id.to_string() == because.place)
            }
            _ => None,
        };
        let Some(dependent) = dependent else {
            return Link { because: because.clone(), written: None, further: Vec::new() };
        };
        let need = dependent.plugin.needs.iter().find(|need| need.id == outcome.plugin.id);
        let written = need.map(|need| need.place.to_string());
        let further = match said.contains(&dependent.plugin.id) {
            true => Vec::new(),
            false => chain(outcomes, dependent, said),
        };
        Link { because: because.clone(), written, further }
    };
    outcome.because.iter().map(link).collect()
}

fn links(links: &[Link]) -> Vec<Value> {
    let link = |link: &Link| {
        let mut value = link.because.json();
        value["written"] = json!(link.written);
        value["because"] = json!(self::links(&link.further));
        value
    };
    links.iter().map(link).collect()
}

impl Related<'_> {
    fn json(&self) -> Value {
        json!({
            "name": self.id.name,
            "namespace": self.id.namespace,
            "written": self.written,
            "place": self.place,
            "version": self.outcome.map(|outcome| outcome.plugin.version.to_string()),
            "state": self.outcome.map(|outcome| outcome.state.as_str()),
        })
    }
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.outcome.plugin;
        write!(f, "{}", plugin.id)?;
        if plugin.package.is_some() {
            write!(f, " {}", plugin.version)?;
        }
        match (self.outcome.state, self.outcome.order) {
            (State::Planned, Some(order)) => {
                writeln!(f, " is in the build, as number {} of {}", order + 1, self.planned)?;
            }
            (State::Requested, _) => writeln!(f, " is asked for, and the build is refused")?,
            (State::Unavailable, _) => writeln!(f, " is not in the build, and not compiled")?,
            _ => writeln!(f, " is not in the build")?,
        }
        if !plugin.description.is_empty() {
            writeln!(f, "{}", plugin.description)?;
        }

        writeln!(f, "\nBecause")?;
        write_links(f, &self.because, 2)?;

        writeln!(f, "\nWhere it is")?;
        let mut facts: Vec<[String; 2]> = vec![["stands at".to_owned(), plugin.place.to_string()]];
        if let Some(krate) = &plugin.package {
            facts.push(["crate".to_owned(), format!("{krate} {}", plugin.package_version)]);
        }
        if let Some(place) = &self.available_at {
            let why = match &plugin.feature {
                Some(feature) => format!("the feature `{feature}` is on: {place}"),
                None => format!("always: {place}"),
            };
            facts.push(["compiled".to_owned(), why]);
        }
        if !self.clients.is_empty() {
            facts.push(["clients".to_owned(), self.clients.join(", ")]);
        }
        for [what, fact] in facts {
            writeln!(f, "  {what:<10} {fact}")?;
        }

        for (title, related) in
            [("It depends on", &self.depends_on), ("What depends on it", &self.dependents)]
        {
            if !related.is_empty() {
                writeln!(f, "\n{title}")?;
                write!(f, "{}", table(related))?;
            }
        }
        if !self.steps.is_empty() {
            writeln!(f, "\nTo get it into the build")?;
            for (i, step) in self.steps.iter().enumerate() {
                writeln!(f, "  {}. {step}", i + 1)?;
            }
        }
        Ok(())
    }
}

fn write_links(f: &mut fmt::Formatter<'_>, links: &[Link], indent: usize) -> fmt::Result {
    for Link { because, written, further } in links {
        write!(f, "{:indent$}{}", "", because.message)?;
        // The message of a feature, a file that does not list it, … names the place.
        let place = written.as_ref().unwrap_or(&because.place);
        match because.message.contains(place.as_str()) {
            true => writeln!(f)?,
            false => writeln!(f, ": {place}")?,
        }
        write_links(f, further, indent + 2)?;
    }
    Ok(())
}

fn table(related: &[Related<'_>]) -> Table {
    let mut table = Table::bare();
    for plugin in related {
        let version = plugin.outcome.map(|outcome| outcome.plugin.version.to_string());
        let state = plugin.outcome.map_or("there is no such plugin", |o| o.state.as_str());
        table.row([
            format!("  {}", plugin.id),
            version.unwrap_or_default(),
            state.to_owned(),
            format!("as `{}` at {}", plugin.written, plugin.place),
        ]);
    }
    table
}
