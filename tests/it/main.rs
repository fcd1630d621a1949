//! Every test that needs more than one of plugo's crates, in one binary.

mod selection;
mod refusals;
mod apps;
