//! `plugo dev` where something else than a save happens to it: other programs
//! write files, and it is killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tests::{Project, soon};

use crate::cli_dev::{Dev, TAKES, answer, is_gone, replace, save, small};

/// A build script that goes on when a file says so. It says itself that it has
/// come so far.
const WAITS: &str = r#"fn main() {
    std::fs::write("../../waiting", "").unwrap();
    while !std::path::Path::new("../../go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    println!("cargo::rerun-if-changed=build.rs");
}
"#;

/// Waits for a file that something else writes.
fn until_there(path: &Path) {
    let path = path.to_owned();
    soon(move || {
        while !path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

#[test]
fn a_lock_file_that_changes_under_a_build_begins_another_one() {
    let project = small("dev-lock", TAKES);
    let project = project.file(".gitignore", "waiting\ngo\n");
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    // Cargo itself writes the lock file when the build begins: of that nothing is told.
    let extra = project.dir().join("extra");
    fs::create_dir_all(extra.join("src")).unwrap();
    let package = "[package]\nname = \"dev-lock-extra\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    fs::write(extra.join("Cargo.toml"), package).unwrap();
    fs::write(extra.join("src/lib.rs"), "pub const WORD: &str = \"x1\";\n").unwrap();
    let manifest = project.dir().join("plugins/a/Cargo.toml");
    let from = "[dependencies]";
    let to = "[dependencies]\ndev-lock-extra = { path = \"../../extra\" }";
    replace(&manifest, from, to);
    dev.hears("Changed plugin `a` (plugins/a/Cargo.toml)");
    dev.hears("ms after the save");
    dev.is_quiet();

    // The crate that came with that is watched.
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    replace(&plugin, "words.push(\"a1\")", "words.push(dev_lock_extra::WORD)");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"x1\"]");
    replace(&extra.join("src/lib.rs"), "x1", "x2");
    dev.hears("Changed crate `dev-lock-extra` (extra/src/lib.rs)");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"x2\"]");

    // What somebody else writes while a crate is compiled is not in that build.
    save(&project.dir().join("plugins/a/build.rs"), WAITS);
    until_there(&project.dir().join("waiting"));
    let lock = project.dir().join("Cargo.lock");
    let text = fs::read_to_string(&lock).unwrap();
    save(&lock, &format!("{text}\n# A word of somebody else.\n"));
    dev.hears("Changed Cargo.lock");
    fs::write(project.dir().join("go"), "").unwrap();
    dev.hears(" ms");
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
    let project: Project = small("dev-tmp", TAKES);
    let temporary = project.dir().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut dev = Dev::start_with(project.dir(), &[], |command| {
        command.env("TMPDIR", &temporary);
    });
    dev.hears("Serving on");
    dev.is_quiet();
    fs::write(temporary.join("rustc.something"), "a compiler's").unwrap();
    dev.is_quiet();
    replace(&project.dir().join("plugins/a/src/lib.rs"), "a1", "a2");
    dev.hears("ms after the save");
    dev.is_quiet();
}
