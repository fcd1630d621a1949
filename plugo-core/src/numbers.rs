/// Numbers of a table, in half the space where they are small.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Numbers {
    Narrow(&'static [u16]),
    Wide(&'static [u32]),
}

impl Numbers {
    /// How many there are.
    #[inline]
    pub(crate) const fn len(self) -> usize {
        match self {
            Numbers::Narrow(numbers) => numbers.len(),
            Numbers::Wide(numbers) => numbers.len(),
        }
    }

    #[inline]
    pub(crate) const fn get(self, at: usize) -> usize {
        match self {
            Numbers::Narrow(numbers) => numbers[at] as usize,
            Numbers::Wide(numbers) => numbers[at] as usize,
        }
    }

    /// The number of a plugin. Where all have the same, it stands here once.
    #[inline]
    pub(crate) const fn of(self, plugin: usize) -> usize {
        self.get(if self.len() == 1 { 0 } else { plugin })
    }

    /// A number and the next one: where something starts and ends.
    #[inline]
    pub(crate) const fn bounds(self, at: usize) -> (usize, usize) {
        match self {
            Numbers::Narrow(numbers) => (numbers[at] as usize, numbers[at + 1] as usize),
            Numbers::Wide(numbers) => (numbers[at] as usize, numbers[at + 1] as usize),
        }
    }
}
