use std::hint::black_box;

use crate::contender::Contender;
use crate::state::State;
use crate::verify::verify;
use crate::workload::{Plugin, Workload};

/// What a contender is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: what it costs to have the plugins.
    Noop,
    /// Make all plugins visible in load order.
    Visible,
    /// Initialise all plugins.
    Initialised,
    /// Find names that there are.
    Hit,
    /// Find names that there are not.
    Miss,
    /// Check everything.
    Verify,
}

impl Mode {
    const ALL: [Mode; 6] =
        [Mode::Noop, Mode::Visible, Mode::Initialised, Mode::Hit, Mode::Miss, Mode::Verify];

    /// The argument that names the mode.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Noop => "noop",
            Mode::Visible => "visible",
            Mode::Initialised => "initialised",
            Mode::Hit => "hit",
            Mode::Miss => "miss",
            Mode::Verify => "verify",
        }
    }
}

/// The `main` of every contender: `contender <mode> <plugins> <lookups>`.
///
/// # Errors
///
/// What verification found, or what is wrong with the arguments.
pub fn run<C: Contender>() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let mode = Mode::ALL
        .into_iter()
        .find(|mode| mode.as_str() == name)
        .ok_or_else(|| format!("there is no mode `{name}`"))?;
    let mut number = || {
        let text = arguments.next().unwrap_or_default();
        text.parse::<usize>().map_err(|error| format!("`{text}` is no number: {error}"))
    };
    match mode {
        Mode::Noop => {}
        Mode::Visible => C::visit(|name| {
            black_box(name);
        }),
        Mode::Initialised => {
            let mut state = State::default();
            C::initialise(&mut state);
            black_box(state);
        }
        Mode::Hit => look_up::<C>(number()?, number()?, |plugin| plugin.name.clone()),
        Mode::Miss => look_up::<C>(number()?, number()?, Plugin::near_miss),
        Mode::Verify => verify::<C>(&Workload::new(number()?))?,
    }
    Ok(())
}

/// Looks names up. What comes before the loop is the same for every number of
/// lookups, so that two runs differ by lookups alone.
fn look_up<C: Contender>(size: usize, lookups: usize, name: fn(&Plugin) -> String) {
    let workload = Workload::new(size);
    let names: Vec<String> = scattered(size).map(|i| name(&workload.plugins[i])).collect();
    for name in names.iter().cycle().take(lookups) {
        black_box(C::version(black_box(name)));
    }
}

/// All indices, so that any run of them is spread over the whole: neither a
/// scan nor a search is asked for what is near its last answer.
pub(crate) fn scattered(size: usize) -> impl Iterator<Item = usize> {
    let coprime = |step: &usize| {
        let (mut a, mut b) = (size, *step);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    };
    // The golden section of the whole.
    let step = (size * 618 / 1000..).find(coprime).unwrap_or(1);
    (0..size).map(move |i| i * step % size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_indices_are_all_indices() {
        for size in [1, 2, 10, 100, 1000, 1024] {
            let mut found: Vec<usize> = scattered(size).collect();
            found.sort_unstable();
            assert!(found.into_iter().eq(0..size), "{size}");
        }
        assert_eq!(scattered(0).count(), 0);
    }
}
