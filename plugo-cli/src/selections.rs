use std::collections::{BTreeMap, BTreeSet};

use plugo_build::{Client, Id, Project};

use crate::app::known;
use crate::error::Error;

/// What clients get: plugins, and the features that turn them on. Clients
/// with the same selection share every compiled crate but the app's own,
/// which holds the client's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selection {
    pub(crate) plugins: BTreeSet<Id>,
    /// The features of the app that are on, without those of clients.
    pub(crate) features: BTreeSet<String>,
}

impl Selection {
    /// What a client gets.
    ///
    /// # Errors
    ///
    /// What is wrong with the client's file or with its feature.
    pub(crate) fn of(project: &Project, client: &Client) -> Result<Self, Error> {
        let plugins = client.plugins.clone()?;
        if client.declared.is_none() {
            return Err(Error::no(format!(
                "the client `{}` has no cargo feature `{}`; `plugo check --fix` writes it",
                client.name, client.feature
            )));
        }
        let features = project.closure([client.feature.as_str()]);
        let features = features.into_iter().filter(|feature| !is_of_client(feature)).collect();
        Ok(Selection { plugins, features })
    }

    /// The names of the plugins.
    pub(crate) fn names(&self) -> Vec<String> {
        self.plugins.iter().map(ToString::to_string).collect()
    }
}

/// Whether a feature is that of a client.
pub(crate) fn is_of_client(feature: &str) -> bool {
    feature.starts_with("client-")
}

/// A selection, with the clients that get it, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) selection: Selection,
    pub(crate) clients: Vec<String>,
}

/// The distinct selections of some clients. A group stands where its first
/// client does, and bears its name.
pub(crate) fn groups(project: &Project, clients: &[Client]) -> Result<Vec<Group>, Error> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: BTreeMap<Selection, usize> = BTreeMap::new();
    for client in clients {
        let selection = Selection::of(project, client)?;
        let place = *places.entry(selection).or_insert_with_key(|selection| {
            groups.push(Group { selection: selection.clone(), clients: Vec::new() });
            groups.len() - 1
        });
        groups[place].clients.push(client.name.clone());
    }
    Ok(groups)
}

/// The clients of these names, each once; an unknown one is an error.
pub(crate) fn named(project: &Project, names: &[String]) -> Result<Vec<Client>, Error> {
    let clients: BTreeMap<String, Client> =
        project.clients().map(|client| (client.name.clone(), client)).collect();
    let mut found: Vec<Client> = Vec::new();
    for name in names {
        let Some(client) = clients.get(name) else {
            let names: Vec<&str> = clients.keys().map(String::as_str).collect();
            let help = known("the clients are", name, &names);
            return Err(Error::usage(format!(
                "there is no client `{name}`: `{}/{name}.json` does not exist{help}",
                project.show(project.clients_directory())
            )));
        };
        if !found.iter().any(|client| client.name == *name) {
            found.push(client.clone());
        }
    }
    Ok(found)
}
