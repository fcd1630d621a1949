/// What plugins leave behind when they are initialised: how many they were,
/// and a number that depends on which they were and in which order they ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    count: u64,
    mix: u64,
}

impl State {
    /// What so many plugins left behind.
    #[inline]
    pub(crate) fn of(count: u64, mix: u64) -> Self {
        State { count, mix }
    }

    /// What the init function of a plugin calls.
    #[inline]
    pub fn step(&mut self, seed: u64) {
        self.count += 1;
        self.mix = seeded(self.mix, seed);
    }
}

/// A number with a seed mixed into it: what plugins and services do for a living.
#[inline]
pub fn seeded(number: u64, seed: u64) -> u64 {
    // The rotation alone comes round after 64 steps and would not see two
    // plugins of that distance swapped; the multiplication sees it.
    (number.rotate_left(5) ^ seed).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_matters_at_every_distance() {
        let run = |seeds: &[u64]| {
            let mut state = State::default();
            seeds.iter().for_each(|&seed| state.step(seed));
            state
        };
        let seeds: Vec<u64> = (1..=200).collect();
        for other in 1..seeds.len() {
            let mut swapped = seeds.clone();
            swapped.swap(0, other);
            assert_ne!(run(&seeds), run(&swapped), "0 and {other}");
        }
    }
}
