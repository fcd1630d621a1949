//! Every test that needs more than one of plugo's crates, in one binary.

mod selection;
mod refusals;
mod loading;
mod rows;
mod plux;
mod faults;
mod plux_build;
mod django;
mod threads;
mod apps;
mod ui;
mod readme;
mod tidy;
mod schemas;
mod manifest;
mod examples;
mod cli_list;
mod cli_see;
mod cli_frame;
mod cli_scaffold;
mod cli_clients;
mod cli_inspect;
mod cli_graph;
mod cli_evidence;
mod reload_watch;
mod reload_selection;
#[cfg(unix)]
mod cli_dev;
