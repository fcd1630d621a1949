use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How often somebody may try to log in. Each try takes much time and memory, and
/// guesses have to be slow; but whoever guesses must not keep others out.
pub(super) struct Throttle {
    keys: RandomState,
    /// By address: 20 at once, and one each 6 seconds.
    addresses: Limiter,
    /// By address and name: 6 at once, and one each 30 seconds.
    pairs: Limiter,
    /// The first try of an address for a name, each hour.
    firsts: Limiter,
    /// By name, whatever the address: 30 at once, and one each 10 seconds. First tries
    /// do not count, so an operator who types the right password gets in however much
    /// is guessed elsewhere.
    names: Limiter,
    asked: AtomicU32,
}

type Limiter = DefaultKeyedRateLimiter<u64>;

impl Throttle {
    pub(super) fn new() -> Self {
        let limiter = |burst: u32, seconds: u64| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(Duration::from_secs(seconds));
            let quota = quota.unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
            RateLimiter::keyed(quota.allow_burst(burst))
        };
        Throttle {
            keys: RandomState::new(),
            addresses: limiter(20, 6),
            pairs: limiter(6, 30),
            firsts: limiter(1, 3600),
            names: limiter(30, 10),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    ///
    /// How long to wait, where there were too many.
    pub(super) fn check(&self, name: &str, address: Option<IpAddr>) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % 256 == 255 {
            for limiter in [&self.addresses, &self.pairs, &self.firsts, &self.names] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
        // Keys are numbers, so that long names take no memory.
        let name = name.trim().to_lowercase();
        if let Some(address) = address {
            check(&self.addresses, self.keys.hash_one(address))?;
        }
        let pair = self.keys.hash_one((&name, address));
        check(&self.pairs, pair)?;
        // Without an address, everybody would be first.
        if address.is_some() && self.firsts.check_key(&pair).is_ok() {
            return Ok(());
        }
        check(&self.names, self.keys.hash_one(&name))
    }
}

fn check(limiter: &Limiter, key: u64) -> Result<(), Duration> {
    limiter
        .check_key(&key)
        .map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
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
        assert_eq!(throttle.check("ann", address(200)), Ok(()), "the operator");
    }

    #[test]
    fn without_addresses_the_name_counts() {
        let throttle = Throttle::new();
        assert_eq!((0..50).filter(|_| throttle.check("ann", None).is_ok()).count(), 6);
        assert_eq!(throttle.check("bob", None), Ok(()));
    }
}
