//! Each command is a file: its arguments and its `run`.

/// `plugo list`.
mod list;
/// `plugo inspect`.
mod inspect;
/// `plugo verify`.
mod verify;
/// `plugo licenses`.
mod licenses;
/// `plugo vendor`.
mod vendor;
/// `plugo size`.
mod size;
