//! A perfect hash of names: the build script looks for seeds with which each
//! name has a slot of its own, and a lookup goes to that slot alone.
//!
//! The numbers are the same on every target, since one computes them and
//! another uses them.

/// Numbers without a pattern: the first digits of pi.
const KEYS: [u64; 4] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];

/// The hash of a name in the namespace with that number in the table.
#[inline]
pub fn hash(namespace: usize, name: &str) -> u64 {
    let mut rest = name.as_bytes();
    let mut hash = KEYS[0] ^ (namespace as u64) << 32 ^ rest.len() as u64;
    while rest.len() > 16
        && let Some((first, more)) = rest.split_first_chunk()
    {
        hash = fold(hash ^ u64::from_le_bytes(*first), KEYS[1]);
        rest = more;
    }
    // The two cover what is left, some of it twice.
    let (first, last) = match (rest.first_chunk(), rest.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => short(rest),
    };
    fold(hash ^ first, KEYS[2] ^ last)
}

/// Two numbers of a text of less than eight bytes.
#[inline]
fn short(text: &[u8]) -> (u64, u64) {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
        }
        _ => (text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    }
}

/// The bucket of a hash, among so many. The names of a bucket share a seed.
#[inline]
pub fn bucket(hash: u64, buckets: usize) -> usize {
    scale(hash, buckets)
}

/// The slot of a hash, among so many, by the seed of its bucket.
#[inline]
pub fn slot(hash: u64, seed: usize, slots: usize) -> usize {
    scale(fold(hash ^ seed as u64, KEYS[3]), slots)
}

/// A number below `end` for each hash, without a division.
#[inline]
fn scale(hash: u64, end: usize) -> usize {
    (((hash >> 32) * end as u64) >> 32) as usize
}

/// All bits of two numbers, mixed.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers were computed by another program. A table that one target made has to be found
    /// through on any other, so they never change.
    #[test]
    fn a_name_has_the_same_numbers_on_every_target() {
        // The namespace's number, the name, its hash, one bucket of 25, and one slot of 112 by seed 7.
        #[rustfmt::skip]
        let known: [(usize, &str, u64, usize, usize); 10] = [
            (0, "", 0x9324_cf5f_e533_5430, 14, 102),
            (0, "x", 0x299a_cdd6_8eb2_4e06, 4, 109),
            (0, "otp", 0x1616_f9d3_0b7d_8bee, 2, 3),
            (0, "blog", 0x31fd_4584_a961_9a76, 4, 27),
            (1, "blog", 0x628c_e7f6_4d68_5214, 9, 11),
            (0, "payment", 0x031a_e72c_aa4e_a7f4, 0, 36),
            (0, "price-list", 0x95ca_0e4d_6d21_5c3b, 14, 106),
            (0, "exactly-16-bytes", 0xb30a_77e6_6651_a5f6, 17, 109),
            (3, "a-name-of-more-than-sixteen-bytes", 0x66af_7e4e_7450_2d34, 10, 96),
            (0, &"p".repeat(64), 0xfd62_dd9b_542c_3c53, 24, 71),
        ];
        for (namespace, name, expected, its_bucket, its_slot) in known {
            let hash = hash(namespace, name);
            assert_eq!(hash, expected, "{name}");
            assert_eq!(bucket(hash, 25), its_bucket, "{name}");
            assert_eq!(slot(hash, 7, 112), its_slot, "{name}");
        }
    }
}
