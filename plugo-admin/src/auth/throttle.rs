use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often somebody may try to log in. Each try takes much time and memory, and
/// guesses have to be slow; but whoever guesses must not keep others out, and whoever has
/// the right password has not guessed: they get their try back.
pub(super) struct Throttle {
    keys: RandomState,
    limits: Mutex<Limits>,
}

struct Limits {
    /// By address: 20 at once, and one each 6 seconds.
    addresses: Limit,
    /// By address and name: 6 at once, and one each 30 seconds.
    pairs: Limit,
    /// The first try of an address for a name, each hour.
    firsts: Limit,
    /// By name, whatever the address: 30 at once, and one each 10 seconds. First tries
    /// do not count, so an operator who types the right password gets in however much
    /// is guessed elsewhere.
    names: Limit,
    asked: u32,
}

/// A try that was counted, and by what.
#[derive(Debug)]
pub(super) struct Try {
    address: Option<u64>,
    pair: u64,
    /// `None` for a first try.
    name: Option<u64>,
}

impl Throttle {
    pub(super) fn new() -> Self {
        let seconds = Duration::from_secs;
        let limits = Limits {
            addresses: Limit::new(20, seconds(6)),
            pairs: Limit::new(6, seconds(30)),
            firsts: Limit::new(1, seconds(3600)),
            names: Limit::new(30, seconds(10)),
            asked: 0,
        };
        Throttle { keys: RandomState::new(), limits: Mutex::new(limits) }
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a try.
    ///
    /// # Errors
    ///
    /// How long to wait, where there were too many.
    pub(super) fn check(&self, name: &str, address: Option<IpAddr>) -> Result<Try, Duration> {
        // Keys are numbers, so that long names take no memory.
        let name = name.trim().to_lowercase();
        let pair = self.keys.hash_one((&name, address));
        let (name, address) =
            (self.keys.hash_one(&name), address.map(|address| self.keys.hash_one(address)));
        let now = Instant::now();
        let mut limits = self.limits();
        limits.forget(now);
        if let Some(address) = address {
            limits.addresses.check(address, now)?;
        }
        limits.pairs.check(pair, now)?;
        // Without an address, everybody would be first.
        let is_first = address.is_some() && limits.firsts.check(pair, now).is_ok();
        if !is_first {
            limits.names.check(name, now)?;
        }
        Ok(Try { address, pair, name: (!is_first).then_some(name) })
    }

    /// Counts a try no more.
    pub(super) fn give_back(&self, counted: &Try) {
        let mut limits = self.limits();
        if let Some(address) = counted.address {
            limits.addresses.give_back(address);
        }
        limits.pairs.give_back(counted.pair);
        match counted.name {
            Some(name) => limits.names.give_back(name),
            None => limits.firsts.give_back(counted.pair),
        }
    }
}

impl Limits {
    /// Now and then, what counts no more is forgotten.
    fn forget(&mut self, now: Instant) {
        self.asked = self.asked.wrapping_add(1);
        if self.asked.is_multiple_of(256) {
            for limit in [&mut self.addresses, &mut self.pairs, &mut self.firsts, &mut self.names] {
                limit.until.retain(|_, until| *until > now);
                limit.until.shrink_to_fit();
            }
        }
    }
}

/// So many at once, and one each so often, for each key. Limiters of libraries give
/// nothing back.
struct Limit {
    period: Duration,
    /// How far ahead of now a key may be.
    ahead: Duration,
    /// When each key will have paid for what it had, a period for each.
    until: HashMap<u64, Instant>,
}

impl Limit {
    fn new(burst: u32, period: Duration) -> Self {
        Limit { period, ahead: period * burst.saturating_sub(1), until: HashMap::new() }
    }

    fn check(&mut self, key: u64, now: Instant) -> Result<(), Duration> {
        let until = self.until.get(&key).map_or(now, |until| (*until).max(now));
        let ahead = until - now;
        if ahead > self.ahead {
            return Err(ahead - self.ahead);
        }
        self.until.insert(key, until + self.period);
        Ok(())
    }

    fn give_back(&mut self, key: u64) {
        if let Some(until) = self.until.get_mut(&key)
            && let Some(earlier) = until.checked_sub(self.period)
        {
            *until = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn guesses_from_one_address_are_slow_for_each_name_and_for_all() {
        let throttle = Throttle::new();
        let tries = (0..50).filter(|_| throttle.check("ann", address(1)).is_ok()).count();
        assert_eq!(tries, 6);
        let names = (0..50).filter(|i| throttle.check(&format!("n{i}"), address(2)).is_ok());
        assert_eq!(names.count(), 20);
        let wait = throttle.check("Ann ", address(1)).unwrap_err();
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(30), "{wait:?}");
    }

    #[test]
    fn whoever_guesses_from_everywhere_keeps_nobody_out() {
        let throttle = Throttle::new();
        let tries = (1..=100).flat_map(|i| [i, i, i, i]);
        let tries = tries.filter(|i| throttle.check("ann", address(*i)).is_ok()).count();
        assert_eq!(tries, 100 + 30, "the first of each address, and 30 more");
        assert!(throttle.check("ann", address(100)).is_err(), "not that one again");
        assert!(throttle.check("ann", address(200)).is_ok(), "the operator");
    }

    #[test]
    fn without_addresses_the_name_counts() {
        let throttle = Throttle::new();
        assert_eq!((0..50).filter(|_| throttle.check("ann", None).is_ok()).count(), 6);
        assert!(throttle.check("bob", None).is_ok());
    }

    #[test]
    fn whoever_knows_the_password_may_log_in_as_often_as_they_like() {
        let throttle = Throttle::new();
        for at in [address(1), None] {
            for _ in 0..100 {
                let counted = throttle.check("ann", at).unwrap();
                throttle.give_back(&counted);
            }
        }
        // It gives no more than it took: guesses between are counted.
        let guesses = (0..50).filter(|_| {
            if let Ok(own) = throttle.check("ann", address(1)) {
                throttle.give_back(&own);
            }
            throttle.check("bob", address(1)).is_ok()
        });
        assert_eq!(guesses.count(), 6);
    }

    #[test]
    fn what_counts_no_more_is_forgotten() {
        let mut limit = Limit::new(2, Duration::from_secs(1));
        let now = Instant::now();
        assert_eq!(limit.check(1, now), Ok(()));
        assert_eq!(limit.check(1, now), Ok(()));
        assert_eq!(limit.check(1, now), Err(Duration::from_secs(1)));
        assert_eq!(limit.check(1, now + Duration::from_secs(1)), Ok(()));
        assert_eq!(limit.check(2, now), Ok(()), "another key");
    }
}
