/// What is selected.
#[plugo::plugin_type(name = "service")]
pub(crate) trait Service: Send + Sync {
    /// Cheap, and not known when this is compiled.
    fn answer(&self, number: u64) -> u64;
}

macro_rules! services {
    ($($ty:ident $name:literal $priority:literal)+) => {
        $(
            #[plugo::plugin(name = $name, of = dyn Service, priority = $priority)]
            #[derive(Default)]
            pub(crate) struct $ty;

            impl Service for $ty {
                fn answer(&self, number: u64) -> u64 {
                    number.wrapping_mul($priority)
                }
            }
        )+

        plugo::plugins![$($ty),+];
    };
}

services! {
    S0 "s0" 1
    S1 "s1" 2
    S2 "s2" 3
    S3 "s3" 4
    S4 "s4" 5
    S5 "s5" 6
    S6 "s6" 7
    S7 "s7" 8
    S8 "s8" 9
    S9 "s9" 10
}

/// The one that an operator disables: not the first choice, so that the same one is
/// selected with a store and without.
pub(crate) const DISABLED: &str = "s1";

/// By what the first choice multiplies.
pub(crate) const SELECTED: u64 = 1;

/// How many there are.
pub(crate) const SERVICES: usize = 10;
