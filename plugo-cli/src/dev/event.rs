use plugo_reload::Changes;

use super::keys::Key;
use super::patch::{Made, Said};
use crate::child::Line;

/// What happens while `plugo dev` works.
#[derive(Debug)]
pub(super) enum Event {
    /// Files changed.
    Changed(Changes),
    /// The Cargo of a build said something.
    Cargo(u32, Line),
    /// One of its two streams is at its end.
    Closed(u32),
    /// A patch was made, or was not.
    Made(u32, Made),
    /// A process of the app said something.
    App(u32, Said),
    /// A process has ended, or somebody wants all to end: it is looked at.
    Woken,
    /// A person wants something.
    Key(Key),
}
