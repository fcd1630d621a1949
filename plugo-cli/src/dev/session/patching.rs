use super::Session;
use crate::building::Progress;
use crate::dev::patch::{Made, Outcome, Patcher, Said};
use crate::error::Error;

impl Session<'_> {
    /// Makes a patch of what has changed, or builds when that cannot be.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        let begun = match &mut self.patcher {
            None => return self.build(),
            // There is nothing to patch yet.
            Some(_)
                if self.running.is_none() || self.starting.is_some() || self.build.is_some() =>
            {
                return self.build();
            }
            Some(patcher) => patcher.begin(&self.watched),
        };
        match begun {
            Ok(()) => Ok(()),
            Err(why) => self.restart(&why),
        }
    }

    fn restart(&mut self, why: &str) -> Result<(), Error> {
        self.say("Restarting", format!("since {why}"));
        self.build()
    }

    /// A patch was made, or was not.
    pub(super) fn made(&mut self, number: u32, made: Made) -> Result<(), Error> {
        let target = self.patcher.as_mut().and_then(|patcher| patcher.made(number));
        let Some(target) = target else { return Ok(()) };
        let what = self.watched.owner_of(target.dir()).to_owned();
        match made {
            Made::Patch(patch) => {
                self.pass_on(patch.said());
                let Some(patcher) = &mut self.patcher else { return Ok(()) };
                patcher.give(&target, &what, &patch).or_else(|why| self.restart(&why))
            }
            Made::Errors(said) => {
                self.pass_on(&said);
                self.context.shell.error("no patch; what runs keeps serving");
                Ok(())
            }
            Made::Refused(why) => self.restart(&format!("{what} cannot be patched: {why}")),
            Made::Cancelled => Ok(()),
        }
    }

    /// What the compiler says goes where Cargo's goes.
    fn pass_on(&mut self, said: &str) {
        let mut progress = Progress::new(&self.context.shell, 1);
        for line in said.lines() {
            self.output.line(line.to_owned(), &mut progress);
        }
        self.output.end(&mut progress);
    }

    /// A process of the app says what became of a patch.
    pub(super) fn heard(&mut self, process: u32, said: Said) -> Result<(), Error> {
        let outcome = self.patcher.as_mut().and_then(|patcher| patcher.hear(process, said));
        match outcome {
            None => {}
            Some(Outcome::Patched { what, times, runs }) => {
                let saved = self.saved.take().and_then(|saved| saved.elapsed().ok());
                let saved = saved.map(|saved| format!(", {} ms after the save", saved.as_millis()));
                self.say("Patched", format!("{what}{} ({times})", saved.unwrap_or_default()));
                if !runs {
                    self.context.shell.note("no plugin of it runs now");
                }
                if let Some(live) = &self.live {
                    self.patches += 1;
                    live.tell(self.builds + self.patches);
                }
            }
            Some(Outcome::Failed { what, why }) => {
                let shell = &self.context.shell;
                let kept = "and what runs keeps serving";
                shell.error(format_args!("{what} did not come up, {kept}: {why}"));
            }
            Some(Outcome::Refused { what, why }) => {
                return self.restart(&format!("the app does not take {what} in: {why}"));
            }
        }
        Ok(())
    }

    /// The app has to answer.
    pub(super) fn tick_patch(&mut self) -> Result<(), Error> {
        if self.patcher.as_mut().is_some_and(Patcher::is_late) {
            return self.restart("the app does not say what became of the patch");
        }
        Ok(())
    }
}
