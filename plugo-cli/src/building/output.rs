use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anstream::adapter::strip_str;

use super::progress::Progress;
use crate::shell::Shell;

/// What Cargo says on stderr: what the compiler says is passed on, once for
/// all clients; of Cargo's own status only what somebody waits for.
#[derive(Debug)]
pub(crate) struct Output<'s> {
    shell: &'s Shell,
    /// The lines of one message.
    message: Vec<String>,
    /// What Cargo waits for.
    waits: Waits,
    /// Warnings that were passed on.
    said: BTreeSet<String>,
    /// Cargo could not write.
    pub(crate) unwritable: bool,
}

impl<'s> Output<'s> {
    pub(crate) fn new(shell: &'s Shell) -> Self {
        Output {
            shell,
            message: Vec::new(),
            waits: Waits::default(),
            said: BTreeSet::new(),
            unwritable: false,
        }
    }

    pub(crate) fn line(&mut self, line: String, progress: &mut Progress<'_>) {
        let plain = strip_str(&line).to_string();
        self.unwritable |= ["No space left on device", "Read-only file system"]
            .iter()
            .any(|reason| plain.contains(reason));
        self.waits = Waits::default();
        match status(&plain) {
            Some("Blocking") => self.waits = Waits(Some((Instant::now(), line))),
            Some(_) => self.end(progress),
            None => {
                // Each message begins at the margin, and most end with an empty line.
                if plain.starts_with("warning") || plain.starts_with("error") {
                    self.end(progress);
                }
                let is_end = plain.is_empty();
                self.message.push(line);
                if is_end {
                    self.end(progress);
                }
            }
        }
    }

    /// Cargo has said something on stdout: it waits for nothing any more.
    pub(crate) fn goes_on(&mut self) {
        self.waits = Waits::default();
    }

    /// Passes on what Cargo waits for, when it has for a while.
    pub(crate) fn tell(&mut self, progress: &mut Progress<'_>) {
        if let Some(line) = self.waits.take_late(Instant::now()) {
            progress.clear();
            self.shell.say(line);
        }
    }

    /// Passes on what is there.
    pub(crate) fn end(&mut self, progress: &mut Progress<'_>) {
        let message = std::mem::take(&mut self.message).join("\n");
        let plain = strip_str(&message).to_string();
        let is_warning = plain.starts_with("warning");
        let is_left_out = is_warning && (self.shell.is_quiet() || !self.said.insert(plain));
        if message.is_empty() || is_left_out {
            return;
        }
        progress.clear();
        self.shell.say(message);
    }
}

/// A line such as `    Blocking waiting for file lock on build directory`, and since
/// when it holds. Whoever waits for a build wants to know why nothing happens; that
/// two Cargos met for a moment, nobody does.
#[derive(Debug, Default)]
struct Waits(Option<(Instant, String)>);

/// How long a wait is not worth a word.
const LATE: Duration = Duration::from_secs(1);

impl Waits {
    /// The line, once, when it has held for so long.
    fn take_late(&mut self, now: Instant) -> Option<String> {
        let is_late = |since: Instant| now.saturating_duration_since(since) >= LATE;
        self.0.take_if(|(since, _)| is_late(*since)).map(|(_, line)| line)
    }
}

/// The verb of a line such as `   Compiling shop v0.1.0`, which Cargo writes
/// against the twelfth column.
fn status(plain: &str) -> Option<&str> {
    let verb = plain.get(..12)?.trim_start();
    let ends = plain.get(12..).is_some_and(|rest| rest.starts_with(' '));
    let is_verb = verb.starts_with(|c: char| c.is_ascii_uppercase())
        && verb.chars().all(|c| c.is_ascii_alphabetic());
    (ends && is_verb).then_some(verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_waits_for_is_told_once_and_only_when_it_takes_long() {
        let begun = Instant::now();
        let mut waits = Waits(Some((begun, "Blocking".to_owned())));
        assert_eq!(waits.take_late(begun + LATE / 2), None);
        assert_eq!(waits.take_late(begun + LATE).as_deref(), Some("Blocking"));
        assert_eq!(waits.take_late(begun + LATE * 2), None);
    }

    #[test]
    fn cargos_status_is_told_apart_from_what_the_compiler_says() {
        assert_eq!(status("   Compiling shop v0.1.0 (/shop)"), Some("Compiling"));
        assert_eq!(status("    Finished `dev` profile in 1s"), Some("Finished"));
        assert_eq!(status("    Blocking waiting for file lock on package cache"), Some("Blocking"));
        for line in [
            "warning: unused variable: `x`",
            "error[E0425]: cannot find value `y` in this scope",
            "  --> src/main.rs:1:1",
            "   |",
            "12 |     Compiling",
            "",
        ] {
            assert_eq!(status(line), None, "{line}");
        }
    }
}
