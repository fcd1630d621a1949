use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use plugo_build::Project;
use plugo_reload::{Changes, Mode};

use super::Session;
use crate::dev::watched::Watched;
use crate::error::Error;

impl Session<'_> {
    pub(super) fn changed(&mut self, changes: &Changes) -> Result<(), Error> {
        if self.settings.ignores_selection && self.watched.is_selection(changes) {
            self.say("Left", format!("{} to the app", self.watched.describe(changes.paths())));
            return Ok(());
        }
        // Cargo itself writes the lock file when it begins to build. With it, other
        // crates may have become part of the build.
        if self.watched.is_lock(changes)
            && self.build.as_ref().is_some_and(|build| build.may_have_written(changes))
        {
            self.looks = true;
            return Ok(());
        }
        self.say("Changed", self.watched.describe(changes.paths()));
        let times = changes.paths().filter_map(|path| path.metadata().ok()?.modified().ok());
        // What came by a rename may be old.
        let now = SystemTime::now();
        let is_recent = |time: &SystemTime| {
            now.duration_since(*time).is_ok_and(|age| age < Duration::from_secs(5))
        };
        self.saved = Some(times.filter(is_recent).max().unwrap_or(now));
        if self.watched.is_other_build(changes) {
            self.look(false)?;
        }
        if let Some(patcher) = &mut self.patcher {
            patcher.changed(changes.paths());
        }
        self.renew()
    }

    /// Finds out what to watch. What is wrong with the files is told of by
    /// Cargo when it builds; a client that does not exist is told of at once.
    pub(super) fn look(&mut self, is_first: bool) -> Result<(), Error> {
        let selection = self.selection(&self.client);
        match self.context.project(self.app, &selection) {
            Ok(project) => self.follow(&project),
            Err(error @ Error::Usage(_)) if is_first => return Err(error),
            Err(_) => {}
        }
        if !self.is_followed {
            self.watch()?;
        }
        Ok(())
    }

    /// Finds out what Cargo has made of the lock file. What was saved meanwhile in
    /// crates that were not watched is built.
    pub(super) fn look_again(&mut self) -> Result<(), Error> {
        let (earlier, begun) = (self.watched.clone(), self.begun);
        self.look(false)?;
        let written = self.watched.written_since(&earlier, begun);
        if written.is_empty() {
            return Ok(());
        }
        let paths = || written.iter().map(PathBuf::as_path);
        self.say("Changed", self.watched.describe(paths()));
        self.saved = Some(SystemTime::now());
        if let Some(patcher) = &mut self.patcher {
            patcher.changed(paths());
        }
        self.renew()
    }

    fn follow(&mut self, project: &Project) {
        let Ok(crates) = project.crates() else { return };
        let (plan, _) = project.draft();
        let names: BTreeSet<_> = crates.iter().map(|krate| (&krate.name, &krate.version)).collect();
        self.size = Some((plan.plugins.len(), names.len()));
        let watched = Watched::new(self.app, project, &crates);
        if watched != self.watched {
            self.watched = watched;
            self.is_followed = false;
        }
    }

    fn watch(&mut self) -> Result<(), Error> {
        let earlier = self.watcher.take();
        let watcher = self.watched.watch(earlier, self.settings.debounce, self.sender.clone())?;
        if let mode @ Mode::Polling { .. } = watcher.mode() {
            self.context.shell.note(mode);
        }
        self.watcher = Some(watcher);
        self.is_followed = true;
        Ok(())
    }
}
