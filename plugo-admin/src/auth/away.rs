use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// So many sessions are remembered.
const MOST: usize = 1000;

/// Sessions that the database has vouched for lately. While it is away they open
/// nothing: whoever has one is told which database it is, and why it does not answer,
/// which is nobody else's business.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<HashMap<[u8; 32], Instant>>);

impl Recent {
    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self, token: &str) {
        let mut held = self.held();
        if held.len() >= MOST {
            let oldest = held.iter().min_by_key(|(_, at)| **at).map(|(hash, _)| *hash);
            oldest.map(|hash| held.remove(&hash));
        }
        held.insert(hash(token), Instant::now());
    }

    pub(super) fn forget(&self, token: &str) {
        self.held().remove(&hash(token));
    }

    pub(super) fn was_seen(&self, token: &str, within: Duration) -> bool {
        self.held().get(&hash(token)).is_some_and(|at| at.elapsed() < within)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_remembered_as_there_is_room_for() {
        let (recent, hour) = (Recent::default(), Duration::from_secs(3600));
        for number in 0..=MOST {
            recent.seen(&format!("token {number}"));
        }
        assert_eq!(recent.held().len(), MOST);
        let last = format!("token {MOST}");
        assert!(recent.was_seen(&last, hour) && !recent.was_seen("token 0", hour));
        assert!(!recent.was_seen(&last, Duration::ZERO));
        recent.forget(&last);
        assert!(!recent.was_seen(&last, hour));
    }
}
