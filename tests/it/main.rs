//! Every test that needs more than one of plugo's crates, in one binary.

mod selection;
mod refusals;
mod loading;
mod rows;
mod plux;
mod faults;
mod plux_build;
mod django;
mod settings;
mod settings_check;
mod threads;
mod apps;
mod ui;
mod plain_names;
mod readme;
mod tidy;
mod schemas;
mod manifest;
mod examples;
mod cli_list;
mod cli_see;
mod cli_recompiled;
mod cli_frame;
mod cli_scaffold;
mod cli_clients;
mod cli_inspect;
mod cli_graph;
mod cli_evidence;
mod cli_app_command;
mod reload_watch;
mod reload_app;
mod reload_selection;
mod reload_leaving;
#[cfg(unix)]
mod cli_dev;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod cli_dev_patch;
#[cfg(unix)]
mod dev_faults;
#[cfg(unix)]
mod dev_saves;
