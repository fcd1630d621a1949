use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// What a form sends.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Entry {
    pub name: String,
    #[serde(default)]
    pub details: String,
}

impl Entry {
    /// What is wrong with it, for the person who wrote it.
    pub fn problem(&self) -> Option<&'static str> {
        match self.name.trim().chars().count() {
            0 => Some("Give it a name."),
            1..=100 => None,
            _ => Some("The name is longer than 100 characters."),
        }
    }
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
    pub fn all(&self) -> Vec<(u64, Entry)> {
        self.entries()
            .by_id
            .iter()
            .map(|(id, entry)| (*id, entry.clone()))
            .collect()
    }

    pub fn get(&self, id: u64) -> Option<Entry> {
        self.entries().by_id.get(&id).cloned()
    }

    /// The number of the new entry.
    pub fn add(&self, entry: Entry) -> u64 {
        let mut entries = self.entries();
        entries.last += 1;
        let id = entries.last;
        entries.by_id.insert(id, entry);
        id
    }

    /// Whether there was such an entry.
    pub fn replace(&self, id: u64, entry: Entry) -> bool {
        match self.entries().by_id.get_mut(&id) {
            Some(old) => {
                *old = entry;
                true
            }
            None => false,
        }
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
