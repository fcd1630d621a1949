use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::item::Status;
use crate::name::{FullName, nearest_full};

/// What an operator says about items, over what their code says: a status, a
/// priority, or both. [`set_overrides`](crate::set_overrides) puts it in force.
///
/// An item is named by `name` or, in another namespace than the default one,
/// by `namespace/name`. Names that are not in this program are kept and do
/// nothing.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Overrides, Status};
/// let overrides = Overrides::new()
///     .status("sms-gate", Status::Reserve)
///     .priority("sms-gate", 20)
///     .priority("mail", 5);
/// assert_eq!(overrides.len(), 2, "so many items");
/// assert!(!overrides.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    said: Vec<Override>,
    /// Where each namespace's names stand in it: a database may say something about
    /// every item, and each item of the program asks.
    at: HashMap<String, HashMap<String, usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Override {
    item: String,
    status: Option<Status>,
    priority: Option<i32>,
}

impl Overrides {
    /// Says nothing: the code's status and priority hold.
    pub fn new() -> Self {
        Overrides::default()
    }

    /// Gives an item this status; the last word about an item counts.
    #[must_use]
    pub fn status(mut self, item: impl Into<String>, status: Status) -> Self {
        self.entry(item.into()).status = Some(status);
        self
    }

    /// Gives an item this priority, of which the lower number comes first; the last
    /// word about an item counts.
    #[must_use]
    pub fn priority(mut self, item: impl Into<String>, priority: i32) -> Self {
        self.entry(item.into()).priority = Some(priority);
        self
    }

    /// How many items it says something about, whether they are in this program or
    /// not.
    pub fn len(&self) -> usize {
        self.said.len()
    }

    /// Whether it says nothing about any item.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    fn entry(&mut self, item: String) -> &mut Override {
        // `plugins/mail` and `mail` are one item.
        let name = FullName::parse(&item);
        let names = self.at.entry(name.namespace.to_owned()).or_default();
        let at = *names.entry(name.name.to_owned()).or_insert(self.said.len());
        if at == self.said.len() {
            self.said.push(Override { item: name.to_string(), status: None, priority: None });
        }
        &mut self.said[at]
    }

    /// What it says about an item.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> (Option<Status>, Option<i32>) {
        let at = self.at.get(namespace).and_then(|names| names.get(name));
        at.map_or((None, None), |at| (self.said[*at].status, self.said[*at].priority))
    }

    /// Those that mean none of the items.
    pub(crate) fn unknown(&self, items: &[FullName<'static>]) -> Vec<UnknownItem> {
        let known: HashSet<&FullName<'_>> = items.iter().collect();
        let unknown = |entry: &&Override| !known.contains(&FullName::parse(&entry.item));
        self.said
            .iter()
            .filter(unknown)
            .map(|entry| UnknownItem {
                name: entry.item.clone(),
                nearest: nearest_full(&entry.item, items.iter().copied()),
            })
            .collect()
    }
}

/// An override that means no item of this program, which
/// [`set_overrides`](crate::set_overrides) gives back.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Overrides, Status};
/// for unknown in plugo::set_overrides(Overrides::new().status("smss", Status::Disabled)) {
///     match unknown.nearest() {
///         Some(nearest) => eprintln!("`{}` is unknown; is it `{nearest}`?", unknown.name()),
///         None => eprintln!("`{}` is unknown", unknown.name()),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownItem {
    name: String,
    nearest: Option<String>,
}

impl UnknownItem {
    /// The name that no item has, without the default namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An item whose name is alike, if there is one, as it can be asked for.
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

impl fmt::Display for UnknownItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no item of a plugin type is called `{}` in this program", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
