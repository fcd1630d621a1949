use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What a client sends. A field that is not known is refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    pub name: String,
    #[serde(default)]
    pub details: String,
}

impl NewEntry {
    /// What is wrong with it.
    pub fn problem(&self) -> Option<&'static str> {
        match self.name.trim().chars().count() {
            0 => Some("`name` is empty"),
            1..=100 => None,
            _ => Some("`name` is longer than 100 characters"),
        }
    }
}

/// What a client gets.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub id: u64,
    #[serde(flatten)]
    pub entry: NewEntry,
}

/// The entries, by number. They live in memory: put a database here.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    by_id: BTreeMap<u64, Entry>,
}

impl Store {
    pub fn all(&self) -> Vec<Entry> {
        self.entries().by_id.values().cloned().collect()
    }

    pub fn get(&self, id: u64) -> Option<Entry> {
        self.entries().by_id.get(&id).cloned()
    }

    pub fn add(&self, entry: NewEntry) -> Entry {
        let mut entries = self.entries();
        entries.last += 1;
        let entry = Entry {
            id: entries.last,
            entry,
        };
        entries.by_id.insert(entry.id, entry.clone());
        entry
    }

    /// The entry as it is now; nothing where there is no such entry.
    pub fn replace(&self, id: u64, entry: NewEntry) -> Option<Entry> {
        let mut entries = self.entries();
        let old = entries.by_id.get_mut(&id)?;
        *old = Entry { id, entry };
        Some(old.clone())
    }

    /// Whether there was such an entry.
    pub fn remove(&self, id: u64) -> bool {
        self.entries().by_id.remove(&id).is_some()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // No entry is ever half-written, whatever panicked meanwhile.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
