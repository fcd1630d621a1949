use std::env;
use std::path::{Path, PathBuf};

use plugo_build::Project;
use toml_edit::DocumentMut;

use super::Note;
use crate::app::App;

/// From this number of lines on, an app is no thin one.
const MUCH_CODE: usize = 1000;

/// What can be said without a plan.
pub(crate) fn before_planning(app: &App) -> Vec<Note> {
    let mut notes = Vec::new();
    if !app.workspace.join("Cargo.lock").exists() {
        notes.push(Note::new(
            "no-lock-file",
            "there is no Cargo.lock, so two builds may have different crates; its plugins were not looked at",
            "run `cargo generate-lockfile`, and keep the file under version control",
        ));
    }
    if env::var_os("ENABLED_PLUGINS").is_some_and(|names| !names.is_empty()) {
        notes.push(Note::new(
            "environment-selects",
            "ENABLED_PLUGINS is set: whenever it changes, the build script runs again and the app is compiled",
            "select with cargo features, which are built once each: a client, or `--features`",
        ));
    }
    if let Some(debug) = full_debug_information(app) {
        notes.push(Note::new(
            "debug-information",
            format!("rebuilds write full debug information: {debug}"),
            "write `debug = \"line-tables-only\"` to [profile.dev] of the workspace's Cargo.toml, \
             unless you use a debugger",
        ));
    }
    let (lines, has_table) = own_code(&app.dir.join("src"));
    if has_table && lines > MUCH_CODE {
        notes.push(Note::new(
            "much-code-beside-the-table",
            format!(
                "the package that has `plugins!()` has {lines} lines, which are compiled whenever the \
                 selection or a file of a plugin changes"
            ),
            "move the code into a library package, and keep `plugins!()` in a thin one over it",
        ));
    }
    notes
}

/// What the settings say.
pub(super) fn notes(app: &App, project: &Project) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(set) = env::var_os("PLUGO_MANIFEST_DIR").filter(|dir| !dir.is_empty()) {
        let set = PathBuf::from(set);
        let same = project.manifest_directory().is_some_and(|dir| dir == app.dir.join(&set));
        if !same {
            notes.push(Note::new(
                "manifest-folder",
                format!(
                    "PLUGO_MANIFEST_DIR is `{}`, and not what the settings say: builds with and \
                     without it run the build script in turn",
                    set.display()
                ),
                "set `manifest-dir` in [package.metadata.plugo], and unset the variable",
            ));
        }
    }
    if app.target_dir.starts_with(project.plugin_directory()) {
        notes.push(Note::wrong(
            "target-among-plugins",
            "the target folder is in the plugin directory, so that every build is a change in it",
            "set `target-dir` or `plugin-directory` to another folder",
        ));
    }
    notes
}

/// What says that debug information is whole; `None` when it is less.
fn full_debug_information(app: &App) -> Option<String> {
    let is_less = |value: &str| {
        matches!(
            value,
            "line-tables-only" | "line-directives-only" | "limited" | "none" | "0" | "1" | "false"
        )
    };
    if let Ok(value) = env::var("CARGO_PROFILE_DEV_DEBUG") {
        return (!is_less(&value)).then(|| format!("CARGO_PROFILE_DEV_DEBUG is `{value}`"));
    }
    let folders = app.dir.ancestors().map(|dir| dir.join(".cargo/config.toml"));
    let files = folders.chain([app.workspace.join("Cargo.toml")]);
    for file in files {
        let Some(value) = debug_of(&file) else { continue };
        return (!is_less(&value)).then(|| format!("`debug` is {value} in `{}`", file.display()));
    }
    Some("no [profile.dev] says otherwise".to_owned())
}

fn debug_of(file: &Path) -> Option<String> {
    let document: DocumentMut = std::fs::read_to_string(file).ok()?.parse().ok()?;
    let debug = document.get("profile")?.get("dev")?.get("debug")?.as_value()?;
    let written = debug.to_string();
    Some(written.trim().trim_matches(['"', '\'']).to_owned())
}

/// The lines of Rust in a folder, and whether the table of plugins is there.
fn own_code(dir: &Path) -> (usize, bool) {
    let (mut lines, mut has_table) = (0, false);
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let (more, has) = own_code(&path);
            lines += more;
            has_table |= has;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            lines += text.lines().count();
            has_table |= text.contains("plugins!(");
        }
    }
    (lines, has_table)
}
