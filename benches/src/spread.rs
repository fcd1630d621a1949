use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::table::grouped;

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
        let shown = |time| match ms(self.median) < 10.0 {
            true => format!("{:.1}", ms(time)),
            false => grouped(ms(time).round() as u64),
        };
        write!(f, "{} ms [{}–{}]", shown(self.median), shown(self.least), shown(self.most))
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
        let spread = Spread::of([900, 11_000, 1_234].map(Duration::from_millis).to_vec());
        assert_eq!(spread.to_string(), "1,234 ms [900–11,000]");
        let spread = Spread::of([950, 1_250, 12_000].map(Duration::from_micros).to_vec());
        assert_eq!(spread.to_string(), "1.2 ms [0.9–12.0]");
    }
}
