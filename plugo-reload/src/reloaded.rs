use std::fmt;

use crate::error::Problem;
use crate::wanted::LeftOut;

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The generation that runs now.
    pub generation: u64,
    /// The plugins that were initialised, in load order.
    pub started: Vec<&'static str>,
    /// The plugins that are stopped when their last users are done, in reverse
    /// load order.
    pub stopping: Vec<&'static str>,
    /// How many were left alone.
    pub kept: usize,
    /// The plugins that are enabled and do not run, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What is most likely not meant so: a name that is disabled, and is that of
    /// no plugin, and reads like one.
    pub warnings: Vec<Problem>,
}

impl Reloaded {
    /// Whether nothing had to be done.
    pub fn is_unchanged(&self) -> bool {
        self.started.is_empty() && self.stopping.is_empty()
    }
}

/// `started clock; stopping shop, auth; 2 left alone`.
impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchanged() {
            write!(f, "nothing to do; {} left alone", self.kept)?;
        } else {
            for (verb, plugins) in [("started", &self.started), ("stopping", &self.stopping)] {
                if !plugins.is_empty() {
                    write!(f, "{verb} {}; ", plugins.join(", "))?;
                }
            }
            write!(f, "{} left alone", self.kept)?;
        }
        for LeftOut { plugin, reason } in &self.left_out {
            write!(f, "\n`{plugin}` is left out: {reason}")?;
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}
