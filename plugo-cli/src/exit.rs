//! What the exit code says.
//!
//! A command that runs another program in the end, such as `plugo run`, gives
//! that program's code.

/// It is done.
pub const DONE: u8 = 0;
/// The answer is no: a check, a verification or a build failed.
pub const NO: u8 = 1;
/// The call was wrong: an argument, a name that does not exist.
pub const USAGE: u8 = 2;
/// The environment is broken: no Cargo, a folder that cannot be written.
pub const ENVIRONMENT: u8 = 3;
/// Ctrl-C, or another signal that asks to end: the children are ended, and
/// nothing is half-written.
pub const INTERRUPTED: u8 = 130;
