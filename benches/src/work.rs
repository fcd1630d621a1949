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
pub(crate) fn waited_for() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")
        .context("what processes cost is read from /proc, which is on Linux alone")?;
    let [.., user, system] = ticks(&text).context("`/proc/self/stat` does not tell of children")?;
    Ok(TICK * (user + system))
}

/// The fields `utime`, `stime`, `cutime` and `cstime`. The second field of all is a name in brackets, with
/// whatever in it.
fn ticks(stat: &str) -> Option<[u32; 4]> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Option<Vec<u32>> =
        rest.split(' ').skip(11).take(4).map(|field| field.parse().ok()).collect();
    fields?.try_into().ok()
}

/// What all programs of the machine have worked, and what this one did with those that it waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// In ticks, over all cores.
    all: u64,
    busy: u64,
    own: u64,
}

impl Machine {
    /// Where the system tells it.
    pub(crate) fn now() -> Option<Self> {
        let read = |path| std::fs::read_to_string(path).ok();
        Machine::read(&read("/proc/stat")?, &read("/proc/self/stat")?)
    }

    /// From the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    fn read(all: &str, own: &str) -> Option<Self> {
        let line = all.lines().next()?.strip_prefix("cpu ")?;
        let machine: Vec<u64> =
            line.split_whitespace().map_while(|tick| tick.parse().ok()).collect();
        let (idle, all) = (machine.get(3)? + machine.get(4)?, machine.iter().take(8).sum::<u64>());
        Some(Machine { all, busy: all - idle, own: ticks(own)?.iter().sum::<u32>().into() })
    }

    /// Percent of the machine's time, over all cores, that other programs took since then.
    pub(crate) fn others_since(&self, then: &Machine) -> f64 {
        let since = |of: fn(&Machine) -> u64| of(self).saturating_sub(of(then)) as f64;
        let others = since(|machine| machine.busy) - since(|machine| machine.own);
        100.0 * others.max(0.0) / since(|machine| machine.all).max(1.0)
    }
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
        assert_eq!(ticks(stat), Some([50, 60, 700, 80]));
        assert_eq!(ticks("77 (x) S 1 77"), None);
    }

    #[test]
    fn what_other_programs_took_is_what_is_left() {
        let own = |ticks: &str| format!("77 (x) S 1 77 77 0 -1 4194304 1 2 3 4 {ticks} 20 0 1 0 5");
        let then =
            Machine::read("cpu  10 0 10 60 10 0 10 0 0 0\ncpu0 1\n", &own("1 2 3 4")).unwrap();
        let now = Machine::read("cpu  60 0 20 100 10 0 10 0 0 0\n", &own("11 12 13 14")).unwrap();
        // 60 of 100 ticks were busy, 40 of them this program's.
        assert_eq!(now.others_since(&then), 20.0);
        assert!(Machine::read("nothing", &own("1 2 3 4")).is_none());
    }

    #[test]
    fn small_times_are_in_milliseconds() {
        assert_eq!(shown(Duration::from_millis(16)), "16 ms");
        assert_eq!(shown(Duration::from_millis(2_310)), "2.31 s");
    }
}
