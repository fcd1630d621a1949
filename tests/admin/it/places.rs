//! Where the example and its commands cannot do what they should, the exit code and the
//! message say whose matter that is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tests::Run;

use crate::databases::is_root;
use crate::notify::{Place, program};

#[test]
fn wrong_keys_are_a_wrong_call_and_the_variable_is_named() {
    let place = Place::new();
    for command in [&["db", "list"][..], &["admin"], &[]] {
        let mut notify = Command::new(program("default"));
        place.set(notify.args(command).stdin(Stdio::null()));
        let run = Run::of(notify.env("PLUGO_SECRET_KEYS", "nonsense"));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
        assert!(run.stderr.starts_with("error: PLUGO_SECRET_KEYS: "), "{}", run.stderr);
    }
}

#[test]
fn a_key_that_cannot_be_read_is_the_machines_matter() {
    let place = Place::new();
    let file = place.folder.path().join("secret-keys");
    fs::create_dir(&file).unwrap();
    let run = place.command("default", &["db", "list"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("secret-keys cannot be read"), "{}", run.stderr);
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "half a key").unwrap();
    let run = place.command("default", &["db", "list"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("secret-keys: "), "{}", run.stderr);
}

#[test]
fn where_there_is_no_room_for_a_key_nothing_is_left() {
    let place = Place::new();
    // No file may hold anything, and who tries is not ended for it.
    let mut shell = Command::new("sh");
    place.set(shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" db list"]));
    let run = Run::of(shell.arg(program("default")).stdin(Stdio::null()));
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("secret-keys, cannot be written"), "{}", run.stderr);
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_database_that_cannot_be_looked_for_is_not_said_to_be_missing() {
    let place = Place::new();
    let file = place.folder.path().join("notify.sqlite3");
    symlink(&file, &file).unwrap();
    let run = place.command("default", &["db", "list"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("it cannot be looked for: "), "{}", run.stderr);
    assert!(!run.stderr.contains("makes it"), "{}", run.stderr);
}

/// A command by somebody to whom the permissions of files mean something.
fn as_nobody(place: &Place, arguments: &[&str]) -> Run {
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]);
            command.arg(place.folder.path().join("program"));
            command
        }
        false => Command::new(program("default")),
    };
    place.set(command.args(arguments).stdin(Stdio::null()));
    Run::of(command.env("NOTIFY_DATA", place.folder.path().join("data")))
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_of_others_is_told_of_as_what_it_is() {
    let place = Place::new();
    let (folder, data) = (place.folder.path().join("folder"), place.folder.path().join("data"));
    for made in [&folder, &data] {
        fs::create_dir(made).unwrap();
    }
    fs::copy(program("default"), place.folder.path().join("program")).unwrap();
    allow(place.folder.path(), 0o755);
    allow(&data, 0o777);
    let database = folder.join("plugo.sqlite3");
    let url = format!("sqlite://{}", database.display());
    place.command("default", &["db", "migrate", "--database", &url]).ok();
    allow(&database, 0o644);

    allow(&folder, 0o000);
    let run = as_nobody(&place, &["db", "list", "--database", &url]);
    allow(&folder, 0o555);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
    assert!(!run.stderr.contains("there is no"), "{}", run.stderr);

    let reading = format!("{url}?mode=ro");
    let run = as_nobody(&place, &["db", "list", "--database", &reading]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(!run.stderr.contains("nothing was changed"), "{}", run.stderr);
    assert!(run.stderr.contains("let this user write to its folder"), "{}", run.stderr);

    // What it says to do does it.
    allow(&folder, 0o755);
    let copy = format!("VACUUM INTO '{}'", folder.join("copy.sqlite3").display());
    crate::databases::run(async {
        use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&database);
        let mut connection = options.connect().await.unwrap();
        connection.execute(&*copy).await.unwrap();
        connection.close().await.unwrap();
    });
    allow(&folder, 0o555);
    let reading = format!("sqlite://{}?mode=ro", folder.join("copy.sqlite3").display());
    let run = as_nobody(&place, &["db", "list", "--database", &reading]);
    allow(&folder, 0o755);
    run.ok();
}
