//! What a watcher tells of, and what it does not. Nothing here depends on how
//! long anything takes: what has to come is waited for, and that nothing came
//! is known by what comes next.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plugo::reload::{Change, Changes, Mode, PluginWatcher, WatchBuilder, WatchError};
use tempfile::TempDir;
use tests::{Run, soon};

const QUIET: Duration = Duration::from_millis(40);

/// A folder that is watched.
struct Watched {
    dir: TempDir,
    watcher: PluginWatcher,
    heard: Receiver<Vec<(PathBuf, Change)>>,
}

fn told(changes: &Changes) -> Vec<(PathBuf, Change)> {
    changes.iter().map(|(path, change)| (path.to_owned(), change)).collect()
}

impl Watched {
    /// Prepares a folder, and watches in it what this says.
    fn new(
        prepare: impl FnOnce(&Path),
        watch: impl FnOnce(WatchBuilder, &Path) -> WatchBuilder,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let (sender, heard) = channel();
        let builder = watch(PluginWatcher::builder().debounce(QUIET), dir.path());
        let watcher = builder.start(move |changes| sender.send(told(changes)).unwrap()).unwrap();
        Watched { dir, watcher, heard }
    }

    /// The folder `plugins` with one plugin.
    fn plugins() -> Self {
        Watched::new(
            |dir| write(dir, "plugins/blog/src/lib.rs", "1"),
            |watch, dir| watch.path(dir.join("plugins")),
        )
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        write(self.dir.path(), path, content);
    }

    /// What is told of next, with paths relative to the folder.
    fn next(&self) -> Vec<(String, Change)> {
        let next = self.heard.recv_timeout(Duration::from_secs(60)).expect("it is told of nothing");
        let inside = |path: PathBuf| {
            path.strip_prefix(self.dir.path()).unwrap_or(&path).to_string_lossy().into_owned()
        };
        next.into_iter().map(|(path, change)| (inside(path), change)).collect()
    }

    /// Everything that is told of until this file is, in however many calls.
    fn until(&self, path: &str, change: Change) -> Vec<(String, Change)> {
        let mut all = Vec::new();
        while !all.contains(&(path.to_owned(), change)) {
            all.extend(self.next());
        }
        all
    }

    /// Nothing was told of: what is told of next is what happens next.
    #[track_caller]
    fn nothing_but(&self, path: &str) {
        self.watcher.look();
        self.write(path, "a new file that says that all before it was seen");
        assert_eq!(self.next(), [(path.to_owned(), Change::Created)]);
    }
}

/// Writes a file in one step: in place where its length stays, and otherwise from
/// beside it. A machine may pause at any time, and half a file is a change too.
fn write(dir: &Path, path: &str, content: &str) {
    let path = dir.join(path);
    let length = fs::metadata(&path).map(|metadata| metadata.len());
    if length.is_ok_and(|length| length == content.len() as u64) {
        let mut file = fs::File::options().write(true).open(path).unwrap();
        return file.write_all(content.as_bytes()).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.tmp"));
    fs::write(&beside, content).unwrap();
    fs::rename(beside, path).unwrap();
}

#[cfg(unix)]
fn link(target: impl AsRef<Path>, path: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Runs one test of this binary in a process of its own, where it finds the
/// variable `ALONE`. `prefix` is what starts it.
fn alone(prefix: &[&str], test: &str, variables: &[(&str, &str)]) -> Run {
    let binary = std::env::current_exe().unwrap();
    let mut command = match prefix {
        [] => Command::new(&binary),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&binary);
            command
        }
    };
    let test = format!("reload_watch::{test}");
    command.args(["--exact", &test, "--nocapture"]).env("ALONE", "1");
    Run::of(command.envs(variables.iter().copied()))
}

fn is_alone() -> bool {
    std::env::var_os("ALONE").is_some()
}

#[test]
fn h01_a_variable_that_says_no_turns_watching_off() {
    let name = "h01_a_variable_that_says_no_turns_watching_off";
    if !is_alone() {
        for no in ["false", "0", "no", "OFF"] {
            alone(&[], name, &[("ENABLE_PLUGIN_HOT_RELOAD", no)]).ok();
        }
        return;
    }
    let watched = Watched::plugins();
    assert_eq!(*watched.watcher.mode(), Mode::Off);
    assert!(!watched.watcher.is_active());
    watched.write("plugins/blog/src/lib.rs", "2");
    watched.watcher.look();
    // There is no thread that could tell.
    assert!(!threads().iter().any(|name| name == "plugo-watch"), "{:?}", threads());
    watched.watcher.stop();
}

/// The names of the threads of this process.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

#[test]
fn h02_without_a_path_there_is_no_watcher_and_it_is_said() {
    let none = PluginWatcher::builder().start(|_| {});
    assert!(matches!(none, Err(WatchError::NoPath)));
    assert_eq!(none.unwrap_err().to_string(), "nothing is watched: no path was given");
}

#[test]
fn h02_h12_a_path_that_does_not_exist_yet_is_seen_when_it_does() {
    let watched = Watched::new(
        |dir| write(dir, "config.json", "1"),
        |watch, dir| watch.path(dir.join("a/b/plugins")).path(dir.join("config.json")),
    );
    // The one that exists is watched meanwhile.
    watched.write("config.json", "2");
    assert_eq!(watched.next(), [("config.json".to_owned(), Change::Modified)]);
    watched.write("a/b/plugins/blog/src/lib.rs", "1");
    let path = "a/b/plugins/blog/src/lib.rs";
    watched.until(path, Change::Created);
    watched.write(path, "2");
    assert_eq!(watched.next(), [(path.to_owned(), Change::Modified)]);
}

#[test]
fn h03_h04_h07_a_folder_and_a_config_are_watched_once_however_often_they_are_named() {
    let watched = Watched::new(
        |dir| {
            write(dir, "plugins/blog/src/lib.rs", "1");
            write(dir, "plugins_config.json", "1");
        },
        |watch, dir| {
            let plugins = dir.join("plugins");
            let config = dir.join("plugins_config.json");
            watch.path(&plugins).path(&config).path(&plugins).path(plugins.join("blog"))
        },
    );
    assert_eq!(*watched.watcher.mode(), Mode::Notifications);
    for path in ["plugins/blog/src/lib.rs", "plugins_config.json"] {
        watched.write(path, "2");
        assert_eq!(watched.next(), [(path.to_owned(), Change::Modified)]);
    }
    for path in ["plugins/blog/Cargo.toml", "plugins/blog/list.txt", "plugins/blog/a.json"] {
        watched.write(path, "1");
        assert_eq!(watched.next(), [(path.to_owned(), Change::Created)]);
    }
    // What stands beside the config is not its business.
    watched.write("beside.json", "1");
    watched.nothing_but("plugins/end");
}

#[test]
fn h05_h12_a_stopped_watcher_is_gone() {
    let name = "h05_h12_a_stopped_watcher_is_gone";
    if !is_alone() {
        alone(&[], name, &[]).ok();
        return;
    }
    let before = threads().len();
    for is_dropped in [false, true] {
        let watched = Watched::plugins();
        assert!(watched.watcher.is_active());
        watched.write("plugins/blog/src/lib.rs", "2");
        watched.next();
        let Watched { watcher, heard, .. } = watched;
        if is_dropped {
            drop(watcher)
        } else {
            watcher.stop()
        }
        // What it called is dropped with it.
        assert!(heard.recv().is_err());
    }
    // The system's thread ends a moment later than it is told to.
    soon(move || {
        while threads().len() > before + 1 {
            std::thread::yield_now();
        }
    });
}

#[test]
fn h06_a_watcher_whose_callback_panics_keeps_neither_itself_nor_others_from_their_end() {
    let bad = Watched::plugins();
    let (sender, heard) = channel();
    let mut calls = 0;
    let watcher = PluginWatcher::builder()
        .debounce(QUIET)
        .path(bad.path("plugins"))
        .start(move |changes| {
            calls += 1;
            sender.send(told(changes)).unwrap();
            assert!(calls > 1, "the first call panics, which is meant");
        })
        .unwrap();
    for content in ["2", "3"] {
        bad.write("plugins/blog/src/lib.rs", content);
        bad.next();
        heard.recv_timeout(Duration::from_secs(60)).expect("it lives on");
    }
    soon(move || {
        watcher.stop();
        bad.watcher.stop();
    });
}

#[test]
fn h07_h14_what_happens_to_files_is_told_of() {
    let watched = Watched::plugins();
    let lib = "plugins/blog/src/lib.rs";
    // An editor's save: the new content is written beside it, and takes its place.
    watched.write("plugins/blog/src/.lib.rs.tmp", "2");
    fs::rename(watched.path("plugins/blog/src/.lib.rs.tmp"), watched.path(lib)).unwrap();
    assert_eq!(watched.next(), [(lib.to_owned(), Change::Modified)]);
    fs::rename(watched.path(lib), watched.path("plugins/blog/src/main.rs")).unwrap();
    let main = "plugins/blog/src/main.rs";
    assert_eq!(
        watched.next(),
        [(lib.to_owned(), Change::Removed), (main.to_owned(), Change::Created)]
    );
    fs::remove_file(watched.path(main)).unwrap();
    assert_eq!(watched.next(), [(main.to_owned(), Change::Removed)]);
    watched.write("plugins/blog/metadata.toml", "1");
    assert_eq!(watched.next(), [("plugins/blog/metadata.toml".to_owned(), Change::Created)]);
}

#[test]
fn h07_folders_come_and_go_and_come_back() {
    let watched = Watched::plugins();
    let lib = "plugins/blog/src/lib.rs";
    for round in 0..3 {
        fs::remove_dir_all(watched.path("plugins/blog")).unwrap();
        watched.until(lib, Change::Removed);
        watched.write(lib, "1");
        watched.until(lib, Change::Created);
        watched.write(lib, &format!("after {round}"));
        assert_eq!(watched.next(), [(lib.to_owned(), Change::Modified)]);
    }
    // Deleted and made again before anybody looks.
    for round in 0..3 {
        fs::remove_dir_all(watched.path("plugins/blog")).unwrap();
        watched.write(lib, &format!("made again {round}"));
        watched.write("plugins/blog/new.rs", &format!("{round}"));
        let mut told = watched.next();
        while !told.iter().any(|(path, _)| path == lib) {
            told = watched.next();
        }
        watched.write(lib, &format!("and written {round}"));
        watched.until(lib, Change::Modified);
    }
    // The folder that is watched, too.
    fs::remove_dir_all(watched.path("plugins")).unwrap();
    watched.until(lib, Change::Removed);
    watched.write(lib, "1");
    watched.until(lib, Change::Created);
    watched.write(lib, "2");
    assert_eq!(watched.next(), [(lib.to_owned(), Change::Modified)]);
}

#[test]
fn h07_a_folder_that_is_renamed_away_and_back_is_followed_still() {
    let watched = Watched::plugins();
    let lib = "plugins/blog/src/lib.rs";
    for folder in ["plugins", "plugins/blog"] {
        let (here, there) = (watched.path(folder), watched.path("elsewhere"));
        fs::rename(&here, &there).unwrap();
        watched.until(lib, Change::Removed);
        // What happens to it there is nobody's business.
        let lib_there = if folder == "plugins" { "blog/src/lib.rs" } else { "src/lib.rs" };
        write(&there, lib_there, &format!("written elsewhere than {folder}"));
        fs::rename(&there, &here).unwrap();
        watched.until(lib, Change::Created);
        watched.write(lib, &format!("back in {folder}"));
        assert_eq!(watched.next(), [(lib.to_owned(), Change::Modified)]);
    }
    // Away and back before anybody looks.
    for _ in 0..3 {
        fs::rename(watched.path("plugins"), watched.path("elsewhere")).unwrap();
        fs::rename(watched.path("elsewhere"), watched.path("plugins")).unwrap();
    }
    watched.watcher.look();
    watched.write("plugins/blog/src/end.rs", "1");
    watched.until("plugins/blog/src/end.rs", Change::Created);
}

#[cfg(unix)]
#[test]
fn h07_links_are_followed() {
    let watched = Watched::new(
        |dir| {
            write(dir, "elsewhere/shared/src/lib.rs", "1");
            write(dir, "other/src/lib.rs", "other");
            write(dir, "plugins/blog/src/lib.rs", "1");
            link("../elsewhere/shared", dir.join("plugins/shared"));
            link(".", dir.join("plugins/circle"));
            link("plugins", dir.join("linked"));
        },
        |watch, dir| watch.path(dir.join("linked")),
    );
    watched.write("elsewhere/shared/src/lib.rs", "2");
    watched.until("linked/shared/src/lib.rs", Change::Modified);
    watched.write("plugins/blog/src/lib.rs", "2");
    watched.until("linked/blog/src/lib.rs", Change::Modified);
    // A link leads elsewhere.
    fs::remove_file(watched.path("plugins/shared")).unwrap();
    link("../other", watched.path("plugins/shared"));
    watched.until("linked/shared/src/lib.rs", Change::Modified);
    watched.write("other/src/lib.rs", "and this is followed");
    watched.until("linked/shared/src/lib.rs", Change::Modified);
}

#[cfg(unix)]
#[test]
fn h07_h14_a_config_that_kubernetes_mounts_is_followed_through_its_links() {
    let config = "config/plugins_config.json";
    let watched = Watched::new(
        |dir| {
            write(dir, "config/..2026_1/plugins_config.json", "1");
            link("..2026_1", dir.join("config/..data"));
            link("..data/plugins_config.json", dir.join(config));
        },
        |watch, dir| watch.path(dir.join(config)),
    );
    for number in 2..5 {
        // What the kubelet does: a new folder, a link to it that takes the
        // place of the old one, and the old folder goes.
        let new = format!("config/..2026_{number}/plugins_config.json");
        watched.write(&new, &number.to_string());
        link(format!("..2026_{number}"), watched.path("config/..data_tmp"));
        fs::rename(watched.path("config/..data_tmp"), watched.path("config/..data")).unwrap();
        fs::remove_dir_all(watched.path(&format!("config/..2026_{}", number - 1))).unwrap();
        assert_eq!(watched.next(), [(config.to_owned(), Change::Modified)]);
    }
    // And the file may be changed where it is.
    watched.write("config/..2026_4/plugins_config.json", "5");
    assert_eq!(watched.next(), [(config.to_owned(), Change::Modified)]);
}

#[test]
fn h08_h13_what_changes_nothing_is_not_told_of() {
    let watched = Watched::plugins();
    let lib = watched.path("plugins/blog/src/lib.rs");
    fs::read(&lib).unwrap();
    fs::read_dir(watched.path("plugins/blog/src")).unwrap().count();
    let touched = fs::File::options().write(true).open(&lib).unwrap();
    touched.set_modified(std::time::SystemTime::now() + Duration::from_secs(100)).unwrap();
    drop(touched);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&lib, fs::Permissions::from_mode(0o600)).unwrap();
    }
    write(watched.dir.path(), "plugins/blog/src/lib.rs", "1");
    write(watched.dir.path(), "plugins/blog/src/.lib.rs.tmp", "1");
    fs::rename(watched.path("plugins/blog/src/.lib.rs.tmp"), &lib).unwrap();
    fs::create_dir(watched.path("plugins/empty")).unwrap();
    watched.nothing_but("plugins/end");
}

#[test]
fn h08_what_tools_and_editors_make_for_themselves_is_not_told_of() {
    let watched = Watched::new(
        |dir| {
            write(dir, "plugins/blog/src/lib.rs", "1");
            write(dir, "plugins/.gitignore", "generated\n*.log\n");
        },
        |watch, dir| watch.path(dir.join("plugins")).filter(|path| !path.ends_with("not-this")),
    );
    for path in [
        "blog/target/debug/app",
        ".git/index",
        ".jj/op",
        "blog/.hg/store",
        "blog/src/.lib.rs.swp",
        "blog/src/lib.rs~",
        "blog/src/4913",
        "blog/src/.#lib.rs",
        "blog/src/#lib.rs#",
        "blog/a.tmp",
        "generated/code.rs",
        "blog/debug.log",
        "not-this",
    ] {
        watched.write(&format!("plugins/{path}"), "1");
    }
    watched.nothing_but("plugins/blog/src/end.rs");
}

#[test]
fn h08_a_folder_that_is_named_is_watched_though_git_ignores_it() {
    let watched = Watched::new(
        |dir| {
            write(dir, ".gitignore", "/plugins/web-blog/\n/private/**\n*.log\n");
            write(dir, ".ignore", "*.rs\n");
            write(dir, "plugins/web-blog/src/lib.rs", "1");
            write(dir, "plugins/web-blog/.gitignore", "/generated\n");
            write(dir, "plugins/auth/src/lib.rs", "1");
            write(dir, "private/clock/src/lib.rs", "1");
        },
        |watch, dir| {
            let plugins = dir.join("plugins");
            watch.path(plugins.join("web-blog")).path(plugins).path(dir.join("private/clock"))
        },
    );
    for path in [
        "plugins/web-blog/src/lib.rs",
        "private/clock/src/lib.rs",
        // What Git's own files do not say is not asked.
        "plugins/auth/src/lib.rs",
    ] {
        watched.write(path, "2");
        assert_eq!(watched.next(), [(path.to_owned(), Change::Modified)]);
    }
    // What is ignored in a folder is, be it said in the folder or around it.
    watched.write("plugins/web-blog/generated/code.rs", "1");
    watched.write("plugins/auth/debug.log", "1");
    watched.nothing_but("plugins/web-blog/src/end.rs");
}

#[cfg(unix)]
#[test]
fn h08_new_content_of_the_same_length_and_time_is_told_of() {
    let time = std::time::SystemTime::now() - Duration::from_secs(3600);
    let put = |path: &Path, content: &str| {
        let mut file = fs::File::options().write(true).open(path).unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file.set_modified(time).unwrap();
    };
    let watched = Watched::new(
        |dir| {
            write(dir, "plugins/blog/src/lib.rs", "1");
            put(&dir.join("plugins/blog/src/lib.rs"), "1");
        },
        |watch, dir| watch.path(dir.join("plugins")),
    );
    let lib = "plugins/blog/src/lib.rs";
    // As `rsync --inplace --times` does it.
    put(&watched.path(lib), "2");
    assert_eq!(watched.next(), [(lib.to_owned(), Change::Modified)]);
}

#[test]
fn a_watcher_that_takes_the_place_of_another_tells_what_that_one_did_not() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["plugins/a.rs", "plugins/b.rs", "other/c.rs", "plugins/d.txt"] {
        write(dir.path(), path, "1");
    }
    // The first one never gets to tell of anything.
    let first = PluginWatcher::builder()
        .debounce(Duration::from_secs(3600))
        .path(dir.path().join("plugins"))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .start(|changes| panic!("{changes}"))
        .unwrap();
    write(dir.path(), "plugins/a.rs", "2");
    write(dir.path(), "plugins/new.rs", "1");
    fs::remove_file(dir.path().join("plugins/b.rs")).unwrap();
    let (sender, heard) = channel();
    let second = PluginWatcher::builder()
        .debounce(QUIET)
        .path(dir.path().join("plugins"))
        .path(dir.path().join("other"))
        .after(first)
        .start(move |changes| sender.send(told(changes)).unwrap())
        .unwrap();
    // What only the second one looks at is as it finds it.
    let path = |path: &str| dir.path().join("plugins").join(path);
    let all = [
        (path("a.rs"), Change::Modified),
        (path("b.rs"), Change::Removed),
        (path("new.rs"), Change::Created),
    ];
    assert_eq!(heard.recv_timeout(Duration::from_secs(60)).unwrap(), all);
    // And what was told of is not told of again.
    let (sender, heard) = channel();
    let third = PluginWatcher::builder().debounce(QUIET).path(dir.path()).after(second);
    let third = third.start(move |changes| sender.send(told(changes)).unwrap()).unwrap();
    third.look();
    write(dir.path(), "plugins/end.rs", "1");
    let end = [(path("end.rs"), Change::Created)];
    assert_eq!(heard.recv_timeout(Duration::from_secs(60)).unwrap(), end);
}

#[test]
fn times_without_end_and_times_of_nothing_are_times() {
    let watched = Watched::new(
        |dir| write(dir, "plugins/lib.rs", "1"),
        |watch, dir| watch.path(dir.join("plugins")).debounce(Duration::MAX),
    );
    watched.write("plugins/lib.rs", "2");
    watched.watcher.look();
    // If its thread failed, what it calls would be gone.
    let told = watched.heard.recv_timeout(Duration::from_millis(200));
    assert_eq!(told, Err(RecvTimeoutError::Timeout));
    watched.watcher.stop();

    let watched = Watched::new(
        |dir| write(dir, "plugins/lib.rs", "1"),
        |watch, dir| watch.path(dir.join("plugins")).poll(Duration::ZERO),
    );
    assert_eq!(watched.watcher.mode().to_string(), "looking every 10 ms, since it was told to");
    watched.write("plugins/lib.rs", "2");
    watched.until("plugins/lib.rs", Change::Modified);
}

#[test]
fn h09_a_burst_is_told_of_once() {
    let watched = Watched::new(
        |dir| write(dir, "plugins/blog/src/lib.rs", "0"),
        |watch, dir| watch.path(dir.join("plugins")).debounce(Duration::from_millis(500)),
    );
    for n in 1..=10 {
        watched.write("plugins/blog/src/lib.rs", &n.to_string());
        watched.write(&format!("plugins/blog/src/{n}.rs"), "1");
    }
    let told = watched.next();
    assert_eq!(told.len(), 11, "{told:?}");
    watched.nothing_but("plugins/end");
}

#[test]
fn h09_a_file_that_is_written_in_place_is_told_of_once_however_slowly() {
    const SLOW: Duration = Duration::from_millis(200);
    let watched = Watched::new(
        |dir| write(dir, "config.json", "{}"),
        |watch, dir| watch.debounce(SLOW).path(dir.join("config.json")).path(dir.join("new")),
    );
    let mut file = fs::File::create(watched.path("config.json")).unwrap();
    // It is empty, and quiet for long enough to be told of.
    std::thread::sleep(SLOW * 3);
    file.write_all(b"{ \"plugins\": [] }").unwrap();
    drop(file);
    assert_eq!(watched.next(), [("config.json".to_owned(), Change::Modified)]);
    watched.nothing_but("new");
    // What is to be empty is told of, too.
    watched.write("config.json", "");
    assert_eq!(watched.next(), [("config.json".to_owned(), Change::Modified)]);
}

#[test]
fn h09_what_changes_while_it_is_told_of_is_told_of_once_more() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "lib.rs", "0");
    let (begun, begins) = channel();
    let (go, gone) = channel();
    let watcher = PluginWatcher::builder()
        .debounce(QUIET)
        .path(dir.path())
        .start(move |changes| {
            begun.send(told(changes)).unwrap();
            gone.recv().unwrap();
        })
        .unwrap();
    let next = || begins.recv_timeout(Duration::from_secs(60)).unwrap();
    write(dir.path(), "lib.rs", "1");
    assert_eq!(next(), [(dir.path().join("lib.rs"), Change::Modified)]);
    // It is being told of.
    for n in 2..200 {
        write(dir.path(), "lib.rs", &n.to_string());
    }
    go.send(()).unwrap();
    assert_eq!(next(), [(dir.path().join("lib.rs"), Change::Modified)]);
    go.send(()).unwrap();
    write(dir.path(), "end.rs", "1");
    assert_eq!(next(), [(dir.path().join("end.rs"), Change::Created)]);
    go.send(()).unwrap();
    watcher.stop();
}

#[test]
fn h10_a_watcher_stops_from_what_it_calls_and_while_that_runs() {
    soon(|| {
        // From its own callback.
        let dir = tempfile::tempdir().unwrap();
        let slot: Arc<Mutex<Option<PluginWatcher>>> = Arc::default();
        let (sender, heard) = channel();
        let own = Arc::clone(&slot);
        let watcher = PluginWatcher::builder().debounce(QUIET).path(dir.path()).start(move |_| {
            own.lock().unwrap().take().expect("it is called once").stop();
            sender.send(()).unwrap();
        });
        *slot.lock().unwrap() = Some(watcher.unwrap());
        write(dir.path(), "lib.rs", "1");
        heard.recv().unwrap();
        write(dir.path(), "lib.rs", "2");
        // Its thread ends, and drops what it called.
        assert!(heard.recv().is_err());

        // While its callback hangs: dropping it waits for nothing.
        let (begun, begins) = channel();
        let (go, gone) = channel::<()>();
        let watcher = PluginWatcher::builder().debounce(QUIET).path(dir.path()).start(move |_| {
            begun.send(()).unwrap();
            let _ = gone.recv();
        });
        let watcher = watcher.unwrap();
        write(dir.path(), "lib.rs", "3");
        begins.recv().unwrap();
        write(dir.path(), "lib.rs", "4");
        drop(watcher);
        drop(go);
        assert!(begins.recv().is_err(), "what happened meanwhile is not told of any more");
    });
}

#[test]
fn h14_a_config_path_without_a_folder_is_watched() {
    let name = "h14_a_config_path_without_a_folder_is_watched";
    if !is_alone() {
        alone(&[], name, &[]).ok();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::env::set_current_dir(dir.path()).unwrap();
    write(dir.path(), "plugins_config.json", "1");
    let (sender, heard) = channel();
    let watcher = PluginWatcher::builder()
        .debounce(QUIET)
        .path("plugins_config.json")
        .start(move |changes| sender.send(changes.paths().count()).unwrap())
        .unwrap();
    // It stays that file when the program goes elsewhere.
    std::env::set_current_dir("/").unwrap();
    for content in ["2", "3"] {
        write(dir.path(), "plugins_config.json", content);
        assert_eq!(heard.recv_timeout(Duration::from_secs(60)), Ok(1));
    }
    watcher.stop();
}

#[test]
fn where_the_system_does_not_tell_files_are_looked_at() {
    let watched = Watched::new(
        |dir| write(dir, "plugins/blog/src/lib.rs", "1"),
        |watch, dir| watch.path(dir.join("plugins")).poll(Duration::from_millis(20)),
    );
    let mode = watched.watcher.mode().to_string();
    assert_eq!(mode, "looking every 20 ms, since it was told to");
    watched.write("plugins/blog/src/lib.rs", "2");
    watched.until("plugins/blog/src/lib.rs", Change::Modified);
    fs::remove_dir_all(watched.path("plugins")).unwrap();
    watched.until("plugins/blog/src/lib.rs", Change::Removed);
    watched.write("plugins/new.rs", "1");
    watched.until("plugins/new.rs", Change::Created);
}

/// A test in a process of its own, for which the system allows so many
/// watches. Where such a process cannot be made, it is said.
#[cfg(target_os = "linux")]
fn with_watches(allowed: u32, test: &str) {
    let set = format!("echo {allowed} > /proc/sys/user/max_inotify_watches");
    let try_it = Run::of(Command::new("unshare").args(["-Ur", "sh", "-c", &set]));
    if !try_it.success {
        let why = "skipped: it needs `unshare -Ur`, a user namespace of its own";
        // `eprintln!` says nothing in a test that passes.
        let mut stderr = io::stderr();
        writeln!(stderr, "{test}: {why}").unwrap();
        return;
    }
    let script = format!("{set} && exec \"$0\" \"$@\"");
    alone(&["unshare", "-Ur", "sh", "-c", &script], test, &[]).ok();
}

#[cfg(target_os = "linux")]
#[test]
fn at_the_systems_limit_of_watches_files_are_looked_at_and_it_is_said() {
    let name = "at_the_systems_limit_of_watches_files_are_looked_at_and_it_is_said";
    if !is_alone() {
        with_watches(3, name);
        return;
    }
    let watched = Watched::new(
        |dir| (0..9).for_each(|n| write(dir, &format!("plugins/{n}/src/lib.rs"), "1")),
        |watch, dir| watch.path(dir.join("plugins")),
    );
    let mode = watched.watcher.mode().to_string();
    let wanted = "looking every 1000 ms, since the system gives no notifications: ";
    assert!(mode.starts_with(wanted), "{mode}");
    watched.write("plugins/7/src/lib.rs", "2");
    watched.until("plugins/7/src/lib.rs", Change::Modified);
}

#[cfg(target_os = "linux")]
#[test]
fn when_the_limit_of_watches_is_reached_later_files_are_looked_at_and_it_is_said() {
    let name = "when_the_limit_of_watches_is_reached_later_files_are_looked_at_and_it_is_said";
    if !is_alone() {
        with_watches(6, name);
        return;
    }
    let watched = Watched::plugins();
    assert_eq!(*watched.watcher.mode(), Mode::Notifications);
    for n in 0..9 {
        watched.write(&format!("plugins/{n}/src/lib.rs"), "1");
    }
    watched.until("plugins/8/src/lib.rs", Change::Created);
    watched.write("plugins/8/src/lib.rs", "2");
    watched.until("plugins/8/src/lib.rs", Change::Modified);
    let mode = watched.watcher.mode().to_string();
    assert!(mode.contains("the system gives no more notifications: "), "{mode}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_watcher_that_has_nothing_to_tell_sleeps() {
    let name = "a_watcher_that_has_nothing_to_tell_sleeps";
    if !is_alone() {
        alone(&[], name, &[]).ok();
        return;
    }
    let watched = Watched::plugins();
    watched.write("plugins/blog/src/lib.rs", "2");
    watched.next();
    // How often each of its threads had the processor.
    let switches = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let of = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let is_ours = status.contains("plugo-watch") || status.contains("notify");
            let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
            is_ours.then(|| lines.map(str::to_owned).collect::<Vec<_>>())
        };
        tasks.filter_map(of).collect::<Vec<_>>()
    };
    // What follows the last change takes a moment to end.
    let mut before = switches();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = switches();
        if now == before {
            break;
        }
        before = now;
    }
    assert_eq!(before.len(), 2, "its own thread, and the system's");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(switches(), before);
}
