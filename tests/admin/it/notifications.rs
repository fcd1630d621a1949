//! The example `notify`, as its users run it: built by `plugo`, in processes of
//! its own, in a browser.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};
use tests::{Run, repository};

use crate::browser::{Browser, Tab};
use crate::databases::Database;
use crate::notify::{PASSWORD, Place, Running, plugo, with_input};

fn log_in(tab: &Tab<'_>, app: &Running) {
    tab.open(&app.url("/admin/instances"));
    tab.type_into("#name", "admin");
    tab.type_into("#password", PASSWORD);
    tab.pictures("login");
    tab.click("button.primary");
    // The scripts have run when the page is complete, and not with its first row.
    tab.until("document.readyState == 'complete' && document.querySelector('tr[data-row]')");
}

/// The field of the main gateway's status, once it has a mark.
fn status_of_gateway(tab: &Tab<'_>) -> &'static str {
    let found = "[...document.querySelectorAll('select[name=status]')] \
        .find(s => s.getAttribute('aria-label') == 'Status of sms: Main gateway')";
    tab.until(found);
    tab.eval(&format!("{found}.id = 'wanted'")).unwrap();
    "#wanted"
}

#[test]
fn show_1_an_operator_disables_the_provider_in_a_browser_and_the_reserve_is_used() {
    let Some(browser) = Browser::start() else { return };
    let place = Place::new();
    let app = Running::start(&place);
    let front = browser.tab();
    front.open(&app.url("/"));
    assert_eq!(front.text("#used"), "sms: Main gateway");
    front.click("form[action='/send'] button");
    front.until("document.querySelector('#sent li')");
    assert!(front.text("#sent li").starts_with("Text message from Shop to Ann: "));
    front.pictures("front");

    let admin = browser.tab();
    log_in(&admin, &app);
    admin.pictures("instances");
    let status = status_of_gateway(&admin);
    admin.choose(status, "disabled");
    // The first page shows it by itself.
    front.until("document.querySelector('#used')?.innerText == 'email'");
    front.click("form[action='/send'] button");
    front.until("document.querySelectorAll('#sent li').length == 2");
    assert_eq!(front.text("#sent li"), "Email to ann@shop.example: Your parcel is on its way");
    front.pictures("front-reserve");

    admin.open(&app.url("/admin/audit"));
    let log = admin.text("main");
    let line = log.lines().find(|line| line.contains("sms: Main gateway")).unwrap_or(&log);
    assert!(log.contains("admin") && log.contains("disabled"), "{line}");
    admin.pictures("audit");
    let audit = place.command("default", &["db", "audit", "--format", "json"]).ok().stdout;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let last = audit.as_array().unwrap().last().unwrap();
    let told = ["actor", "via", "subject", "field", "before", "after"].map(|name| &last[name]);
    let change = json!(["admin", "page", "sms: Main gateway", "status", null, "disabled"]);
    assert_eq!(json!(told), change);
}

#[test]
fn show_1_it_goes_without_scripts_too() {
    let Some(browser) = Browser::start() else { return };
    let place = Place::new();
    let app = Running::start(&place);
    let tab = browser.tab();
    tab.without_scripts();
    log_in(&tab, &app);
    let status = status_of_gateway(&tab);
    tab.choose(status, "disabled");
    tab.eval("document.querySelector('#wanted').closest('tr').querySelector('td.save button').id = 'save'")
        .unwrap();
    tab.click("#save");
    // The page that comes then has no mark any more.
    tab.until("document.readyState == 'complete' && !document.querySelector('#wanted')");
    tab.open(&app.url("/"));
    assert_eq!(tab.text("#used"), "email");
    tab.click("form[action='/send'] button");
    tab.until("document.querySelector('#sent li')");
    assert!(tab.text("#sent li").starts_with("Email to ann@shop.example: "));
    // A user's own choice stands before what is selected.
    let push = "[...document.querySelectorAll('.person select')][1]";
    tab.eval(&format!("{push}.id = 'ben'")).unwrap();
    let id = format!("[...{push}.options].find(o => o.text == 'push').value");
    let id = tab.eval(&id).unwrap();
    tab.choose("#ben", id.as_str().unwrap());
    tab.eval("document.querySelector('#ben').form.querySelector('button').id = 'keep'").unwrap();
    tab.click("#keep");
    tab.until("document.querySelectorAll('.person .gets')[1]?.innerText == 'and gets push'");
}

#[test]
fn show_2_two_processes_use_each_others_change() {
    for database in Database::each() {
        let mut place = Place::new();
        place.url = Some(database.url());
        let (one, other) = (Running::start(&place), Running::start(&place));
        let gateway = place.instance("default", "sms/Main gateway");
        let id = gateway["id"].as_str().unwrap();
        other.until_used("sms: Main gateway");
        one.say(id, &json!({ "status": "disabled" }));
        assert_eq!(one.used(), "email", "its own change holds at once");
        other.until_used("email");
        other.say(id, &json!({ "status": null }));
        one.until_used("sms: Main gateway");
        // And what is said at a terminal.
        place.command("default", &["db", "set", "email", "--status", "active"]).ok();
        place.command("default", &["db", "set", "email", "--priority", "-1"]).ok();
        one.until_used("email");
        other.until_used("email");
    }
}

#[test]
fn show_3_plugo_db_syncs_once_and_what_an_operator_said_stays() {
    let place = Place::new();
    drop(Running::start(&place));
    let db = |arguments: &[&str]| {
        let mut command = plugo(&[&["db", "--package", "notify"], arguments].concat());
        place.set(&mut command);
        // Cargo is asked about the repository.
        Run::of(command.current_dir(repository()))
    };
    let set = ["set", "sms/Main gateway", "--status", "disabled", "--priority", "7"];
    let said = db(&set).ok().stdout;
    assert_eq!(said, "sms/Main gateway: disabled, priority 7\n");
    let modes =
        [&["sync"][..], &["sync", "--mode", "update"], &["sync", "--mode", "update", "--prune"]];
    for mode in modes {
        let said = place.command("default", &[&["db"], mode].concat()).ok().stdout;
        assert!(said.starts_with("the database is up to date; nothing to do\n"), "{said}");
    }
    // A program without text messages keeps what was said of them.
    let without = db(&["--client", "acme", "sync", "--mode", "update"]);
    assert!(without.ok().stdout.contains("1 marked absent"));
    let gateway = place.instance("acme", "sms/Main gateway");
    assert_eq!(gateway["item"]["present"], false);
    assert_eq!(gateway["item"]["compiled_in"], false);
    let again = place.command("acme", &["db", "sync"]).ok().stdout;
    assert_eq!(again, "the database is up to date; nothing to do\n");
    assert!(db(&["sync"]).ok().stdout.contains("1 marked present"));
    let gateway = place.instance("default", "sms/Main gateway");
    assert_eq!((&gateway["status"], &gateway["priority"]), (&json!("disabled"), &json!(7)));
    assert_eq!(gateway["item"]["present"], true);

    // The answer of the app is that of `plugo`.
    let wrong = db(&["set", "sms/Main gatway", "--status", "active"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.contains("did you mean `sms/Main gateway`?"), "{}", wrong.stderr);
}

#[test]
fn the_commands_answer_and_refuse_as_they_say() {
    let place = Place::new();
    let run = |arguments: &[&str]| place.command("default", arguments);
    let file = |name: &str| place.folder.path().join(name);
    // What only looks makes no database.
    for looking in [&["db", "list"][..], &["db", "audit"], &["db", "sync", "--dry-run"], &["admin"]]
    {
        let run = run(looking);
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{looking:?}");
        assert!(run.stderr.contains("`notify db migrate` makes it"), "{}", run.stderr);
    }
    assert!(!file("notify.sqlite3").exists());
    let migrated = run(&["db", "migrate", "--format", "json"]).ok();
    let migrated: Value = serde_json::from_str(&migrated.stdout).unwrap();
    assert_eq!(
        (&migrated["migrated"], &migrated["sync"]["items_created"]),
        (&json!(true), &json!(3))
    );

    for (wrong, part) in [
        (&["db", "set", "emial", "--status", "active"][..], "did you mean `email`?"),
        (&["db", "set", "email"], "--status <STATUS>|--priority <PRIORITY>"),
        (&["db", "set", "email", "--status", "off"], "active, reserve, disabled, or default"),
        (&["db", "set", "email", "--priority", "first"], "a priority is a number"),
        (&["db", "list", "--type", "notifer"], "did you mean `notifier`?"),
        (&["db", "lsit"], "'list'"),
        (&["db", "user", "role", "nobody", "view"], "there is no user `nobody`"),
        (&["db", "--database", "mysql://a:s3cret@b/c", "list"], "only sqlite and postgres"),
        (&["admin", "--listen", "here"], "'--listen <ADDRESS>'"),
    ] {
        let run = run(wrong);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{wrong:?}: {}", run.stderr);
        assert!(run.stderr.contains(part), "{wrong:?}: {}", run.stderr);
        assert!(!run.stderr.contains("s3cret"));
    }

    let short = with_input(&place, &["db", "user", "add", "ann"], "short\n");
    assert_eq!(short.code, Some(2), "{}", short.stderr);
    let none = with_input(&place, &["db", "user", "add", "ann"], "");
    assert_eq!(none.code, Some(2), "{}", none.stderr);
    let add = ["db", "user", "add", "ann", "--role", "edit"];
    with_input(&place, &add, &format!("{PASSWORD}\n")).ok();
    let twice = with_input(&place, &add, PASSWORD);
    assert_eq!(twice.code, Some(1), "{}", twice.stderr);
    let last = run(&["db", "user", "disable", "ann"]);
    assert_eq!(last.code, Some(1), "{}", last.stderr);
    assert!(last.stderr.contains("no editor would be left"), "{}", last.stderr);
    let other = ["db", "user", "add", "eva", "--role", "edit"];
    with_input(&place, &other, &format!("{PASSWORD}\n")).ok();
    run(&["db", "user", "disable", "ann"]).ok();
    let users = run(&["db", "user", "list", "--format", "json"]).ok().stdout;
    let users: Value = serde_json::from_str(&users).unwrap();
    assert_eq!((&users[0]["name"], &users[0]["disabled"]), (&json!("ann"), &json!(true)));
    assert!(!users.to_string().contains("argon2"), "{users}");

    let rekeyed = run(&["db", "rekey", "--format", "json"]).ok().stdout;
    let rekeyed: Value = serde_json::from_str(&rekeyed).unwrap();
    assert_eq!((&rekeyed["instances"], &rekeyed["secrets"]), (&json!(0), &json!(0)));
    assert!(rekeyed["key"].is_string(), "{rekeyed}");

    // A star is explained where there is one.
    let list = |of: &str| run(&["db", "list", "--status", of]).ok().stdout;
    assert!(list("reserve").ends_with("\n* as the code says\n"), "{}", list("reserve"));
    run(&["db", "set", "push", "--status", "disabled", "--priority", "5"]).ok();
    let disabled = list("disabled");
    let lines: Vec<Vec<&str>> = disabled.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines.len(), 2, "{disabled}");
    assert_eq!(lines[0][..5], ["TYPE", "INSTANCE", "STATUS", "PRIORITY", "PACKAGE"]);
    assert_eq!(lines[1][..5], ["notifier", "push", "disabled", "5", "notify-push"]);

    // As the code says, and back to it.
    run(&["db", "set", "email", "--status", "active", "--priority", "-3"]).ok();
    let email = place.instance("default", "email");
    assert_eq!((&email["effective_status"], &email["priority"]), (&json!("active"), &json!(-3)));
    let id = email["id"].as_str().unwrap();
    run(&["db", "set", id, "--status", "default", "--priority", "default"]).ok();
    let email = place.instance("default", "email");
    let told = ["status", "priority", "effective_status", "effective_priority"];
    assert_eq!(json!(told.map(|name| &email[name])), json!([null, null, "reserve", 10]));
}

#[test]
fn admin_serves_the_pages_alone_and_says_how_to_begin() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    let mut running = Running::admin(&place);
    let (status, login) = running.ask("GET", "/login", "", "");
    assert!(status == 200 && login.contains("Log in – Notify"), "{status} {login}");
    assert_eq!(running.ask("GET", "/instances", "", "").0, 303);
    assert_eq!(running.terminate().code(), Some(0));
    let mut said = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("`notify db user add <name> --role edit`"), "{said}");
    assert!(Path::new(place.folder.path()).join("notify.sqlite3").exists());
}
