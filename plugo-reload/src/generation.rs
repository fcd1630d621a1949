use std::fmt;
use std::sync::Arc;

/// A set of running plugins with what they contribute, put together: what is
/// served until the next one takes its place.
///
/// Whoever holds one keeps its plugins running: a request is answered to its
/// end by the generation that it began with.
pub struct Generation<G> {
    value: G,
    number: u64,
    /// In load order.
    members: Vec<Member>,
    retire: Retire,
}

/// What is done with plugins that nobody uses any more, in reverse load order.
pub(crate) type Retire = Arc<dyn Fn(Vec<&'static str>) + Send + Sync>;

/// A plugin of a generation. Those of two generations share the lease while
/// the plugin stays.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) lease: Arc<()>,
}

impl<G> Generation<G> {
    pub(crate) fn new(value: G, number: u64, members: Vec<Member>, retire: Retire) -> Self {
        Generation { value, number, members, retire }
    }

    /// What the plugins contribute, put together.
    pub fn value(&self) -> &G {
        &self.value
    }

    /// Which generation it is: the first is 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The names of its plugins, in load order.
    pub fn plugins(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.members.iter().map(|member| member.name)
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }
}

impl<G> Drop for Generation<G> {
    fn drop(&mut self) {
        let members = std::mem::take(&mut self.members).into_iter().rev();
        // Whose lease is nobody else's leaves with this generation.
        let gone: Vec<&'static str> = members
            .filter_map(|member| Arc::into_inner(member.lease).map(|()| member.name))
            .collect();
        if !gone.is_empty() {
            (self.retire)(gone);
        }
    }
}

impl<G> fmt::Debug for Generation<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("number", &self.number)
            .field("plugins", &self.plugins().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
