//! Each command is a file: its arguments and its `run`.

/// `plugo init`.
mod init;
/// `plugo new-base-plugin`.
mod new_base_plugin;
/// `plugo new-ui-plugin`.
mod new_ui_plugin;
/// `plugo new-api-plugin`.
mod new_api_plugin;
/// `plugo add`.
mod add;
/// `plugo remove`.
mod remove;
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
/// `plugo clients`.
mod clients;
/// `plugo build`.
mod build;
/// `plugo run`.
mod run;
/// `plugo db`.
mod db;
/// `plugo admin`.
mod admin;
/// `plugo test`.
mod test;
/// `plugo dev`.
mod dev;
/// `plugo manifest`.
mod manifest;
/// `plugo sbom`.
mod sbom;
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
/// `plugo completions`.
mod completions;
/// `plugo man`.
mod man;
