//! How plugins leave: who keeps one, in which order they are stopped, and what
//! becomes of the others meanwhile.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use plugo::PluginManager;
use plugo::reload::{Generation, PluginWatcher, ReloadError, ReloadService, ReloaderBuilder};
use tests::soon;

use crate::reload_app::{App, Behaviour, Paths, Routes, Shared, ask, builder, paths, text};

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
    drop(held);
    let reloaded = is_done.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(reloaded.started, ["base", "left", "right", "top"]);
    let stops = ["stop top", "stop right", "stop left", "stop base"];
    assert_eq!(app.take_log()[..4], stops);
    app.nothing_is_wrong();
}

#[test]
fn a_reload_waits_for_the_plugin_that_leaves_and_not_before_those_that_do_not() {
    let app = App::new(&["base", "lone"]);
    let held = app.reloader.current();
    app.reload(&["base"]).unwrap();
    app.ask_for(&["left", "lone"]);
    app.take_log();
    let (done, is_done) = channel();
    let reloader = app.reloader.clone();
    std::thread::spawn(move || done.send(reloader.reload().unwrap()).unwrap());
    // The reload has begun, and `lone` is the next.
    app.wait_until_told("load left");
    drop(held);
    let reloaded = is_done.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(reloaded.started, ["left", "lone"]);
    assert_eq!(app.take_log(), ["load left", "stop lone", "load lone"]);
    // `lone` says so if it is loaded before it was stopped.
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
    let app = App::new(&["top", "lone"]);
    let held = app.reloader.current();
    let error = app.reloader.close_within(Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, ReloadError::Stopping { .. }), "{error:?}");
    let App { dir: _dir, world, reloader } = app;
    soon(move || drop(reloader));
    assert_eq!(world.lock().unwrap().running.len(), 5);
    drop(held);
    soon(move || while !world.lock().unwrap().running.is_empty() {});
}

mod sleepy {
    use std::sync::mpsc::TryRecvError;

    use plugo::Plugin;

    use super::{Behaviour, Routes, Shared};

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
            let behaviour = world.lock().unwrap().behaviours.remove("sleepy");
            if let Some(Behaviour::StopWaits(go)) = behaviour {
                while go.try_recv() == Err(TryRecvError::Empty) {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                    a_moment().await;
                }
            }
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
        ReloaderBuilder::<Routes>::new(manager)
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

#[test]
fn where_the_last_handle_is_dropped_by_the_thread_that_is_to_await_a_stop_both_come_to_an_end() {
    let world = Shared::default();
    let manager = PluginManager::builder("sleep").table(&sleepy::PLUGINS);
    let manager = manager.provide("world", Arc::clone(&world)).build().unwrap();
    let builder = ReloaderBuilder::<Routes>::new(manager).patience(Duration::from_secs(3600));
    let reloader = builder.block_on(|work| pollster::block_on(work)).start(paths).unwrap();
    let (go, gone) = channel();
    world.lock().unwrap().behaviours.insert("sleepy", Behaviour::StopWaits(gone));
    // The stop goes on when the thread does that drops it.
    soon(move || {
        drop(reloader);
        go.send(()).unwrap();
    });
    soon(move || while world.lock().unwrap().log != ["load sleepy", "stop sleepy"] {});
}

#[test]
fn a_stop_that_is_not_run_to_its_end_is_said_and_tried_again() {
    let world = Shared::default();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plugins_config.json");
    let ask_for = |plugins: &[&str]| {
        fs::write(&config, text(plugins).replace("life/", "sleep/")).unwrap();
    };
    ask_for(&["sleepy"]);
    let manager = PluginManager::builder("sleep").table(&sleepy::PLUGINS);
    let manager = manager.provide("world", Arc::clone(&world)).build().unwrap();
    let is_gone = Arc::new(AtomicBool::new(false));
    let runtime = Arc::clone(&is_gone);
    let builder = ReloaderBuilder::<Routes>::new(manager).config(&config);
    let builder = builder.block_on(move |work| match runtime.load(Ordering::SeqCst) {
        true => {}
        false => pollster::block_on(work),
    });
    let reloader = builder.start(paths).unwrap();
    ask_for(&[]);
    let held = reloader.current();
    reloader.reload().unwrap();
    is_gone.store(true, Ordering::SeqCst);
    drop(held);
    for _ in 0..2 {
        let error = soon({
            let reloader = reloader.clone();
            move || reloader.close().unwrap_err()
        });
        assert!(matches!(error, ReloadError::Stop { plugin: "sleepy", .. }), "{error:?}");
        let wanted =
            "`sleepy` could not be stopped: `block_on` did not run what it was given to its end";
        assert_eq!(error.to_string(), wanted);
    }
    is_gone.store(false, Ordering::SeqCst);
    reloader.close().unwrap();
    assert_eq!(world.lock().unwrap().log, ["load sleepy", "stop sleepy"]);
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
