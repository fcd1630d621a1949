//! `plugo dev`, and saves that come at a bad moment.

use std::fs;
use std::time::Duration;

use tests::Project;

use crate::cli_dev::{Dev, TAKES, answer, replace, small, small_in};
use crate::dev_faults::{WAITS, until_there};

/// Does not end when it is asked to, as an app whose request goes on, and writes
/// down that it was started.
const STAYS: &str = r#"{
        use std::os::unix::process::CommandExt as _;
        if std::env::var_os("STAYS").is_none() {
            let own = std::env::current_exe().unwrap();
            let mut command = std::process::Command::new("sh");
            command.args(["-c", "trap '' TERM; exec \"$0\""]).arg(own).env("STAYS", "1");
            panic!("{}", command.exec());
        }
        let mut starts = std::fs::File::options().create(true).append(true).open("starts").unwrap();
        writeln!(starts, "{}", std::process::id()).unwrap();
        TAKES
    }"#;

#[test]
fn where_the_old_process_has_to_end_first_a_second_save_waits_for_that_too() {
    let project = small("dev-stays", &STAYS.replace("TAKES", TAKES)).file(".gitignore", "starts\n");
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    let mut dev = Dev::start(project.dir(), &["--handover", "sequential"]);
    dev.hears("Serving on");
    replace(&plugin, "a1", "a2");
    dev.hears("Waiting for the old process to end");
    replace(&plugin, "a2", "a3");
    dev.hears("Changed plugin `a`");
    dev.hears("Waiting for the old process to end");
    dev.hears("the old process did not end within 10 s, and was ended");
    dev.hears("Serving on");
    assert_eq!(answer(&dev).1, "none [\"a3\"]");
    let starts = fs::read_to_string(project.dir().join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 2, "{starts}");
}

#[test]
fn a_save_is_built_though_other_crates_come_to_be_watched_meanwhile() {
    // The build script of the crate runs, which it does once in a folder that stays.
    let project = small_in(Project::fresh("dev-late"), TAKES);
    let package = "[package]\nname = \"dev-late-extra\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    let project = project
        .file(".gitignore", "waiting\ngo\n")
        .file("extra/Cargo.toml", package)
        .file("extra/build.rs", WAITS.replace("../../", "../"))
        .file("extra/src/lib.rs", "");
    let mut dev = Dev::start(project.dir(), &["--debounce-ms", "3000"]);
    dev.hears("Serving on");
    let manifest = project.dir().join("plugins/a/Cargo.toml");
    let more = "[dependencies]\ndev-late-extra = { path = \"../../extra\" }";
    replace(&manifest, "[dependencies]", more);
    dev.hears("Changed plugin `a`");
    until_there(&project.dir().join("waiting"));
    // Cargo has written the lock file, which has been heard of by then. Nothing tells.
    std::thread::sleep(Duration::from_secs(5));
    // Cargo does not look at this crate any more.
    replace(&project.dir().join("plugins/b/src/lib.rs"), "b1", "b2");
    fs::write(project.dir().join("go"), "").unwrap();
    dev.hears("Serving on");
    dev.hears("Changed plugin `b` (plugins/b/src/lib.rs)");
}
