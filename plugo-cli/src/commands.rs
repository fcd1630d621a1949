//! Each command is a file: its arguments and its `run`.

/// `plugo list`.
mod list;
/// `plugo explain`.
mod explain;
/// `plugo graph`.
mod graph;
/// `plugo check`.
mod check;
/// `plugo doctor`.
mod doctor;
/// `plugo completions`.
mod completions;
/// `plugo man`.
mod man;
