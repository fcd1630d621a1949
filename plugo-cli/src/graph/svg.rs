use std::fmt::{self, Write as _};

use super::Graph;
use super::layout::{Layout, Point, Rect};
use crate::outcome::State;

/// How wide a character of the font is at most; its names are monospaced, so
/// that this is known without the font.
const CHARACTER: f64 = 7.9;
const PADDING: f64 = 12.0;

impl Graph {
    /// A picture that stands alone. The first to load stands on the left;
    /// arrows lead to what a plugin depends on.
    pub(crate) fn svg(&self, title: &str) -> Result<String, fmt::Error> {
        let width = |node: usize| {
            let node = &self.nodes[node];
            let longest = node.title().chars().count().max(node.subtitle().chars().count());
            longest as f64 * CHARACTER + 2.0 * PADDING
        };
        let layout = Layout::new(self, width);
        let (width, height) = (layout.width.ceil(), layout.height.ceil());
        let title = escaped(title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-size=\"13\" \
             font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
             <title>{title}</title>\n\
             <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#57606a\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        for (edge, points) in self.edges.iter().zip(&layout.lines) {
            let dashes = if self.is_in(edge.from) { "" } else { " stroke-dasharray=\"4 3\"" };
            let from = &self.nodes[edge.from].id;
            writeln!(
                svg,
                "<path d=\"{}\" fill=\"none\" stroke=\"#57606a\"{dashes} marker-end=\"url(#arrow)\">\
                 <title>{from} depends on {}</title></path>",
                curve(points),
                escaped(&edge.written),
            )?;
        }
        for (node, Rect { x, y, width, height }) in self.nodes.iter().zip(&layout.boxes) {
            let (fill, stroke, text, dashes) = match node.state {
                State::Planned => ("#eaf2ff", "#2f6fde", "#1f2328", ""),
                _ => ("#f6f8fa", "#8c959f", "#6e7781", " stroke-dasharray=\"4 3\""),
            };
            let (left, first, second) = (x + PADDING, y + 18.0, y + 35.0);
            writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\" \
                 fill=\"{fill}\" stroke=\"{stroke}\"{dashes}/>\n\
                 <text x=\"{left:.1}\" y=\"{first:.1}\" fill=\"{text}\" font-weight=\"bold\">{}</text>\n\
                 <text x=\"{left:.1}\" y=\"{second:.1}\" fill=\"{text}\">{}</text>",
                escaped(&node.title()),
                escaped(&node.subtitle()),
            )?;
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }
}

/// A line through points that leaves and enters each of them level.
fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        match i.checked_sub(1).map(|before| points[before]) {
            None => path.push_str(&format!("M{x:.1} {y:.1}")),
            Some((from_x, from_y)) => {
                let middle = (from_x + x) / 2.0;
                path.push_str(&format!(
                    " C{middle:.1} {from_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}"
                ));
            }
        }
    }
    path
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
