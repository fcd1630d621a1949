use plugo_core::lookup::{bucket, hash, slot};

/// A perfect hash of the names of a table: seeds of buckets, and the plugin in
/// each slot.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub(crate) seeds: Vec<usize>,
    pub(crate) slots: Vec<usize>,
}

/// Up to here going through all names is as fast.
const FEW: usize = 4;

/// So many seeds are tried for a bucket. Those of one name come last, when one slot of nine is free, so
/// one seed of nine does: only for hashes that are much alike do all of these fail.
const MOST_SEEDS: usize = 1 << 24;

impl Lookup {
    /// Of names, each with the number of its namespace. It is empty where names are
    /// better gone through, where two of them have one hash, which no seed tells
    /// apart, and where no seed was found among [`MOST_SEEDS`].
    ///
    /// A table without seeds answers the same: it goes through all its names, as one
    /// of a few plugins does, and no lookup is wrong or fails for it. So the build goes on.
    pub(crate) fn new(names: &[(usize, &str)]) -> Self {
        if names.len() <= FEW {
            return Lookup::default();
        }
        let hashes: Vec<u64> =
            names.iter().map(|(namespace, name)| hash(*namespace, name)).collect();
        Lookup::of_hashes(&hashes, MOST_SEEDS).unwrap_or_default()
    }

    /// None where two hashes are one, and where a bucket finds no room with any of so many seeds.
    fn of_hashes(hashes: &[u64], most_seeds: usize) -> Option<Self> {
        // Four names share a seed, and one slot of nine is free: with more of either, the
        // last names take long to find a place.
        let (buckets, slots) = (hashes.len().div_ceil(4), hashes.len() * 9 / 8);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); buckets];
        for (plugin, hash) in hashes.iter().enumerate() {
            let members = &mut members[bucket(*hash, buckets)];
            // Two that have one hash share a bucket.
            if members.iter().any(|&other| hashes[other] == *hash) {
                return None;
            }
            members.push(plugin);
        }
        // Large ones first, while there is room.
        let most = members.iter().map(Vec::len).max().unwrap_or_default();
        let by_size = (1..=most).rev().flat_map(|size| {
            members.iter().enumerate().filter(move |(_, members)| members.len() == size)
        });
        let mut seeds = vec![0; buckets];
        let mut taken: Vec<Option<usize>> = vec![None; slots];
        let mut chosen: Vec<usize> = Vec::new();
        for (bucket, members) in by_size {
            let mut tried = 0..most_seeds;
            let seed = tried.find(|&seed| {
                chosen.clear();
                members.iter().all(|&plugin| {
                    let slot = slot(hashes[plugin], seed, slots);
                    let is_free = taken[slot].is_none() && !chosen.contains(&slot);
                    chosen.push(slot);
                    is_free
                })
            })?;
            seeds[bucket] = seed;
            for (slot, plugin) in chosen.iter().zip(members) {
                taken[*slot] = Some(*plugin);
            }
        }
        // A name that leads to a free slot is compared with that of the first plugin.
        let slots = taken.into_iter().map(Option::unwrap_or_default).collect();
        Some(Lookup { seeds, slots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_plugin() {
        for count in [5, 6, 21, 100, 5000] {
            let names: Vec<String> = (0..count).map(|i| format!("p{i}")).collect();
            // Half of the names are in two namespaces.
            let names: Vec<(usize, &str)> =
                (0..count).map(|i| (i % 2, names[i / 2].as_str())).collect();
            let Lookup { seeds, slots } = Lookup::new(&names);
            assert!(!seeds.is_empty());
            for (plugin, (namespace, name)) in names.iter().enumerate() {
                let hash = hash(*namespace, name);
                let seed = seeds[bucket(hash, seeds.len())];
                assert_eq!(slots[slot(hash, seed, slots.len())], plugin, "{count} {name}");
            }
        }
    }

    #[test]
    fn few_names_and_names_that_nothing_tells_apart_are_gone_through() {
        let few: Vec<String> = (0..FEW).map(|i| format!("p{i}")).collect();
        let few: Vec<(usize, &str)> = few.iter().map(|name| (0, name.as_str())).collect();
        assert_eq!(Lookup::new(&few), Lookup::default());
        assert_eq!(Lookup::new(&[(0, "same"); FEW + 1]), Lookup::default());
    }

    #[test]
    fn seeds_that_do_not_suffice_are_given_up() {
        let hashes: Vec<u64> = (0..100).map(|i| hash(0, &format!("p{i}"))).collect();
        assert_eq!(Lookup::of_hashes(&hashes, 1), None);
        assert!(Lookup::of_hashes(&hashes, MOST_SEEDS).is_some());
    }
}
