/// Which plugins are built, and what they bring.
mod plugins;
/// What makes rebuilds slow.
mod rebuilds;
/// What is compiled anew from one client to the next.
mod recompiled;
/// Rust itself.
mod toolchain;

use std::fmt;

use plugo_build::Project;
use serde_json::{Value, json};

use crate::app::App;
use crate::args::SelectionArgs;
use crate::context::Context;
use crate::error::Error;

pub(crate) use self::rebuilds::before_planning;

/// Something that is worth a look, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Its kind; stable.
    pub(crate) code: &'static str,
    /// Whether it is wrong, and not only worth knowing.
    pub(crate) is_wrong: bool,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Note {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Note { code, is_wrong: false, message: message.into(), help: help.into() }
    }

    fn wrong(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Note { is_wrong: true, ..Note::new(code, message, help) }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "code": self.code,
            "severity": if self.is_wrong { "wrong" } else { "note" },
            "message": self.message,
            "help": self.help,
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_wrong { "wrong" } else { "note" };
        write!(f, "{word}: [{}] {}\n  help: {}", self.code, self.message, self.help)
    }
}

/// What there is to say about Rust.
pub(crate) fn toolchain(app: &App) -> Result<Vec<Note>, Error> {
    toolchain::notes(app)
}

/// What there is to say about the default build and the clients.
///
/// # Errors
///
/// [`Error::Said`] when somebody wants this program to end.
pub(crate) fn builds(context: &Context, app: &App, project: &Project) -> Result<Vec<Note>, Error> {
    let (plan, problems) = project.draft();
    let refused = problems.iter().filter(|p| p.severity == plugo_build::Severity::Error).count();
    let mut notes = Vec::new();
    if refused > 0 {
        let problems = if refused == 1 { "problem" } else { "problems" };
        let message = format!("the default build is refused, with {refused} {problems}");
        notes.push(Note::wrong("refused-build", message, "run `plugo check`, which names them"));
    }
    notes.extend(plugins::unused(project, &plan));
    notes.extend(plugins::clients(project, &plan));
    let mut unseen = Unseen::default();
    if refused == 0 {
        notes.extend(unseen.of("the crates of the default build were", duplicates(context, app))?);
    }
    notes.extend(rebuilds::notes(app, project));
    notes.extend(unseen.of("what clients share was", recompiled::notes(app, project))?);
    notes.extend(unseen.notes());
    Ok(notes)
}

fn duplicates(context: &Context, app: &App) -> Result<Vec<Note>, Error> {
    match context.evidence(app, &SelectionArgs::default()) {
        Ok(evidence) => Ok(plugins::duplicates(&evidence.content)),
        Err(Error::Refused(_)) => {
            let message = "the crates of the default build are not known";
            Ok(vec![Note::wrong("refused-build", message, "run `plugo check`, which says why")])
        }
        Err(error) => Err(error),
    }
}

/// What could not be looked at, by the causes.
#[derive(Debug, Default)]
struct Unseen(Vec<(String, Vec<&'static str>)>);

impl Unseen {
    /// The notes on something, or none where it could not be looked at. `what` ends with the verb.
    ///
    /// # Errors
    ///
    /// [`Error::Said`] when somebody wants this program to end.
    fn of(
        &mut self,
        what: &'static str,
        notes: Result<Vec<Note>, Error>,
    ) -> Result<Vec<Note>, Error> {
        let error = match notes {
            Err(error) if !matches!(error, Error::Said(_)) => error,
            notes => return notes,
        };
        let why = error.to_string().lines().next().unwrap_or_default().to_owned();
        match self.0.iter_mut().find(|(cause, _)| *cause == why) {
            Some((_, unseen)) => unseen.push(what),
            None => self.0.push((why, vec![what])),
        }
        Ok(Vec::new())
    }

    /// A note for each cause.
    fn notes(self) -> impl Iterator<Item = Note> {
        self.0.into_iter().map(|(why, unseen)| {
            let unseen = unseen.join(" not looked at, and ");
            let message = format!("{unseen} not looked at: {why}");
            let help = "`plugo manifest` says all of it; `cargo fetch` completes Cargo.lock and downloads crates that \
                        are missing";
            Note::new("not-looked-at", message, help)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_at_is_told_once_for_each_cause() {
        let broken = |why: &str| Err(Error::environment(why));
        let mut unseen = Unseen::default();
        assert_eq!(unseen.of("what was fine was", Ok(Vec::new())).unwrap(), []);
        assert_eq!(unseen.of("the crates were", broken("no network\nand more")).unwrap(), []);
        assert_eq!(unseen.of("what clients share was", broken("no network")).unwrap(), []);
        assert_eq!(unseen.of("the rest was", broken("it cannot be simulated")).unwrap(), []);
        let ended = unseen.of("what was asked was", Err(Error::Said(130)));
        assert!(matches!(ended, Err(Error::Said(130))), "nobody waits for the answer");
        assert_eq!(
            unseen.notes().map(|note| note.message).collect::<Vec<_>>(),
            [
                "the crates were not looked at, and what clients share was not looked at: no network",
                "the rest was not looked at: it cannot be simulated",
            ]
        );
    }
}
