use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Times of the same thing: the one in the middle, the extremes, and how many
/// there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) median: Duration,
    pub(crate) least: Duration,
    pub(crate) most: Duration,
    pub(crate) runs: usize,
}

/// No more runs than this.
const RUNS: usize = 11;
/// No further run once this much time is gone.
const BUDGET: Duration = Duration::from_secs(12);

impl Spread {
    /// Runs something once without measuring it, so that files are in memory,
    /// and then several times.
    pub(crate) fn measure(mut run: impl FnMut() -> Result<()>) -> Result<Self> {
        run()?;
        let begin = Instant::now();
        let mut times = Vec::with_capacity(RUNS);
        while times.len() < RUNS && (times.is_empty() || begin.elapsed() < BUDGET) {
            let start = Instant::now();
            run()?;
            times.push(start.elapsed());
        }
        Ok(Spread::of(times))
    }

    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let runs = times.len();
        let at = |i: usize| times.get(i).copied().unwrap_or_default();
        Spread { median: at(runs / 2), least: at(0), most: at(runs.saturating_sub(1)), runs }
    }
}

/// `143 ms [139–160]`.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        // One scale for all three.
        let digits = if ms(self.median) < 10.0 { 1 } else { 0 };
        write!(
            f,
            "{:.digits$} ms [{:.digits$}–{:.digits$}]",
            ms(self.median),
            ms(self.least),
            ms(self.most)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of([30, 10, 20].map(Duration::from_millis).to_vec());
        assert_eq!(spread.to_string(), "20 ms [10–30]");
        assert_eq!(spread.runs, 3);
    }
}
