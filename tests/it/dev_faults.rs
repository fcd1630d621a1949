//! `plugo dev` where something else than a save happens to it: other programs
//! write files, crates come, nothing can be written, and it is killed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tests::{plugo, soon};

use crate::cli_dev::{Dev, TAKES, answer, is_gone, replace, save, small};

/// A build script that goes on when a file says so. It says itself that it has
/// come so far.
pub(super) const WAITS: &str = r#"fn main() {
    std::fs::write("../../waiting", "").unwrap();
    while !std::path::Path::new("../../go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    println!("cargo::rerun-if-changed=build.rs");
}
"#;

/// Waits for a file that something else writes.
pub(super) fn until_there(path: &Path) {
    let path = path.to_owned();
    soon(move || {
        while !path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

#[test]
fn a_crate_that_a_plugin_comes_to_depend_on_is_watched() {
    let project = small("dev-more", TAKES);
    let package = "[package]\nname = \"dev-more-extra\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    // That Git ignores a crate does not make it less of a crate.
    let project = project
        .file(".gitignore", "/extra/\n/plugins/a/\n")
        .file("extra/Cargo.toml", package)
        .file("extra/src/lib.rs", "pub const WORD: &str = \"x1\";\n");
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    let manifest = project.dir().join("plugins/a/Cargo.toml");
    let more = "[dependencies]\ndev-more-extra = { path = \"../../extra\" }";
    replace(&manifest, "[dependencies]", more);
    dev.hears("Changed plugin `a` (plugins/a/Cargo.toml)");
    dev.hears("ms after the save");
    // Cargo has written the lock file, of which nothing has to be told.
    dev.is_quiet(&project.dir().join("notes"));
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    replace(&plugin, "words.push(\"a1\")", "words.push(dev_more_extra::WORD)");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"x1\"]");
    replace(&project.dir().join("extra/src/lib.rs"), "x1", "x2");
    dev.hears("Changed crate `dev-more-extra` (extra/src/lib.rs)");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"x2\"]");
}

#[test]
fn a_lock_file_that_changes_under_a_build_begins_another_one() {
    let project = small("dev-lock", TAKES).file(".gitignore", "waiting\ngo\n");
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    save(&project.dir().join("plugins/a/build.rs"), WAITS);
    until_there(&project.dir().join("waiting"));
    let lock = project.dir().join("Cargo.lock");
    let text = fs::read_to_string(&lock).unwrap();
    save(&lock, &format!("{text}\n# A word of somebody else.\n"));
    dev.hears("Changed Cargo.lock");
    fs::write(project.dir().join("go"), "").unwrap();
    dev.hears("after the save");
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_can_be_written_the_old_process_goes_on() {
    use std::io::Write as _;

    let limit = |dev: &Dev, bytes: &str| {
        let id = dev.id().to_string();
        Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:")]).status()
    };
    let project = small("dev-full", TAKES);
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    let (first, _) = answer(&dev);
    if !limit(&dev, "100").is_ok_and(|status| status.success()) {
        let why = "skipped: it needs `prlimit`";
        writeln!(std::io::stderr(), "{why}").unwrap();
        return;
    }
    replace(&plugin, "a1", "a2");
    dev.hears("; the last good build keeps serving");
    assert_eq!(answer(&dev), (first, "none [\"a1\"]".to_owned()));
    assert!(limit(&dev, "unlimited").unwrap().success());
    replace(&plugin, "a2", "a3");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"a3\"]");
}

#[test]
fn what_is_killed_leaves_nothing_in_the_temporary_folder() {
    let project = small("dev-killed", TAKES);
    let temporary = TempDir::new().unwrap();
    let start = || {
        Dev::start_with(project.dir(), &[], |command| {
            command.env("TMPDIR", temporary.path());
        })
    };
    let left = || fs::read_dir(temporary.path()).unwrap().count();
    let mut dev = start();
    dev.hears("Serving on");
    let (app, _) = answer(&dev);
    dev.signal("-KILL");
    assert_eq!(dev.code(), None);
    if cfg!(target_os = "linux") {
        is_gone(&app);
    }
    // Where the target folder cannot have a socket, the next one puts it away.
    let mut dev = start();
    dev.hears("Serving on");
    drop(dev);
    assert_eq!(left(), 0);
}

#[test]
fn temporary_files_inside_the_app_begin_no_build() {
    let project = small("dev-tmp", TAKES);
    let temporary = project.dir().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut dev = Dev::start_with(project.dir(), &[], |command| {
        command.env("TMPDIR", &temporary);
    });
    dev.hears("Serving on");
    dev.is_quiet(&project.dir().join("notes"));
    fs::write(temporary.join("rustc.something"), "a compiler's").unwrap();
    dev.is_quiet(&project.dir().join("notes"));
    replace(&project.dir().join("plugins/a/src/lib.rs"), "a1", "a2");
    dev.hears("ms after the save");
    dev.is_quiet(&project.dir().join("notes"));
}

#[cfg(target_os = "linux")]
#[test]
fn it_goes_on_when_it_is_replaced_itself_and_when_its_terminal_is_closed_under_nohup() {
    let project = small("dev-moved", TAKES);
    let place = TempDir::new().unwrap();
    let own = place.path().join("plugo");
    let named = plugo(project.dir(), &[]);
    fs::copy(named.get_program(), &own).unwrap();
    let mut command = Command::new("sh");
    // What `nohup` does.
    command.args(["-c", "trap '' HUP; exec \"$0\" dev --listen 127.0.0.1:0"]).arg(&own);
    command.current_dir(project.dir());
    for (name, value) in named.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut dev = Dev::of(command, |_| {});
    dev.hears("Serving on");
    fs::remove_file(&own).unwrap();
    dev.signal("-HUP");
    replace(&project.dir().join("plugins/a/src/lib.rs"), "a1", "a2");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"a2\"]");
}
