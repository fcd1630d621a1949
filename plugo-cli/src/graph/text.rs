use std::fmt::{self, Write as _};

use super::Graph;
use crate::outcome::State;

impl Graph {
    /// A Mermaid flowchart. The first to load stands on the left.
    ///
    /// Names have only letters, digits and `-_./`, so nothing is escaped.
    pub(crate) fn mermaid(&self) -> Result<String, fmt::Error> {
        let mut text = String::from("flowchart RL\n");
        for (i, node) in self.nodes.iter().enumerate() {
            let subtitle = match node.subtitle() {
                subtitle if subtitle.is_empty() => subtitle,
                subtitle => format!("<br/>{subtitle}"),
            };
            // `1. ` at the beginning would be a list in Mermaid's Markdown.
            let title = node.title().replacen(". ", " · ", 1);
            let class = if node.state == State::Planned { "" } else { ":::out" };
            writeln!(text, "    p{i}[\"{title}{subtitle}\"]{class}")?;
        }
        for edge in &self.edges {
            let line = if self.is_in(edge.from) { "-->" } else { "-.->" };
            writeln!(text, "    p{} {line} p{}", edge.from, edge.to)?;
        }
        if self.nodes.iter().any(|node| node.state != State::Planned) {
            writeln!(text, "    classDef out stroke-dasharray: 4 3, color: #777, stroke: #999")?;
        }
        Ok(text)
    }

    /// Graphviz.
    pub(crate) fn dot(&self) -> Result<String, fmt::Error> {
        let mut text = String::from("digraph plugins {\n    rankdir=RL;\n");
        text.push_str("    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
        for node in &self.nodes {
            let subtitle = match node.subtitle() {
                subtitle if subtitle.is_empty() => subtitle,
                subtitle => format!("\\n{subtitle}"),
            };
            let style = match node.state {
                State::Planned => "",
                _ => ", style=\"rounded,dashed\", color=gray, fontcolor=gray",
            };
            writeln!(text, "    \"{}\" [label=\"{}{subtitle}\"{style}];", node.id, node.title())?;
        }
        for edge in &self.edges {
            let style = if self.is_in(edge.from) { "" } else { " [style=dashed, color=gray]" };
            let (from, to) = (&self.nodes[edge.from].id, &self.nodes[edge.to].id);
            writeln!(text, "    \"{from}\" -> \"{to}\"{style};")?;
        }
        text.push_str("}\n");
        Ok(text)
    }

    pub(super) fn is_in(&self, node: usize) -> bool {
        self.nodes[node].state == State::Planned
    }
}
