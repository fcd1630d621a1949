//! Each command is a file: its arguments and its `run`.

/// `plugo list`.
mod list;
/// `plugo manifest`.
mod manifest;
/// `plugo sbom`.
mod sbom;
/// What commands do with a document.
mod document;
