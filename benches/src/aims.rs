/// Start-up, lookup and size.
mod start;
/// Selection.
mod choosing;
/// The build script.
mod script;
/// What compiling costs.
mod build;
/// Builds for clients.
mod clients;

pub(crate) use self::build::build;
pub(crate) use self::choosing::{choosing, times};
pub(crate) use self::clients::clients;
pub(crate) use self::script::script;
pub(crate) use self::start::start;
use crate::page::Aim;

/// Everything that is aimed at, in the order of the page.
pub(crate) fn all() -> Vec<&'static Aim> {
    let start = [&start::START, &start::ITERATE, &start::LOOKUP, &start::BYTES];
    let choosing = [&choosing::SELECT, &choosing::CALL, &choosing::SELECT_TIME];
    let build = [&build::RELEASE, &build::TOUCHED, &build::UNCHANGED, &build::DEPENDENCY];
    [start.as_slice(), &choosing, &[&script::SCRIPT], &build, &[&clients::NOT_CHOSEN]].concat()
}
