use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::compiled::CompiledCrate;
use crate::shell::Shell;

/// How often a line is written over, and how often a new one is written where
/// that cannot be.
const UPDATE: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(10);

/// How far a build of several clients is: at a terminal one line that is
/// written over, elsewhere a line now and then.
#[derive(Debug)]
pub(crate) struct Progress<'s> {
    shell: &'s Shell,
    updates: bool,
    /// The line that is written over.
    shown: String,
    last: Instant,
    clients: usize,
    now: Now,
    pace: Pace,
}

/// The build that is under way.
#[derive(Debug, Default)]
struct Now {
    name: String,
    number: usize,
    crates: usize,
    done: BTreeSet<String>,
}

impl<'s> Progress<'s> {
    pub(crate) fn new(shell: &'s Shell, clients: usize) -> Self {
        let (pace, now) = (Pace::new(Instant::now()), Now::default());
        let (updates, last) = (shell.can_update(), Instant::now());
        Progress { shell, updates, shown: String::new(), last, clients, now, pace }
    }

    /// The next build begins; it has so many crates.
    pub(crate) fn begin(&mut self, name: &str, crates: usize, plugins: usize) {
        let number = self.now.number + 1;
        self.now = Now { name: name.to_owned(), number, crates, done: BTreeSet::new() };
        self.last = Instant::now();
        let of = match self.clients {
            1 => String::new(),
            all => format!(" ({number} of {all})"),
        };
        let plugins = count(plugins, "plugin");
        self.clear();
        let crates = count(crates, "crate");
        self.shell.status("Building", format_args!("{name}{of}: {plugins}, {crates}"));
    }

    /// A crate is done.
    pub(crate) fn done(&mut self, done: &CompiledCrate) {
        // After its build script, the crate itself is still to come.
        if done.kinds != ["custom-build"] {
            self.now.done.insert(done.package_id.clone());
        }
        if !done.fresh {
            self.pace.compiled += 1;
        }
        self.tell();
    }

    /// Says how far it is, if it is time to.
    pub(crate) fn tell(&mut self) {
        let every = if self.updates { UPDATE } else { LINE };
        if self.last.elapsed() < every || self.shell.is_quiet() || self.shell.verbosity() > 0 {
            return;
        }
        self.last = Instant::now();
        let Now { name, number, crates, done } = &self.now;
        let left = crates.saturating_sub(done.len());
        let time = match self.pace.left(Instant::now(), left, self.clients - number) {
            // What is there already, Cargo tells of at first.
            Some(time) if !done.is_empty() => format!(", about {} left", duration(time)),
            _ => String::new(),
        };
        let clients = match self.clients {
            1 => String::new(),
            all => format!("{} of {all} clients done, ", number - 1),
        };
        let line = format!("{name}: {clients}{} of {crates} crates{time}", crates - left);
        if self.updates {
            // A line that is wider than the terminal cannot be written over.
            let line: String = line.chars().take(66).collect();
            if line != self.shown {
                self.shell.update("Compiling", &line);
                self.shown = line;
            }
        } else {
            self.shell.status("Compiling", line);
        }
    }

    /// Makes room for another line.
    pub(crate) fn clear(&mut self) {
        if !std::mem::take(&mut self.shown).is_empty() {
            self.shell.update("", "");
        }
    }
}

/// How fast it goes.
#[derive(Debug)]
struct Pace {
    since: Instant,
    compiled: u32,
}

impl Pace {
    fn new(since: Instant) -> Self {
        Pace { since, compiled: 0 }
    }

    /// An estimate, from what a crate took so far: the crates that are left
    /// of this build, and of each build that follows the app's own, since
    /// clients share what they can.
    fn left(&self, now: Instant, crates: usize, builds: usize) -> Option<Duration> {
        let left = u32::try_from(crates + builds).ok()?;
        let took = now.duration_since(self.since).checked_div(self.compiled)?;
        (self.compiled >= 3 && left > 0).then(|| took * left)
    }
}

/// `1 crate`, `2 crates`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..90 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_follows_from_what_a_crate_took() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start);
        assert_eq!(pace.left(after(10), 5, 0), None, "nothing is known yet");
        pace.compiled = 5;
        assert_eq!(pace.left(after(10), 5, 0), Some(Duration::from_secs(10)));
        assert_eq!(pace.left(after(10), 5, 3), Some(Duration::from_secs(16)));
        assert_eq!(pace.left(after(10), 0, 0), None, "nothing is left");
        assert_eq!(duration(Duration::from_millis(5)), "1 s");
        assert_eq!(duration(Duration::from_secs(100)), "2 min");
    }
}
