use std::cell::{Cell, RefCell};
use std::fmt;

use crate::name::FullName;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Something of which one thread at a time does the work while others wait:
/// a plugin of a manager, or an item's shared instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The address of what the node belongs to.
    pub(crate) owner: usize,
    pub(crate) index: usize,
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FullName { namespace: self.namespace, name: self.name }.fmt(f)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        (self.owner, self.index) == (other.owner, other.index)
    }
}

/// A row of which each place has a node: a table.
pub(crate) trait Places: Sync {
    /// The node of a place.
    fn node(&self, place: usize) -> Node;
}

type Row = &'static dyn Places;

#[cfg(not(all(loom, test)))]
thread_local! {
    /// The nodes whose work this thread does, each on behalf of the one before it.
    static CURRENT: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
    /// A row that this thread goes along, on behalf of them: the node at `PLACE` is the
    /// last one. It is written down when somebody asks who it is.
    static ROW: Cell<Option<Row>> = const { Cell::new(None) };
    static PLACE: Cell<usize> = const { Cell::new(0) };
}

#[cfg(all(loom, test))]
loom::thread_local! {
    static CURRENT: RefCell<Vec<Node>> = RefCell::new(Vec::new());
    static ROW: Cell<Option<Row>> = Cell::new(None);
    static PLACE: Cell<usize> = Cell::new(0);
}

/// Writes the node down that is only known by its place in a row, and when it is
/// dropped the thread is at that place again.
struct Noted(Option<(Row, usize)>);

impl Noted {
    fn new() -> Self {
        let row = ROW.with(Cell::take);
        Noted(row.map(|row| {
            let place = PLACE.with(Cell::get);
            enter(row.node(place));
            (row, place)
        }))
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some((row, place)) = self.0 {
            leave();
            PLACE.with(|current| current.set(place));
            ROW.with(|current| current.set(Some(row)));
        }
    }
}

// A thread that ends may have lost the list already, and does the work all the same.
fn enter(node: Node) {
    let _ = CURRENT.try_with(|current| current.borrow_mut().push(node));
}

fn leave() {
    let _ = CURRENT.try_with(|current| current.borrow_mut().pop());
}

/// Does a piece of the node's work.
pub(crate) fn within<T>(node: Node, work: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            leave();
        }
    }
    let _noted = Noted::new();
    enter(node);
    let _leave = Leave;
    work()
}

/// Does pieces of the work of the nodes of a row, one after the other. The work
/// says where it is by the cell that it gets.
pub(crate) fn within_each<T>(row: Row, work: impl FnOnce(&Cell<usize>) -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            ROW.with(Cell::take);
        }
    }
    let _noted = Noted::new();
    ROW.with(|current| current.set(Some(row)));
    let _leave = Leave;
    PLACE.with(work)
}

/// Does what is not the work of the node at the place that [`within_each`] has come
/// to.
pub(crate) fn outside<T>(work: impl FnOnce() -> T) -> T {
    struct Return(Option<Row>, usize);
    impl Drop for Return {
        fn drop(&mut self) {
            PLACE.with(|current| current.set(self.1));
            ROW.with(|current| current.set(self.0));
        }
    }
    let _return = Return(ROW.with(Cell::take), PLACE.with(Cell::get));
    work()
}

/// The node of a row that this thread is at.
fn in_row() -> Option<Node> {
    ROW.with(Cell::get).map(|row| row.node(PLACE.with(Cell::get)))
}

/// The node whose work this thread does.
pub(crate) fn current() -> Option<Node> {
    let listed = || CURRENT.try_with(|current| current.borrow().last().copied()).ok().flatten();
    in_row().or_else(listed)
}

/// Whether this thread does the node's work, further out perhaps.
pub(crate) fn is_within(node: Node) -> bool {
    let listed = || CURRENT.try_with(|current| current.borrow().contains(&node)).unwrap_or(false);
    in_row() == Some(node) || listed()
}

/// Whether this thread does no node's work.
pub(crate) fn is_idle() -> bool {
    let listed = || CURRENT.try_with(|current| current.borrow().is_empty()).unwrap_or(false);
    ROW.with(Cell::get).is_none() && listed()
}

/// Who waits for whom, over all managers of the program: a circle may lead
/// through several.
#[derive(Default)]
pub(crate) struct Graph(Mutex<Vec<(Node, Node)>>);

/// While it lives, its first node waits for its second one.
pub(crate) struct Edge<'g>(Option<(&'g Graph, Node, Node)>);

impl Graph {
    #[cfg(not(all(loom, test)))]
    const fn new() -> Self {
        Graph(Mutex::new(Vec::new()))
    }

    fn edges(&self) -> MutexGuard<'_, Vec<(Node, Node)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that one node waits for another, unless that one waits for the
    /// first already: whoever would close a circle learns of it, so nobody
    /// waits in one. What waits on behalf of no node closes none.
    ///
    /// # Errors
    ///
    /// The names along the circle; the last is the first again.
    pub(crate) fn wait(&self, from: Option<Node>, to: Node) -> Result<Edge<'_>, Vec<String>> {
        let Some(from) = from else { return Ok(Edge(None)) };
        let mut edges = self.edges();
        if let Some(mut way) = way(&edges, to, from) {
            way.insert(0, from.to_string());
            return Err(way);
        }
        edges.push((from, to));
        Ok(Edge(Some((self, from, to))))
    }
}

impl Drop for Edge<'_> {
    fn drop(&mut self) {
        if let Some((graph, from, to)) = self.0.take() {
            let mut edges = graph.edges();
            if let Some(at) = edges.iter().rposition(|edge| *edge == (from, to)) {
                edges.swap_remove(at);
            }
        }
    }
}

/// The names on the way from one node to another, both included.
fn way(edges: &[(Node, Node)], from: Node, to: Node) -> Option<Vec<String>> {
    let mut seen: Vec<Node> = Vec::new();
    // Each with the place in `seen` that it was reached from.
    let mut open = vec![(from, None)];
    let mut reached_from: Vec<Option<usize>> = Vec::new();
    while let Some((node, before)) = open.pop() {
        if seen.contains(&node) {
            continue;
        }
        seen.push(node);
        reached_from.push(before);
        let here = seen.len() - 1;
        if node == to {
            let mut names = Vec::new();
            let mut at = Some(here);
            while let Some(i) = at {
                names.push(seen[i].to_string());
                at = reached_from[i];
            }
            names.reverse();
            return Some(names);
        }
        open.extend(edges.iter().filter(|edge| edge.0 == node).map(|edge| (edge.1, Some(here))));
    }
    None
}

/// The graph of the program.
#[cfg(not(all(loom, test)))]
pub(crate) fn graph() -> &'static Graph {
    static GRAPH: Graph = Graph::new();
    &GRAPH
}

/// The graph of one run of a model.
#[cfg(all(loom, test))]
pub(crate) fn graph() -> &'static Graph {
    loom::lazy_static! {
        static ref GRAPH: Graph = Graph::default();
    }
    &GRAPH
}
