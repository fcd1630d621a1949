//! What holds when plugins come and go while an app runs. What has to happen is
//! waited for; nothing here depends on how long it takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::routing::get;
use plugo::PluginManager;
use plugo::reload::{
    Generation, Lease, PluginWatcher, ReloadError, ReloadService, Reloaded, Reloader,
    ReloaderBuilder,
};
use tempfile::TempDir;
use tests::{Run, soon};
use tower_service::Service as _;

/// What a plugin contributes.
#[derive(Clone, Debug, Default)]
struct Routes {
    paths: Vec<String>,
    router: Router,
}

/// How a plugin behaves.
#[derive(Default)]
enum Behaviour {
    #[default]
    Well,
    Fails,
    Panics,
    NotHere,
    /// Its path is that of another plugin.
    Overlaps,
    /// Its `load` waits until this says something.
    LoadWaits(Receiver<()>),
    /// Its `stop` does.
    StopWaits(Receiver<()>),
    StopPanics,
}

/// What plugins do, as they tell it, and how they behave.
#[derive(Default)]
struct World {
    running: Vec<&'static str>,
    log: Vec<String>,
    wrong: Vec<String>,
    behaviours: BTreeMap<&'static str, Behaviour>,
}

type Shared = Arc<Mutex<World>>;

mod life {
    use plugo::Plugin;

    use super::{Behaviour, Routes, Shared};

    pub(super) struct Node {
        name: &'static str,
        needs: &'static [&'static str],
    }

    static ALL: [&Node; 5] = [&BASE, &LEFT, &RIGHT, &TOP, &LONE];

    #[plugo::plugin(reusable)]
    impl Plugin for Node {
        fn should_load(&self, world: &Shared) -> bool {
            !matches!(world.lock().unwrap().behaviours.get(self.name), Some(Behaviour::NotHere))
        }

        fn load(&self, world: &Shared, app: &mut Routes) -> Result<(), String> {
            let behaviour = {
                let mut world = world.lock().unwrap();
                world.log.push(format!("load {}", self.name));
                if world.running.contains(&self.name) {
                    world.wrong.push(format!("{} is loaded twice", self.name));
                }
                for need in self.needs {
                    if !world.running.contains(need) {
                        world.wrong.push(format!("{} is loaded without {need}", self.name));
                    }
                }
                world.behaviours.remove(self.name).unwrap_or_default()
            };
            let mut path = format!("/{}", self.name);
            match behaviour {
                Behaviour::Fails => return Err("there is no licence".to_owned()),
                Behaviour::Panics => panic!("a panic that is meant"),
                Behaviour::LoadWaits(go) => drop(go.recv()),
                Behaviour::Overlaps => "/base".clone_into(&mut path),
                other => {
                    world.lock().unwrap().behaviours.insert(self.name, other);
                }
            }
            app.router = super::route(&path, self.name);
            app.paths.push(path);
            world.lock().unwrap().running.push(self.name);
            Ok(())
        }

        fn stop(&self, world: &Shared) {
            let behaviour = {
                let mut world = world.lock().unwrap();
                world.log.push(format!("stop {}", self.name));
                for node in ALL.iter().filter(|node| node.needs.contains(&self.name)) {
                    if world.running.contains(&node.name) {
                        world.wrong.push(format!("{} is stopped under {}", self.name, node.name));
                    }
                }
                match world.running.iter().position(|name| *name == self.name) {
                    Some(at) => drop(world.running.remove(at)),
                    None => world.wrong.push(format!("{} is stopped twice", self.name)),
                }
                // What is about a load is for the next one.
                match world.behaviours.remove(self.name).unwrap_or_default() {
                    stop @ (Behaviour::StopWaits(_) | Behaviour::StopPanics) => stop,
                    other => {
                        world.behaviours.insert(self.name, other);
                        Behaviour::Well
                    }
                }
            };
            match behaviour {
                Behaviour::StopWaits(go) => drop(go.recv()),
                Behaviour::StopPanics => panic!("a panic that is meant"),
                _ => {}
            }
        }
    }

    #[plugo::plugin(name = "base", namespace = "life")]
    static BASE: Node = Node { name: "base", needs: &[] };
    #[plugo::plugin(name = "left", namespace = "life")]
    static LEFT: Node = Node { name: "left", needs: &["base"] };
    #[plugo::plugin(name = "right", namespace = "life")]
    static RIGHT: Node = Node { name: "right", needs: &["base"] };
    #[plugo::plugin(name = "top", namespace = "life")]
    static TOP: Node = Node { name: "top", needs: &["left", "right"] };
    #[plugo::plugin(name = "lone", namespace = "life")]
    static LONE: Node = Node { name: "lone", needs: &[] };

    plugo::__private::table! {
        core: "0.1.0",
        app: "life",
        client: None,
        fingerprint: "",
        crates: [],
        text: "baseleftrighttoplonelife0.1.0",
        starts: [0, 4, 8, 13, 16, 20, 24, 29, 29],
        columns: {
            NAMESPACES: Narrow [5],
            NAMESPACE: Narrow [0],
            VERSION: Narrow [6],
            DESCRIPTION: Narrow [7],
            AUTHORS: Narrow [7],
            IDENTIFIER: Narrow [7],
            PACKAGE: Narrow [7],
            PLACE: Narrow [7],
            DEPENDENCY_STARTS: Narrow [0, 0, 1, 2, 4, 4],
            DEPENDENCIES: Narrow [0, 0, 1, 2],
            REASON_STARTS: Narrow [],
            REASONS: Narrow [],
            SEEDS: Narrow [],
            SLOTS: Narrow [],
        },
        priority: [0],
        plugins: [
            ("tests", "0.1.0", "life", "base")
            ("tests", "0.1.0", "life", "left")
            ("tests", "0.1.0", "life", "right")
            ("tests", "0.1.0", "life", "top")
            ("tests", "0.1.0", "life", "lone")
        ],
    }
}

fn route(path: &str, name: &'static str) -> Router {
    let answer = move |lease: Option<Extension<Lease>>| async move {
        let lease = lease.map(|Extension(lease)| lease.plugin().name());
        assert!(lease.is_none_or(|lease| lease == name), "{lease:?}");
        name
    };
    Router::new().route(path, get(answer))
}

/// An app whose plugins come and go.
struct App<G> {
    dir: TempDir,
    world: Shared,
    reloader: Reloader<Routes, G>,
}

type Paths = BTreeMap<String, &'static str>;

/// Every path with its plugin.
fn paths(parts: &plugo::reload::Parts<'_, Routes>) -> Result<Paths, plugo::BoxError> {
    let mut all = Paths::new();
    for part in parts.iter() {
        for path in &part.value().paths {
            let name = part.plugin().name();
            if let Some(other) = all.insert(path.clone(), name) {
                return Err(format!("`{path}` is that of `{other}` too").into());
            }
        }
    }
    Ok(all)
}

fn router(parts: &plugo::reload::Parts<'_, Routes>) -> Result<Router, plugo::BoxError> {
    let routes = parts.iter().map(|part| part.hold(part.value().router.clone()));
    Ok(routes.fold(Router::new(), Router::merge))
}

/// The text of a config that switches these on, and those with a `!` off.
fn text(plugins: &[&str]) -> String {
    let entry = |name: &&str| {
        let bare = name.trim_start_matches('!');
        format!("{{ \"name\": \"life/{bare}\", \"enabled\": {} }}", bare == *name)
    };
    let entries: Vec<String> = plugins.iter().map(entry).collect();
    format!("{{ \"plugins\": [\n{}\n] }}", entries.join(",\n"))
}

fn builder(dir: &TempDir, world: &Shared) -> ReloaderBuilder<Routes> {
    let manager = PluginManager::builder("life")
        .table(&life::PLUGINS)
        .provide("world", Arc::clone(world))
        .build()
        .unwrap();
    Reloader::builder::<Routes>(manager).config(dir.path().join("plugins_config.json"))
}

impl App<Paths> {
    fn new(plugins: &[&str]) -> Self {
        App::with(plugins, |builder| builder.start(paths))
    }
}

impl App<Router> {
    fn serving(plugins: &[&str]) -> Self {
        App::with(plugins, |builder| builder.start(router))
    }
}

impl<G: Send + Sync + 'static> App<G> {
    fn with(
        plugins: &[&str],
        start: impl FnOnce(ReloaderBuilder<Routes>) -> Result<Reloader<Routes, G>, ReloadError>,
    ) -> Self {
        let (dir, world) = (tempfile::tempdir().unwrap(), Shared::default());
        fs::write(dir.path().join("plugins_config.json"), text(plugins)).unwrap();
        let reloader = start(builder(&dir, &world)).unwrap();
        App { dir, world, reloader }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("plugins_config.json")
    }

    fn ask_for(&self, plugins: &[&str]) {
        fs::write(self.config(), text(plugins)).unwrap();
    }

    fn reload(&self, plugins: &[&str]) -> Result<Reloaded, ReloadError> {
        self.ask_for(plugins);
        self.reloader.reload()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn running(&self) -> Vec<&'static str> {
        self.reloader.current().plugins().collect()
    }

    fn behave(&self, plugin: &'static str, behaviour: Behaviour) {
        self.world().behaviours.insert(plugin, behaviour);
    }

    /// Waits until the plugins that run are these.
    #[track_caller]
    fn wait_until_running(&self, plugins: &[&str]) {
        let (world, wanted) = (Arc::clone(&self.world), plugins.join(" "));
        soon(move || {
            loop {
                let mut running = world.lock().unwrap().running.clone();
                running.sort_unstable();
                if running.join(" ") == wanted {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.world().log)
    }

    #[track_caller]
    fn nothing_is_wrong(&self) {
        assert_eq!(self.world().wrong, [""; 0]);
    }
}

#[test]
fn what_is_enabled_comes_with_what_it_needs_and_what_is_disabled_goes_with_what_needs_it() {
    let app = App::new(&["lone"]);
    assert_eq!(app.running(), ["lone"]);
    let reloaded = app.reload(&["lone", "top"]).unwrap();
    assert_eq!(reloaded.started, ["base", "left", "right", "top"]);
    assert_eq!((reloaded.kept, reloaded.generation), (1, 2));
    assert_eq!(reloaded.to_string(), "started base, left, right, top; 1 left alone");
    assert_eq!(app.running(), ["base", "left", "right", "top", "lone"]);
    assert_eq!(app.reloader.current().value().len(), 5);

    // A plugin that others need is switched off while these are on.
    let reloaded = app.reload(&["lone", "top", "right", "!left"]).unwrap();
    assert_eq!(reloaded.stopping, ["top", "left"]);
    let place = app.config().display().to_string();
    assert_eq!(
        reloaded.to_string(),
        format!(
            "stopping top, left; 3 left alone\n`top` is left out: it depends on `left`, which is \
             disabled at {place}:5:11"
        )
    );
    app.wait_until_running(&["base", "lone", "right"]);
    // And on again, any number of times, in whatever order the file has them.
    for _ in 0..5 {
        app.reload(&["top", "lone"]).unwrap();
        app.reload(&["lone"]).unwrap();
    }
    app.wait_until_running(&["lone"]);
    let log = app.take_log();
    assert_eq!(log.iter().filter(|line| line.ends_with("lone")).count(), 1, "it was left alone");
    let last = ["stop top", "stop right", "stop left", "stop base"];
    assert_eq!(log[log.len() - 4..], last, "in reverse load order");
    // Nothing has to be done, nothing is done.
    let unchanged = app.reloader.reload().unwrap();
    assert!(unchanged.is_unchanged());
    assert_eq!(unchanged.to_string(), "nothing to do; 1 left alone");
    assert_eq!(unchanged.generation, app.reloader.current().number());
    app.nothing_is_wrong();
}

#[test]
fn all_or_nothing() {
    let app = App::new(&["lone", "base"]);
    app.take_log();
    let config = app.config();
    let shown = config.display().to_string();
    let before = app.reloader.current().number();
    let refused = |error: &str| {
        let said = app.reloader.reload().unwrap_err().to_string();
        assert_eq!(said, error);
        assert_eq!(app.reloader.current().number(), before);
        assert_eq!(app.running(), ["base", "lone"]);
        assert_eq!(app.world().running.len(), 2);
    };
    for (text, error) in [
        ("", "EOF while parsing a value\n  --> {}:1:0"),
        ("{ \"plugins\": [ { \"name\"", "EOF while parsing an object\n  --> {}:1:23"),
        ("{ \"plugins\": {} }", "invalid type: map, expected a sequence\n  --> {}:1:13"),
        (
            "{ \"plugins\": [\n { \"name\": \"life/lone\", \"enabled\": true },\n \
             { \"name\": \"life/tip\", \"enabled\": true } ] }",
            "`tip` is enabled, and not built in\n  --> {}:3:12\n  help: did you mean `top`? built \
             in are `base`, `left`, `right`, `top`, `lone`",
        ),
    ] {
        fs::write(&config, text).unwrap();
        refused(&error.replace("{}", &shown));
    }
    fs::remove_file(&config).unwrap();
    refused(&format!("`{shown}` cannot be read: No such file or directory (os error 2)"));
    assert_eq!(app.take_log(), [""; 0], "nothing was tried");

    app.ask_for(&["lone", "top"]);
    app.behave("top", Behaviour::Fails);
    refused("plugin `top` failed in load: there is no licence");
    let undone =
        ["load left", "load right", "load top", "stop right", "stop left"].map(str::to_owned);
    assert_eq!(app.take_log(), undone);
    app.behave("right", Behaviour::Panics);
    refused("plugin `right` failed in load: it panicked: a panic that is meant");
    app.behave("right", Behaviour::Overlaps);
    refused(
        "what the plugins contribute does not go together, at `right`: `/base` is that of `base` \
         too",
    );
    // And when that is mended, it runs.
    app.reloader.reload().unwrap();
    assert_eq!(app.running(), ["base", "left", "right", "top", "lone"]);
    app.nothing_is_wrong();
}

#[test]
fn routes_that_overlap_are_refused_with_the_plugin_that_brought_them() {
    let app = App::serving(&["base"]);
    app.behave("lone", Behaviour::Overlaps);
    let error = app.reload(&["base", "lone"]).unwrap_err().to_string();
    let wanted = "what the plugins contribute does not go together, at `lone`: Overlapping method \
                  route. Handler for `GET /base` already exists";
    assert_eq!(error, wanted);
    assert_eq!(app.running(), ["base"]);
    app.wait_until_running(&["base"]);
}

#[test]
fn an_app_whose_first_config_is_wrong_does_not_start() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Shared::default());
    let start = || builder(&dir, &world).start(paths);
    assert!(matches!(start(), Err(ReloadError::Config(_))), "there is no file");
    fs::write(dir.path().join("plugins_config.json"), text(&["top", "lone"])).unwrap();
    world.lock().unwrap().behaviours.insert("lone", Behaviour::Fails);
    assert!(matches!(start(), Err(ReloadError::Init { plugin: "lone", .. })));
    assert_eq!(world.lock().unwrap().running, [""; 0], "what had started is stopped");
    assert!(start().is_ok());
}

#[test]
fn a_plugin_stays_until_its_last_user_is_done_and_comes_back_after_that() {
    let app = App::new(&["top", "lone"]);
    let held: Arc<Generation<Paths>> = app.reloader.current();
    app.take_log();
    let reloaded = app.reload(&["lone"]).unwrap();
    assert_eq!(reloaded.stopping, ["top", "right", "left", "base"]);
    assert_eq!(app.reloader.current().value().len(), 1, "its routes are gone at once");
    assert_eq!(held.value().len(), 5, "whoever holds them has them");
    // It is to come back. That waits until it has left.
    app.ask_for(&["top", "lone"]);
    let (done, is_done) = channel();
    let reloader = app.reloader.clone();
    std::thread::spawn(move || done.send(reloader.reload().unwrap()).unwrap());
    assert_eq!(app.take_log(), [""; 0], "nothing of it stops under its user");
    assert!(is_done.try_recv().is_err());
    drop(held);
    let reloaded = is_done.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(reloaded.started, ["base", "left", "right", "top"]);
    let stops = ["stop top", "stop right", "stop left", "stop base"];
    assert_eq!(app.take_log()[..4], stops);
    app.nothing_is_wrong();
}

#[test]
fn what_a_generation_serves_is_dropped_before_its_plugins_are_stopped() {
    struct Served(Shared, usize);
    impl Drop for Served {
        fn drop(&mut self) {
            // Whoever does not wait for this is faster.
            std::thread::sleep(Duration::from_millis(50));
            self.0.lock().unwrap().log.push(format!("drop {}", self.1));
        }
    }
    let (dir, world) = (tempfile::tempdir().unwrap(), Shared::default());
    let config = dir.path().join("plugins_config.json");
    fs::write(&config, text(&["top"])).unwrap();
    let served = Arc::clone(&world);
    let start = move |parts: &plugo::reload::Parts<'_, Routes>| {
        Ok(Served(Arc::clone(&served), parts.len()))
    };
    let reloader = builder(&dir, &world).start(start).unwrap();
    let held = reloader.current();
    world.lock().unwrap().log.clear();
    fs::write(&config, text(&["left"])).unwrap();
    reloader.reload().unwrap();
    drop(held);
    let running = Arc::clone(&world);
    soon(move || while running.lock().unwrap().running.len() > 2 {});
    drop(reloader);
    let log = world.lock().unwrap().log.join(", ");
    assert_eq!(
        log, "drop 4, stop top, stop right, drop 2, stop left, stop base, drop 0",
        "4 and 2 are how many plugins there were"
    );
}

#[test]
fn an_init_that_blocks_keeps_what_runs_running_and_others_are_told() {
    let app = App::with(&["base"], |b| b.patience(Duration::from_millis(50)).start(paths));
    let (go, gone) = channel();
    app.behave("lone", Behaviour::LoadWaits(gone));
    let watcher = app.reloader.watch(|_| {}).unwrap();
    app.ask_for(&["base", "lone"]);
    soon({
        let world = Arc::clone(&app.world);
        move || while !world.lock().unwrap().log.contains(&"load lone".to_owned()) {}
    });
    assert_eq!(app.running(), ["base"]);
    let error = app.reloader.reload().unwrap_err();
    assert!(matches!(error, ReloadError::Busy { plugin: Some("lone"), .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("another reload has not come to its end after "), "{said}");
    assert!(said.ends_with(" s; it initialises `lone`"), "{said}");
    assert!(matches!(app.reloader.close(), Err(ReloadError::Busy { .. })));
    // The watcher does not wait for it either.
    soon(move || drop(watcher));
    go.send(()).unwrap();
    app.wait_until_running(&["base", "lone"]);
    assert!(app.reloader.reload().unwrap().is_unchanged());
}

#[test]
fn a_stop_that_never_returns_keeps_only_its_own_plugin() {
    let app = App::with(&["top", "lone"], |b| b.patience(Duration::from_millis(100)).start(paths));
    let (go, gone) = channel();
    app.behave("lone", Behaviour::StopWaits(gone));
    app.reload(&["base"]).unwrap();
    // `lone` is the first to be stopped, and does not end.
    app.wait_until_running(&["base"]);
    assert_eq!(app.running(), ["base"]);
    let error = app.reload(&["base", "left", "lone"]).unwrap_err();
    assert!(matches!(error, ReloadError::Stopping { plugin: "lone", .. }), "{error:?}");
    assert!(error.to_string().starts_with("`lone` is still being stopped after "), "{error}");
    assert_eq!(app.running(), ["base"]);
    // The others come and go.
    app.reload(&["top"]).unwrap();
    app.reload(&["base"]).unwrap();
    app.wait_until_running(&["base"]);
    assert_eq!(app.running(), ["base"]);
    // It ends after all.
    go.send(()).unwrap();
    let come_back = || {
        app.ask_for(&["lone"]);
        let reloader = app.reloader.clone();
        soon(move || while reloader.reload().is_err() {});
        assert_eq!(app.running(), ["lone"]);
    };
    come_back();
    // A stop that panics is a stop.
    app.behave("lone", Behaviour::StopPanics);
    app.reload(&[]).unwrap();
    come_back();
    app.nothing_is_wrong();
}

#[test]
fn what_does_not_want_to_run_is_left_out_with_what_needs_it_and_asked_again() {
    let app = App::with(&["lone"], |builder| builder.start(paths));
    app.behave("left", Behaviour::NotHere);
    let reloaded = app.reload(&["top", "lone"]).unwrap();
    assert_eq!(
        reloaded.to_string(),
        "started base, right; 1 left alone\n`left` is left out: it is disabled by the plugin \
         itself: Load condition for plugin was false\n`top` is left out: it depends on `left`, \
         which is left out"
    );
    app.world().behaviours.clear();
    assert_eq!(app.reloader.reload().unwrap().started, ["left", "top"]);
    // What the app disables stays so.
    app.reload(&["base"]).unwrap();
    app.wait_until_running(&["base"]);
    app.reloader.manager().disable("lone", "until tomorrow").unwrap();
    let reloaded = app.reload(&["base", "lone"]).unwrap();
    assert!(reloaded.is_unchanged());
    assert_eq!(reloaded.left_out[0].reason, "it is disabled by the app: until tomorrow");
}

#[test]
fn with_the_last_handle_and_when_it_is_closed_everything_stops() {
    let stops =
        ["stop lone", "stop top", "stop right", "stop left", "stop base"].map(str::to_owned);
    let app = App::new(&["top", "lone"]);
    app.take_log();
    let App { dir: _dir, world, reloader } = app;
    let mut callback = reloader.create_reload_callback(|_| panic!("nobody is there to reload"));
    let again = reloader.clone();
    drop(reloader);
    assert_eq!(world.lock().unwrap().log, [""; 0], "there is another handle");
    drop(again);
    assert_eq!(world.lock().unwrap().log, stops);
    // H10: a change is noticed after the end.
    let watched = tempfile::tempdir().unwrap();
    let (sender, heard) = channel();
    let watcher = PluginWatcher::builder().path(watched.path()).start(move |changes| {
        callback(changes);
        sender.send(()).unwrap();
    });
    fs::write(watched.path().join("new"), "").unwrap();
    heard.recv_timeout(Duration::from_secs(60)).unwrap();
    drop(watcher);

    let app = App::new(&["top", "lone"]);
    app.take_log();
    app.reloader.close().unwrap();
    assert_eq!(app.take_log(), stops);
    assert_eq!(app.reloader.current().number(), 0);
    assert_eq!(app.reloader.current().value().len(), 0);
    assert!(matches!(app.reloader.reload(), Err(ReloadError::Closed)));
    app.reloader.close().unwrap();

    // A user that is never done is told of, and does not keep the program.
    let app = App::with(&["top", "lone"], |b| b.patience(Duration::from_millis(50)).start(paths));
    let held = app.reloader.current();
    let error = app.reloader.close().unwrap_err();
    assert!(matches!(error, ReloadError::Stopping { .. }), "{error:?}");
    let App { dir: _dir, world, reloader } = app;
    soon(move || drop(reloader));
    assert_eq!(world.lock().unwrap().running.len(), 5);
    drop(held);
    soon(move || while !world.lock().unwrap().running.is_empty() {});
}

#[test]
fn h07_h11_the_file_is_watched_and_whatever_becomes_of_a_reload_the_watcher_lives_on() {
    let app = App::new(&["base"]);
    // What changed before anybody watched counts.
    app.ask_for(&["base", "lone"]);
    let (sender, heard) = channel();
    let watcher = app
        .reloader
        .watch(move |result| {
            let said = result.map(|reloaded| reloaded.to_string());
            sender.send(said.map_err(|error| error.to_string())).unwrap();
        })
        .unwrap();
    let next = || heard.recv_timeout(Duration::from_secs(60)).expect("a reload");
    assert_eq!(next().unwrap(), "started lone; 1 left alone");
    app.ask_for(&["bas"]);
    assert!(next().unwrap_err().contains("did you mean `base`?"));
    fs::write(app.config(), "{ \"plugins\": [").unwrap();
    assert!(next().unwrap_err().starts_with("EOF while parsing a list\n  --> "));
    app.ask_for(&["lone"]);
    assert_eq!(next().unwrap(), "stopping base; 1 left alone");
    // Saved by an editor.
    let beside = app.dir.path().join("plugins_config.json.tmp");
    fs::write(&beside, text(&[])).unwrap();
    fs::rename(&beside, app.config()).unwrap();
    assert_eq!(next().unwrap(), "stopping lone; 0 left alone");
    app.behave("lone", Behaviour::Panics);
    app.ask_for(&["lone"]);
    assert!(next().unwrap_err().contains("it panicked"));
    app.ask_for(&["lone", "base"]);
    assert_eq!(next().unwrap(), "started base, lone; 0 left alone");
    watcher.stop();
    assert_eq!(app.running(), ["base", "lone"], "who stops watching stops nothing else");
}

mod sleepy {
    use plugo::Plugin;

    use super::{Routes, Shared};

    struct Sleepy;

    /// Is ready when it is asked for the second time.
    async fn a_moment() {
        let mut is_ready = false;
        std::future::poll_fn(move |context| {
            context.waker().wake_by_ref();
            match std::mem::replace(&mut is_ready, true) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }

    #[plugo::plugin(reusable)]
    impl Plugin for Sleepy {
        async fn load(&self, world: &Shared, app: &mut Routes) {
            a_moment().await;
            app.paths.push("/sleepy".to_owned());
            world.lock().unwrap().log.push("load sleepy".to_owned());
        }

        async fn stop(&self, world: &Shared) {
            a_moment().await;
            world.lock().unwrap().log.push("stop sleepy".to_owned());
        }
    }

    #[plugo::plugin(name = "sleepy", namespace = "sleep")]
    static SLEEPY: Sleepy = Sleepy;

    plugo::plugins![SLEEPY];
}

#[test]
fn plugins_that_are_async_are_awaited_where_there_is_something_that_awaits() {
    let world = Shared::default();
    let builder = || {
        let manager = PluginManager::builder("sleep").table(&sleepy::PLUGINS);
        let manager = manager.provide("world", Arc::clone(&world)).build().unwrap();
        Reloader::builder::<Routes>(manager)
    };
    let error = builder().start(paths).unwrap_err().to_string();
    assert!(error.contains("`sleepy`") && error.contains("async"), "{error}");
    let reloader = builder().block_on(|work| pollster::block_on(work)).start(paths).unwrap();
    assert_eq!(reloader.current().value().len(), 1);
    drop(reloader);
    assert_eq!(world.lock().unwrap().log, ["load sleepy", "stop sleepy"]);
    // What is not awaited to its end is an error, and can be tried again.
    let error = builder().block_on(|_| {}).start(paths).unwrap_err().to_string();
    assert!(error.contains("`block_on` did not run what it was given to its end"), "{error}");
    let error = builder().block_on(|_| panic!("it is gone")).start(paths).unwrap_err().to_string();
    assert!(error.contains("`block_on` did not run what it was given to its end"), "{error}");
}

fn ask(service: &ReloadService<Routes>, path: &str) -> axum::response::Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    pollster::block_on(service.clone().call(request)).unwrap()
}

#[test]
fn a_request_keeps_the_plugin_that_answers_it_and_no_other() {
    let app = App::serving(&["left", "lone"]);
    let service = ReloadService::new(app.reloader.clone());
    assert_eq!(ask(&service, "/lone").status(), StatusCode::OK);
    assert_eq!(ask(&service, "/top").status(), StatusCode::NOT_FOUND);
    let (left, lone) = (ask(&service, "/left"), ask(&service, "/lone"));
    app.reload(&["base"]).unwrap();
    assert_eq!(ask(&service, "/left").status(), StatusCode::NOT_FOUND, "at once");
    app.take_log();
    drop(lone);
    app.wait_until_running(&["base", "left"]);
    assert_eq!(app.take_log(), ["stop lone"], "though another request goes on");
    drop(left);
    app.wait_until_running(&["base"]);
    // Neither the routes nor a request that reached none keep anything.
    let nothing = ask(&service, "/top");
    app.reload(&["lone"]).unwrap();
    drop(nothing);
    app.wait_until_running(&["lone"]);
    app.nothing_is_wrong();
}

#[test]
fn routes_that_are_not_given_to_hold_keep_all_plugins_of_their_generation() {
    let app = App::with(&["left", "lone"], |builder| {
        builder.start(|parts| {
            let routes = parts.iter().map(|part| part.value().router.clone());
            Ok(routes.fold(Router::new(), Router::merge))
        })
    });
    let service = ReloadService::new(app.reloader.clone());
    let answer = ask(&service, "/left");
    app.take_log();
    app.reload(&["base"]).unwrap();
    assert_eq!(app.take_log(), [""; 0]);
    drop(answer);
    app.wait_until_running(&["base"]);
    app.nothing_is_wrong();
}

#[test]
fn swaps_against_readers_break_nothing() {
    let app = Arc::new(App::serving(&["top", "lone"]));
    let (end, threads): (Vec<Sender<()>>, Vec<_>) = (0..4)
        .map(|reader| {
            let (end, ended) = channel::<()>();
            let (app, service) = (Arc::clone(&app), ReloadService::new(app.reloader.clone()));
            let thread = std::thread::spawn(move || {
                let mut answers = 0;
                while ended.try_recv() == Err(TryRecvError::Empty) {
                    // Those that hold a generation, and those that ask for one plugin.
                    if reader % 2 == 0 {
                        let generation = app.reloader.current();
                        let running = app.world().running.clone();
                        for name in generation.plugins().filter(|name| !running.contains(name)) {
                            app.world().wrong.push(format!("{name} is served and does not run"));
                        }
                        std::thread::yield_now();
                        answers += 1;
                        continue;
                    }
                    for (path, name) in [("/lone", "lone"), ("/top", "top"), ("/base", "base")] {
                        let answer = ask(&service, path);
                        let is_there = app.world().running.contains(&name);
                        match answer.status() {
                            StatusCode::OK if is_there => {}
                            StatusCode::NOT_FOUND if name != "lone" => {}
                            status => {
                                let wrong = format!("{name}: {status}, running: {is_there}");
                                app.world().wrong.push(wrong);
                            }
                        }
                        answers += 1;
                    }
                }
                answers
            });
            (end, thread)
        })
        .unzip();
    for round in 0..500 {
        let plugins: &[&str] = match round % 4 {
            0 => &["lone", "top"],
            1 => &["lone", "left"],
            2 => &["lone"],
            _ => &["lone", "right", "top"],
        };
        app.reload(plugins).unwrap();
    }
    drop(end);
    let answers = threads.into_iter().map(|thread| soon(move || thread.join().unwrap()));
    assert!(answers.sum::<u32>() > 500);
    app.nothing_is_wrong();
    let app = Arc::into_inner(app).unwrap();
    app.reloader.close().unwrap();
    assert_eq!(app.world().running, [""; 0]);
    app.nothing_is_wrong();
}

/// Runs one test of this binary in a process of its own, where it finds the
/// variable `ALONE`.
fn alone(test: &str) -> Run {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = format!("reload_selection::{test}");
    Run::of(command.args(["--exact", &test, "--nocapture"]).env("ALONE", "1"))
}

fn is_alone() -> bool {
    std::env::var_os("ALONE").is_some()
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_reloads_leave_no_descriptor_no_thread_and_no_memory() {
    if !is_alone() {
        alone("a_thousand_reloads_leave_no_descriptor_no_thread_and_no_memory").ok();
        return;
    }
    let count = |dir: &str| fs::read_dir(dir).unwrap().count();
    let memory = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
    };
    let now = || (count("/proc/self/fd"), count("/proc/self/task"), memory());
    let app = App::serving(&["top", "lone"]);
    let service = ReloadService::new(app.reloader.clone());
    let _watcher = app.reloader.watch(|_| {}).unwrap();
    let mut at_the_tenth = now();
    for round in 0..1000 {
        let plugins: &[&str] = if round % 2 == 0 { &["lone"] } else { &["lone", "top"] };
        app.reload(plugins).unwrap();
        app.world().log.clear();
        let top = ask(&service, "/top").status();
        assert_eq!(top.is_success(), round % 2 == 1);
        if round == 10 {
            app.wait_until_running(&["lone"]);
            at_the_tenth = now();
        }
    }
    app.reload(&["lone"]).unwrap();
    app.wait_until_running(&["lone"]);
    let (files, threads, memory) = now();
    assert!(files <= at_the_tenth.0 + 1, "descriptors: {files}, before {}", at_the_tenth.0);
    assert!(threads <= at_the_tenth.1 + 2, "threads: {threads}, before {}", at_the_tenth.1);
    let before = at_the_tenth.2;
    assert!(memory < before + 4 * 1024, "memory: {memory} kB, before {before} kB");
}

#[cfg(unix)]
#[test]
fn a_hangup_reloads_where_the_app_asked_for_it() {
    if !is_alone() {
        alone("a_hangup_reloads_where_the_app_asked_for_it").ok();
        return;
    }
    let app = App::new(&["lone"]);
    let (sender, heard) = channel();
    let guard = app.reloader.on_sighup(move |result| sender.send(result.unwrap()).unwrap());
    let hang_up = || {
        let id = std::process::id().to_string();
        Run::of(Command::new("kill").args(["-HUP", &id])).ok();
    };
    app.ask_for(&["lone", "base"]);
    hang_up();
    let reloaded = heard.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(reloaded.started, ["base"]);
    drop(guard.unwrap());
    assert!(heard.recv().is_err(), "what is told is dropped with it");
    // The signal still does not end the program.
    hang_up();
    assert_eq!(app.running(), ["base", "lone"]);
}
