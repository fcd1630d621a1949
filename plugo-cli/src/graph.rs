/// Where boxes and lines go.
mod layout;
/// As a picture.
mod svg;
/// As text that other tools draw.
mod text;

use serde_json::{Value, json};

use crate::outcome::{Outcome, State};

/// Plugins, and which depends on which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Graph {
    /// In the order of loading; those that are not in the build come last.
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: String,
    namespace: String,
    /// The name as people write it.
    id: String,
    version: Option<String>,
    state: State,
    /// Its place in the order of loading, from 0.
    order: Option<usize>,
}

/// A plugin depends on another one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    /// The position of the dependent.
    from: usize,
    /// The position of the dependency.
    to: usize,
    /// As it is written: `auth >=1.2`.
    written: String,
}

impl Graph {
    /// The plugins of the build, or with `all` every one.
    pub(crate) fn new(outcomes: &[Outcome], all: bool) -> Self {
        let shown: Vec<&Outcome> =
            outcomes.iter().filter(|outcome| all || outcome.order.is_some()).collect();
        let nodes = shown.iter().map(|outcome| {
            let plugin = &outcome.plugin;
            Node {
                name: plugin.id.name.clone(),
                namespace: plugin.id.namespace.clone(),
                id: plugin.id.to_string(),
                version: plugin.package.as_ref().map(|_| plugin.version.to_string()),
                state: outcome.state,
                order: outcome.order,
            }
        });
        let edges = shown.iter().enumerate().flat_map(|(from, outcome)| {
            let shown = &shown;
            outcome.plugin.needs.iter().filter_map(move |need| {
                let to = shown.iter().position(|other| other.plugin.id == need.id)?;
                Some(Edge { from, to, written: need.written.clone() })
            })
        });
        Graph { nodes: nodes.collect(), edges: edges.collect() }
    }

    pub(crate) fn json(&self) -> Value {
        let nodes: Vec<Value> = self
            .nodes
            .iter()
            .map(|node| {
                json!({
                    "id": node.id,
                    "name": node.name,
                    "namespace": node.namespace,
                    "version": node.version,
                    "state": node.state.as_str(),
                    "order": node.order,
                })
            })
            .collect();
        let edges: Vec<Value> = self
            .edges
            .iter()
            .map(|edge| {
                json!({
                    "from": self.nodes[edge.from].id,
                    "to": self.nodes[edge.to].id,
                    "written": edge.written,
                })
            })
            .collect();
        json!({ "nodes": nodes, "edges": edges })
    }
}

impl Node {
    /// `2. auth`
    fn title(&self) -> String {
        match self.order {
            Some(order) => format!("{}. {}", order + 1, self.id),
            None => self.id.clone(),
        }
    }

    /// `1.0.0`, and what it is if it is not in the build.
    fn subtitle(&self) -> String {
        let version = self.version.clone().unwrap_or_default();
        match self.state {
            State::Planned => version,
            state if version.is_empty() => state.as_str().to_owned(),
            state => format!("{version}, {}", state.as_str()),
        }
    }
}
