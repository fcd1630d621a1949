use std::time::SystemTime;

use super::Session;
use crate::dev::build::{Build, Built, Request};
use crate::dev::patch::Patcher;
use crate::dev::process::Process;
use crate::error::Error;

impl Session<'_> {
    /// Builds; a build that is under way is of files that are no more.
    pub(super) fn build(&mut self) -> Result<(), Error> {
        drop(self.build.take());
        self.output.goes_on();
        self.builds += 1;
        self.begun = SystemTime::now();
        if let Some(patcher) = &mut self.patcher {
            patcher.builds();
        }
        let request = Request {
            client: self.client.as_deref(),
            program: &self.settings.program,
            features: &self.settings.features,
            patcher: self.patcher.as_ref(),
            size: self.size,
        };
        let (context, app, options) = (self.context, self.app, self.options);
        let build = Build::start(context, app, options, &request, self.builds, &self.sender)?;
        self.build = Some(build);
        Ok(())
    }

    pub(super) fn built(&mut self, built: Built) {
        let milliseconds = built.took.as_millis();
        let Some(program) = built.program else {
            let kept = match &self.running {
                Some(_) => "; the last good build keeps serving",
                None if self.is_watching => "; the next change is waited for",
                None => "",
            };
            self.saved = None;
            let shell = &self.context.shell;
            shell.error(format_args!("no build after {milliseconds} ms{kept}"));
            return;
        };
        self.took = Some(built.took);
        let process = self.starting.as_ref().or(self.running.as_ref());
        let newest = self.next.as_ref().or(process.map(Process::kept));
        let is_patched = self.patcher.as_ref().is_some_and(Patcher::is_patched);
        if !is_patched && newest.is_some_and(|newest| newest.is(&program)) {
            if let Some(patcher) = self.patcher.as_mut().filter(|_| self.starting.is_none()) {
                patcher.is_unchanged();
            }
            let what = "the program is the same, and goes on";
            self.saved = None;
            self.say("Unchanged", format!("after {milliseconds} ms: {what}"));
            return;
        }
        // One that has not served is of no use any more.
        self.starting = None;
        self.start(&program);
    }
}
