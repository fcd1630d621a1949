use std::collections::BTreeSet;

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
    /// Warnings that were passed on.
    said: BTreeSet<String>,
    /// Cargo could not write.
    pub(crate) unwritable: bool,
}

impl<'s> Output<'s> {
    pub(crate) fn new(shell: &'s Shell) -> Self {
        Output { shell, message: Vec::new(), said: BTreeSet::new(), unwritable: false }
    }

    pub(crate) fn line(&mut self, line: String, progress: &mut Progress<'_>) {
        let plain = strip_str(&line).to_string();
        self.unwritable |= ["No space left on device", "Read-only file system"]
            .iter()
            .any(|reason| plain.contains(reason));
        match status(&plain) {
            Some("Blocking") => {
                progress.clear();
                self.shell.say(line);
            }
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
