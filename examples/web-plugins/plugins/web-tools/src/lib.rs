//! Two plugins in one crate. A build may have either, or both: the one that is
//! not chosen is not in the binary.

#![forbid(unsafe_code)]

/// The plugin `clock`.
mod clock;
/// The plugin `semver`.
mod semver;
