//! An app whose plugins come and go, and say what they do: for the tests of what a
//! reload does and of how plugins leave.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::routing::get;
use plugo::PluginManager;
use plugo::reload::{Lease, ReloadError, ReloadService, Reloaded, Reloader, ReloaderBuilder};
use tempfile::TempDir;
use tests::soon;
use tower_service::Service as _;

/// What a plugin contributes.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    pub(super) paths: Vec<String>,
    pub(super) router: Router,
}

/// How a plugin behaves.
#[derive(Default)]
pub(super) enum Behaviour {
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
pub(super) struct World {
    pub(super) running: Vec<&'static str>,
    pub(super) log: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) behaviours: BTreeMap<&'static str, Behaviour>,
}

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) mod life {
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
            FILE: Narrow [7],
            LINE: Narrow [0],
            COLUMN: Narrow [0],
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

pub(super) fn route(path: &str, name: &'static str) -> Router {
    let answer = move |lease: Option<Extension<Lease>>| async move {
        let lease = lease.map(|Extension(lease)| lease.plugin().name());
        assert!(lease.is_none_or(|lease| lease == name), "{lease:?}");
        name
    };
    Router::new().route(path, get(answer))
}

/// An app whose plugins come and go.
pub(super) struct App<G> {
    pub(super) dir: TempDir,
    pub(super) world: Shared,
    pub(super) reloader: Reloader<Routes, G>,
}

pub(super) type Paths = BTreeMap<String, &'static str>;

/// Every path with its plugin.
pub(super) fn paths(parts: &plugo::reload::Parts<'_, Routes>) -> Result<Paths, plugo::BoxError> {
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

pub(super) fn router(parts: &plugo::reload::Parts<'_, Routes>) -> Result<Router, plugo::BoxError> {
    let routes = parts.iter().map(|part| part.hold(part.value().router.clone()));
    Ok(routes.fold(Router::new(), Router::merge))
}

/// The text of a config that switches these on, and those with a `!` off.
pub(super) fn text(plugins: &[&str]) -> String {
    let entry = |name: &&str| {
        let bare = name.trim_start_matches('!');
        format!("{{ \"name\": \"life/{bare}\", \"enabled\": {} }}", bare == *name)
    };
    let entries: Vec<String> = plugins.iter().map(entry).collect();
    format!("{{ \"plugins\": [\n{}\n] }}", entries.join(",\n"))
}

pub(super) fn builder(dir: &TempDir, world: &Shared) -> ReloaderBuilder<Routes> {
    let manager = PluginManager::builder("life")
        .table(&life::PLUGINS)
        .provide("world", Arc::clone(world))
        .build()
        .unwrap();
    ReloaderBuilder::<Routes>::new(manager).config(dir.path().join("plugins_config.json"))
}

impl App<Paths> {
    pub(super) fn new(plugins: &[&str]) -> Self {
        App::with(plugins, |builder| builder.start(paths))
    }
}

impl App<Router> {
    pub(super) fn serving(plugins: &[&str]) -> Self {
        App::with(plugins, |builder| builder.start(router))
    }
}

impl<G: Send + Sync + 'static> App<G> {
    pub(super) fn with(
        plugins: &[&str],
        start: impl FnOnce(ReloaderBuilder<Routes>) -> Result<Reloader<Routes, G>, ReloadError>,
    ) -> Self {
        let (dir, world) = (tempfile::tempdir().unwrap(), Shared::default());
        fs::write(dir.path().join("plugins_config.json"), text(plugins)).unwrap();
        let reloader = start(builder(&dir, &world)).unwrap();
        App { dir, world, reloader }
    }

    pub(super) fn config(&self) -> PathBuf {
        self.dir.path().join("plugins_config.json")
    }

    pub(super) fn ask_for(&self, plugins: &[&str]) {
        fs::write(self.config(), text(plugins)).unwrap();
    }

    pub(super) fn reload(&self, plugins: &[&str]) -> Result<Reloaded, ReloadError> {
        self.ask_for(plugins);
        self.reloader.reload()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn running(&self) -> Vec<&'static str> {
        self.reloader.current().plugins().collect()
    }

    pub(super) fn behave(&self, plugin: &'static str, behaviour: Behaviour) {
        self.world().behaviours.insert(plugin, behaviour);
    }

    /// Waits until the plugins that run are these.
    #[track_caller]
    pub(super) fn wait_until_running(&self, plugins: &[&str]) {
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

    /// Waits until a plugin tells this.
    #[track_caller]
    pub(super) fn wait_until_told(&self, line: &'static str) {
        let world = Arc::clone(&self.world);
        soon(move || {
            while !world.lock().unwrap().log.iter().any(|told| told == line) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.world().log)
    }

    #[track_caller]
    pub(super) fn nothing_is_wrong(&self) {
        assert_eq!(self.world().wrong, [""; 0]);
    }
}

pub(super) fn ask(service: &ReloadService<Routes>, path: &str) -> axum::response::Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    pollster::block_on(service.clone().call(request)).unwrap()
}
