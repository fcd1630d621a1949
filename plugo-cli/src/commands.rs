//! Each command is a file: its arguments and its `run`.

/// `plugo list`.
mod list;
/// `plugo clients`.
mod clients;
/// `plugo build`.
mod build;
/// `plugo run`.
mod run;
/// `plugo test`.
mod test;
