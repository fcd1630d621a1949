//! The perfect hash of the contender `limit`: the generator looks for seeds, the contender uses them.
//! It knows nothing of plugo's own, so that one of the two can be wrong.

/// Which slot a name would be in: one among as many as there are names, and by the seed of its group.
#[inline]
pub fn slot(name: &str, seeds: &[u16], slots: usize) -> usize {
    let hash = hash(name);
    let seed = seeds[below(hash, seeds.len())];
    below(fold(hash ^ u64::from(seed), 0x9e37_79b9_7f4a_7c15), slots)
}

/// Seeds with which each of these names is in a slot of its own. There are none for a name that stands there
/// twice.
pub fn seeds(names: &[&str]) -> Option<Vec<u16>> {
    let groups = names.len().div_ceil(3).max(1);
    let mut members = vec![Vec::new(); groups];
    for name in names {
        let hash = hash(name);
        members[below(hash, groups)].push(hash);
    }
    // The largest group first, while there is room.
    let mut order: Vec<usize> = (0..groups).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(members[group].len()));
    let mut taken = vec![false; names.len()];
    let mut seeds = vec![0; groups];
    for group in order {
        let place = |seed: u16| {
            let at = |hash: &u64| {
                below(fold(hash ^ u64::from(seed), 0x9e37_79b9_7f4a_7c15), names.len())
            };
            let mut slots: Vec<usize> = members[group].iter().map(at).collect();
            slots.sort_unstable();
            let alone = slots.windows(2).all(|pair| pair[0] != pair[1]);
            (alone && slots.iter().all(|&slot| !taken[slot])).then_some((seed, slots))
        };
        let (seed, slots) = (0..=u16::MAX).find_map(place)?;
        seeds[group] = seed;
        for slot in slots {
            taken[slot] = true;
        }
    }
    Some(seeds)
}

#[inline]
fn hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = bytes.len() as u64 ^ 0x2545_f491_4f6c_dd1d;
    let mut rest = bytes;
    while rest.len() > 8
        && let Some((first, more)) = rest.split_first_chunk()
    {
        hash = fold(hash ^ u64::from_le_bytes(*first), 0xd6e8_feb8_6659_fd93);
        rest = more;
    }
    // The last eight bytes, some of them twice, or all of a short name.
    let last = match bytes.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    fold(hash ^ last, 0xa076_1d64_78bd_642f)
}

#[inline]
fn below(hash: u64, end: usize) -> usize {
    (((hash >> 32) * end as u64) >> 32) as usize
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Workload;

    #[test]
    fn every_name_has_a_slot_of_its_own() {
        for size in [1, 10, 1_000] {
            let workload = Workload::new(size);
            let names: Vec<&str> = workload.plugins.iter().map(|p| p.name.as_str()).collect();
            let seeds = seeds(&names).unwrap();
            let mut slots: Vec<usize> = names.iter().map(|name| slot(name, &seeds, size)).collect();
            slots.sort_unstable();
            assert!(slots.into_iter().eq(0..size), "{size}");
        }
        assert_eq!(seeds(&["same", "same"]), None);
    }
}
