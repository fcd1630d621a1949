//! What a reload does. What has to happen is waited for; nothing here depends on
//! how long it takes.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use axum::http::StatusCode;
use plugo::PluginManager;
use plugo::reload::{PluginWatcher, ReloadError, ReloadService, ReloaderBuilder};
use tests::{Run, soon};

use crate::reload_app::{App, Behaviour, Paths, Shared, ask, builder, paths, text};

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
        (
            "",
            "`{}` is not JSON: EOF while parsing a value\n  --> {}:1:1\n  help: the file is empty; \
             an empty selection is `{ \"plugins\": [] }`",
        ),
        (
            "{ \"plugins\": [ { \"name\"",
            "`{}` is not JSON: EOF while parsing an object\n  --> {}:1:23\n  help: its end is \
             missing; write the file beside its place and rename it into it, so that nobody reads \
             half of it",
        ),
        (
            "{ \"plugins\": {} }",
            "`plugins` of `{}` must be an array of objects, and is an object\n  --> {}:1:14",
        ),
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
    refused(&format!(
        "`{shown}` cannot be read: No such file or directory (os error 2)\n  help: put it back, or \
         create it; an empty selection is `{{ \"plugins\": [] }}`"
    ));
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
fn an_init_that_blocks_keeps_what_runs_running_and_others_are_told() {
    let app = App::with(&["base"], |b| b.patience(Duration::from_millis(50)).start(paths));
    let (go, gone) = channel();
    app.behave("lone", Behaviour::LoadWaits(gone));
    let watcher = app.reloader.watch(|_| {}).unwrap();
    app.ask_for(&["base", "lone"]);
    app.wait_until_told("load lone");
    assert_eq!(app.running(), ["base"]);
    let error = app.reloader.reload().unwrap_err();
    assert!(matches!(error, ReloadError::Busy { plugin: Some("lone"), .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("a reload has not come to its end after "), "{said}");
    assert!(said.ends_with(" s; it initialises `lone`"), "{said}");
    assert!(matches!(app.reloader.close(), Err(ReloadError::Busy { .. })));
    // The watcher does not wait for it either.
    soon(move || drop(watcher));
    go.send(()).unwrap();
    app.wait_until_running(&["base", "lone"]);
    assert!(app.reloader.reload().unwrap().is_unchanged());
}

/// What a watcher tells, as text.
fn watch(app: &App<Paths>) -> (PluginWatcher, Receiver<Result<String, String>>) {
    let (sender, heard) = channel();
    let watcher = app.reloader.watch(move |result| {
        let said = result.map(|reloaded| reloaded.to_string());
        let _ = sender.send(said.map_err(|error| error.to_string()));
    });
    (watcher.unwrap(), heard)
}

fn next(heard: &Receiver<Result<String, String>>) -> Result<String, String> {
    heard.recv_timeout(Duration::from_secs(60)).expect("it is told of nothing")
}

#[test]
fn an_init_that_blocks_is_told_of_by_the_watcher_alone_and_reloading_goes_on_after_it() {
    let app = App::with(&["base"], |b| b.patience(Duration::from_millis(50)).start(paths));
    let (go, gone) = channel();
    app.behave("lone", Behaviour::LoadWaits(gone));
    let (_watcher, heard) = watch(&app);
    app.ask_for(&["base", "lone"]);
    // Once, and again when the wait has doubled.
    for _ in 0..2 {
        let said = next(&heard).unwrap_err();
        assert!(said.starts_with("a reload has not come to its end after "), "{said}");
        assert!(said.ends_with(" s; it initialises `lone`"), "{said}");
    }
    assert_eq!(app.running(), ["base"]);
    // What is saved meanwhile is done when it ends.
    app.ask_for(&["base"]);
    go.send(()).unwrap();
    let mut told = next(&heard);
    while told.is_err() {
        told = next(&heard);
    }
    assert_eq!(told.unwrap(), "started lone; 1 left alone");
    assert_eq!(next(&heard).unwrap(), "stopping lone; 1 left alone");
    app.nothing_is_wrong();
}

#[test]
fn a_reload_that_failed_since_a_plugin_had_not_left_is_done_when_it_has() {
    let app = App::with(&["base", "lone"], |b| b.patience(Duration::from_millis(50)).start(paths));
    let held = app.reloader.current();
    let (_watcher, heard) = watch(&app);
    app.ask_for(&["base"]);
    assert_eq!(next(&heard).unwrap(), "stopping lone; 1 left alone");
    app.ask_for(&["base", "lone"]);
    let said = next(&heard).unwrap_err();
    assert!(said.starts_with("`lone` is still being stopped after "), "{said}");
    // Nobody touches the file.
    drop(held);
    assert_eq!(next(&heard).unwrap(), "started lone; 1 left alone");
    app.nothing_is_wrong();
}

#[test]
fn after_a_reload_that_failed_the_same_content_saved_once_more_is_tried_again() {
    let app = App::new(&["base"]);
    app.behave("lone", Behaviour::Fails);
    let (watcher, heard) = watch(&app);
    app.ask_for(&["base", "lone"]);
    assert!(next(&heard).unwrap_err().contains("there is no licence"));
    app.ask_for(&["base", "lone"]);
    assert_eq!(next(&heard).unwrap(), "started lone; 1 left alone");
    // Now it is no change any more: what is told of next is what comes next.
    app.ask_for(&["base", "lone"]);
    watcher.look();
    app.ask_for(&["lone"]);
    assert_eq!(next(&heard).unwrap(), "stopping base; 1 left alone");
}

#[test]
fn a_typo_in_a_namespace_is_refused_and_one_in_a_switch_off_is_warned_of() {
    let app = App::new(&["lone"]);
    let before = app.reloader.current().number();
    let entry = |name: &str, is_on: bool| format!(r#"{{ "name": "{name}", "enabled": {is_on} }}"#);
    let reload = |entries: &[String]| {
        fs::write(app.config(), format!("{{ \"plugins\": [ {} ] }}", entries.join(", "))).unwrap();
        app.reloader.reload()
    };
    let place = format!("\n  --> {}:1:", app.config().display());
    let error = reload(&[entry("live/lone", true)]).unwrap_err().to_string();
    let wanted = "`live/lone` is enabled, and no plugin of the namespace `live` is built in";
    assert!(
        error.starts_with(&format!("{wanted}{place}26\n  help: did you mean `life`? ")),
        "{error}"
    );
    assert_eq!((app.running(), app.reloader.current().number()), (vec!["lone"], before));

    // The default namespace has plugins in this program, whose business they are.
    assert!(plugo::tables().iter().any(|table| table.iter().any(|it| it.namespace() == "plugins")));
    let others = [entry("life/lone", true), entry("blog", true), entry("blgo", false)];
    assert_eq!(reload(&others).unwrap().warnings, []);

    let off = |name: &str| reload(&[entry("life/lone", true), entry(name, false)]).unwrap();
    let at = "68\n  help: did you mean";
    assert_eq!(
        off("life/bsae").to_string(),
        format!(
            "nothing to do; 1 left alone\nwarning: `bsae` is disabled, and not built in{place}{at} \
             `base`?"
        )
    );
    assert_eq!(
        off("live/base").warnings[0].to_string(),
        format!(
            "`live/base` is disabled, and no plugin of that namespace is built in{place}{at} `life`?"
        )
    );
    // What the build leaves out is switched off in its file, and unknown here.
    for name in ["life/semver", "elsewhere/base", "life/lona"] {
        assert_eq!(off(name).warnings, [], "{name}");
    }
}

#[test]
fn a_reload_can_be_awaited() {
    let app = App::new(&["base"]);
    let (go, gone) = channel();
    app.behave("lone", Behaviour::LoadWaits(gone));
    app.ask_for(&["base", "lone"]);
    let reload = app.reloader.reload_async();
    app.wait_until_told("load lone");
    go.send(()).unwrap();
    assert_eq!(pollster::block_on(reload).unwrap().started, ["lone"]);
    let error = app.reload(&["bas"]).unwrap_err().to_string();
    assert_eq!(pollster::block_on(app.reloader.reload_async()).unwrap_err().to_string(), error);
}

/// A part that cannot be dropped in peace, once it has a path.
#[derive(Default)]
struct Unruly(Vec<String>);

impl Drop for Unruly {
    fn drop(&mut self) {
        assert!(self.0.is_empty(), "a panic that is meant");
    }
}

mod unruly {
    use super::Unruly;

    #[plugo::plugin(name = "calm", namespace = "unruly")]
    fn calm(app: &mut Unruly) {
        let _ = app;
    }

    #[plugo::plugin(name = "wild", namespace = "unruly")]
    fn wild(app: &mut Unruly) -> Result<(), String> {
        app.0.push("/wild".to_owned());
        Err("there is no licence".to_owned())
    }

    plugo::plugins![calm, wild];
}

#[test]
fn a_part_that_panics_when_it_is_dropped_costs_nobody_else_anything() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plugins_config.json");
    let ask_for = |names: &[&str]| fs::write(&config, text(names).replace("life/", "unruly/"));
    ask_for(&["calm"]).unwrap();
    let manager = PluginManager::builder("unruly").table(&unruly::PLUGINS).build().unwrap();
    let reloader = ReloaderBuilder::<Unruly>::new(manager).config(&config);
    let reloader = reloader.start(|parts| Ok(parts.len())).unwrap();
    ask_for(&["calm", "wild"]).unwrap();
    let error = reloader.reload().unwrap_err();
    assert!(matches!(error, ReloadError::Init { plugin: "wild", .. }), "{error:?}");
    ask_for(&["calm"]).unwrap();
    reloader.reload().unwrap();
    // The next generation that is put together has what was there.
    assert_eq!(*reloader.current().value(), 1);
    ask_for(&[]).unwrap();
    assert_eq!(reloader.reload().unwrap().stopping, ["calm"]);
    ask_for(&["calm"]).unwrap();
    assert_eq!(reloader.reload().unwrap().started, ["calm"]);
    assert_eq!(*reloader.current().value(), 1);
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
fn h07_h11_the_file_is_watched_and_whatever_becomes_of_a_reload_the_watcher_lives_on() {
    let app = App::new(&["base"]);
    // What changed before anybody watched counts.
    app.ask_for(&["base", "lone"]);
    let (watcher, heard) = watch(&app);
    let next = || next(&heard);
    assert_eq!(next().unwrap(), "started lone; 1 left alone");
    app.ask_for(&["bas"]);
    assert!(next().unwrap_err().contains("did you mean `base`?"));
    fs::write(app.config(), "{ \"plugins\": [").unwrap();
    assert!(next().unwrap_err().contains(" is not JSON: EOF while parsing a list\n  --> "));
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
