use std::time::{Duration, Instant};

use super::channel::{self, Said};
use super::job::Patch;
use super::{Connection, Patcher, Target};

/// How long the app may take to take a patch in: inits are part of it.
const ANSWER: Duration = Duration::from_secs(60);

/// A patch that the app is taking in.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) number: u32,
    pub(super) what: String,
    pub(super) times: String,
    pub(super) since: Instant,
}

/// What became of a patch that the app was given.
#[derive(Debug)]
pub(crate) enum Outcome {
    Patched { what: String, times: String, runs: bool },
    Failed { what: String, why: String },
    Refused { what: String, why: String },
}

impl Patcher {
    /// Gives a patch of this to the app.
    pub(crate) fn give(
        &mut self,
        target: &Target,
        what: &str,
        patch: &Patch,
    ) -> Result<(), String> {
        let process = self.running.as_ref().map(|running| running.process);
        let connection = process.and_then(|process| self.connections.get_mut(&process));
        let connection = connection.ok_or("no process serves")?;
        channel::tell(&mut connection.stream, &patch.table)
            .map_err(|error| format!("the app cannot be told: {error}"))?;
        let (rustc, link) = (patch.compiled.as_millis(), patch.linked.as_millis());
        let times = format!("rustc {rustc} ms, link {link} ms");
        let (number, what, since) = (target.number, what.to_owned(), Instant::now());
        self.taking.push_back(Taking { number, what, times, since });
        Ok(())
    }

    /// A process of the app says something: what became of a patch that it was
    /// given, perhaps.
    pub(crate) fn hear(&mut self, process: u32, said: Said) -> Option<Outcome> {
        match said {
            Said::Hello { stream, main } => {
                self.connections.insert(process, Connection { stream, main });
                return None;
            }
            Said::Gone => {
                self.connections.remove(&process);
                return None;
            }
            _ => {}
        }
        let running = self.running.as_mut().filter(|running| running.process == process)?;
        let Taking { number, what, times, .. } = self.taking.pop_front()?;
        Some(match said {
            Said::Patched(plugins) => {
                running.is_patched = true;
                self.unserved.retain(|_, since| *since >= number);
                Outcome::Patched { what, times, runs: !plugins.is_empty() }
            }
            Said::Failed(why) => Outcome::Failed { what, why },
            Said::Refused(why) => Outcome::Refused { what, why },
            Said::Hello { .. } | Said::Gone => return None,
        })
    }

    /// Whether the app does not answer any more.
    pub(crate) fn is_late(&mut self) -> bool {
        let is_late = self.taking.front().is_some_and(|first| first.since.elapsed() >= ANSWER);
        if is_late {
            self.taking.clear();
        }
        is_late
    }
}
