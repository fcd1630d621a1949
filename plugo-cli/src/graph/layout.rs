use super::Graph;

/// How far apart columns and rows are.
const COLUMN_GAP: f64 = 70.0;
const ROW_GAP: f64 = 18.0;
const BOX_HEIGHT: f64 = 44.0;
const MARGIN: f64 = 16.0;
/// The height that a line takes where it passes a column.
const LINE_HEIGHT: f64 = 6.0;
/// How often columns are sorted by their neighbours.
const SWEEPS: usize = 8;

/// A layered layout: plugins in columns, each right of everything that it
/// depends on. A line that passes a column has a place of its own there, so
/// that it runs under no box.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The boxes of the nodes.
    pub(super) boxes: Vec<Rect>,
    /// For each edge, the points that it goes through, from the dependent to
    /// the dependency.
    pub(super) lines: Vec<Vec<Point>>,
}

pub(super) type Point = (f64, f64);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What has a place in a column: a node, or an edge that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Node(usize),
    Edge(usize),
}

impl Layout {
    /// `width` is how wide the box of a node has to be.
    pub(super) fn new(graph: &Graph, width: impl Fn(usize) -> f64) -> Self {
        let rank = ranks(graph);
        let mut columns = columns(graph, &rank);
        let links = Links::new(graph, &rank, &columns);
        for sweep in 0..SWEEPS {
            links.sort(&mut columns, sweep % 2 == 0);
        }
        place(graph, &rank, &columns, width)
    }
}

/// The column of each node: the length of the longest way to a plugin that
/// depends on nothing. In a circle, some edges lead to the right.
fn ranks(graph: &Graph) -> Vec<usize> {
    let mut rank = vec![0; graph.nodes.len()];
    // Without circles this ends early; with one it is stopped.
    for _ in 0..graph.nodes.len() {
        let mut changed = false;
        for edge in &graph.edges {
            if edge.from != edge.to && rank[edge.from] <= rank[edge.to] {
                let next = rank[edge.to] + 1;
                if next < graph.nodes.len() {
                    rank[edge.from] = next;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    rank
}

fn columns(graph: &Graph, rank: &[usize]) -> Vec<Vec<Item>> {
    let count = rank.iter().max().map_or(0, |last| last + 1);
    let mut columns = vec![Vec::new(); count];
    for (node, &rank) in rank.iter().enumerate() {
        columns[rank].push(Item::Node(node));
    }
    for (i, edge) in graph.edges.iter().enumerate() {
        let (low, high) = ends(rank, edge.from, edge.to);
        for column in &mut columns[low + 1..high.max(low + 1)] {
            column.push(Item::Edge(i));
        }
    }
    columns
}

fn ends(rank: &[usize], from: usize, to: usize) -> (usize, usize) {
    (rank[from].min(rank[to]), rank[from].max(rank[to]))
}

/// What is connected with what, from one column to the next.
struct Links {
    pairs: Vec<Vec<(Item, Item)>>,
}

impl Links {
    fn new(graph: &Graph, rank: &[usize], columns: &[Vec<Item>]) -> Self {
        let mut pairs = vec![Vec::new(); columns.len().saturating_sub(1)];
        for (i, edge) in graph.edges.iter().enumerate() {
            let (low, high) = ends(rank, edge.from, edge.to);
            let (first, last) = match rank[edge.from] < rank[edge.to] {
                true => (edge.from, edge.to),
                false => (edge.to, edge.from),
            };
            for (column, pairs) in pairs.iter_mut().enumerate().take(high).skip(low) {
                let left = if column == low { Item::Node(first) } else { Item::Edge(i) };
                let right = if column + 1 == high { Item::Node(last) } else { Item::Edge(i) };
                pairs.push((left, right));
            }
        }
        Links { pairs }
    }

    /// Sorts each column by where its neighbours on one side stand.
    fn sort(&self, columns: &mut [Vec<Item>], to_the_right: bool) {
        let gaps: Vec<usize> = match to_the_right {
            true => (0..self.pairs.len()).collect(),
            false => (0..self.pairs.len()).rev().collect(),
        };
        for gap in gaps {
            let (still, moving) = if to_the_right { (gap, gap + 1) } else { (gap + 1, gap) };
            let height = |item: Item| columns[still].iter().position(|other| *other == item);
            let middle = |position: usize, item: Item| -> f64 {
                let neighbours: Vec<f64> = self.pairs[gap]
                    .iter()
                    .map(|&(left, right)| if to_the_right { (right, left) } else { (left, right) })
                    .filter(|(moving, _)| *moving == item)
                    .filter_map(|(_, still)| height(still).map(|height| height as f64))
                    .collect();
                match neighbours.len() {
                    0 => position as f64,
                    count => neighbours.iter().sum::<f64>() / count as f64,
                }
            };
            let mut sorted: Vec<(f64, Item)> = columns[moving]
                .iter()
                .enumerate()
                .map(|(position, &item)| (middle(position, item), item))
                .collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            columns[moving] = sorted.into_iter().map(|(_, item)| item).collect();
        }
    }
}

/// A column, and where a line enters and leaves it.
type Passed = (usize, [Point; 2]);

fn place(
    graph: &Graph,
    rank: &[usize],
    columns: &[Vec<Item>],
    width: impl Fn(usize) -> f64,
) -> Layout {
    let height_of = |item: &Item| match item {
        Item::Node(_) => BOX_HEIGHT,
        Item::Edge(_) => LINE_HEIGHT,
    };
    let column_height = |column: &Vec<Item>| {
        let gaps = column.len().saturating_sub(1) as f64 * ROW_GAP;
        column.iter().map(height_of).sum::<f64>() + gaps
    };
    let tallest = columns.iter().map(column_height).fold(0.0, f64::max);
    let mut boxes = vec![Rect::default(); graph.nodes.len()];
    // The columns that an edge passes, with the points on both sides of each.
    let mut passing: Vec<Vec<Passed>> = vec![Vec::new(); graph.edges.len()];
    let mut x = MARGIN;
    for (i, column) in columns.iter().enumerate() {
        let widths = column.iter().filter_map(|item| match item {
            Item::Node(node) => Some(width(*node)),
            Item::Edge(_) => None,
        });
        let column_width = widths.fold(0.0, f64::max);
        let mut y = MARGIN + (tallest - column_height(column)) / 2.0;
        for item in column {
            let height = height_of(item);
            match item {
                Item::Node(node) => {
                    boxes[*node] = Rect { x, y, width: column_width, height };
                }
                Item::Edge(edge) => {
                    let middle = y + height / 2.0;
                    passing[*edge].push((i, [(x + column_width, middle), (x, middle)]));
                }
            }
            y += height + ROW_GAP;
        }
        x += column_width + COLUMN_GAP;
    }
    let lines = graph.edges.iter().zip(passing).map(|(edge, mut passing)| {
        let (from, to) = (boxes[edge.from], boxes[edge.to]);
        // From the left side of the dependent to the right side of the dependency.
        let mut points = vec![(from.x, from.y + from.height / 2.0)];
        passing.sort_by_key(|(column, _)| std::cmp::Reverse(*column));
        if rank[edge.from] < rank[edge.to] {
            passing.reverse();
        }
        points.extend(passing.into_iter().flat_map(|(_, points)| points));
        points.push((to.x + to.width, to.y + to.height / 2.0));
        points
    });
    let lines = lines.collect();
    let width = (x - COLUMN_GAP).max(MARGIN) + MARGIN;
    Layout { width, height: tallest + 2.0 * MARGIN, boxes, lines }
}

#[cfg(test)]
mod tests {
    use super::super::{Edge, Node};
    use super::*;
    use crate::outcome::State;

    /// Nodes without names, and which depends on which.
    fn layout(nodes: usize, edges: &[(usize, usize)]) -> Layout {
        let node = |order| Node {
            name: String::new(),
            namespace: String::new(),
            id: String::new(),
            version: None,
            state: State::Planned,
            order: Some(order),
        };
        let edge = |&(from, to): &(usize, usize)| Edge { from, to, written: String::new() };
        let nodes = (0..nodes).map(node).collect();
        let edges = edges.iter().map(edge).collect();
        Layout::new(&Graph { nodes, edges }, |_| 100.0)
    }

    fn overlap(a: &Rect, b: &Rect) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn a_plugin_stands_right_of_what_it_depends_on_and_on_no_other_one() {
        let edges = [(1, 0), (2, 1), (3, 0), (3, 2), (4, 2), (5, 0), (5, 4)];
        let Layout { width, height, boxes, lines } = layout(7, &edges);
        for (from, to) in edges {
            assert!(boxes[from].x > boxes[to].x + boxes[to].width, "{from} depends on {to}");
        }
        for (i, a) in boxes.iter().enumerate() {
            assert!(boxes[..i].iter().all(|b| !overlap(a, b)), "{i}");
            assert!(a.x > 0.0 && a.x + a.width < width && a.y > 0.0 && a.y + a.height < height);
        }
        // A line that passes a column passes beside its boxes.
        for line in &lines {
            for &(x, y) in &line[1..line.len() - 1] {
                let point = Rect { x: x - 0.5, y, width: 1.0, height: 0.0 };
                assert!(boxes.iter().all(|b| !overlap(b, &point)), "{line:?}");
            }
        }
    }

    #[test]
    fn circles_and_empty_graphs_end() {
        let circle = layout(3, &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        assert_eq!((circle.boxes.len(), circle.lines.len()), (3, 4));
        let empty = layout(0, &[]);
        assert!(empty.width > 0.0 && empty.height > 0.0);
    }
}
