//! What processes cost, as the system counts it.

use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cargo;

/// A hundredth of a second, in which Linux counts.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a command that must succeed, in the program and in the system, with that of every process
/// that it waited for.
pub(crate) fn of(command: &mut Command) -> Result<Duration> {
    with_output(command).map(|(work, _)| work)
}

/// The same, with what the command said.
pub(crate) fn with_output(command: &mut Command) -> Result<(Duration, Output)> {
    let before = waited_for()?;
    let output = cargo::run(command)?;
    Ok((waited_for()?.saturating_sub(before), output))
}

/// The CPU time of the processes that this one has started and waited for.
fn waited_for() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")
        .context("what processes cost is read from /proc, which is on Linux alone")?;
    let ticks = children(&text).context("`/proc/self/stat` does not tell of children")?;
    Ok(TICK * ticks)
}

/// The fields `cutime` and `cstime`. The second field is a name in brackets, with whatever in it.
fn children(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let field = |nth: usize| rest.split(' ').nth(nth)?.parse::<u32>().ok();
    Some(field(13)? + field(14)?)
}

/// `1.23 s`, and milliseconds below a tenth of a second.
pub(crate) fn shown(time: Duration) -> String {
    match time.as_millis() {
        0..100 => format!("{} ms", time.as_millis()),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_children_worked_is_found_behind_a_strange_name() {
        let stat = "77 (a ) b) S 1 77 77 0 -1 4194304 1 2 3 4 50 60 700 80 20 0 1 0 5 6 7";
        assert_eq!(children(stat), Some(780));
    }

    #[test]
    fn small_times_are_in_milliseconds() {
        assert_eq!(shown(Duration::from_millis(16)), "16 ms");
        assert_eq!(shown(Duration::from_millis(2_310)), "2.31 s");
    }
}
