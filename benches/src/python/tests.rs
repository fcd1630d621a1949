use super::*;

/// A peer that initialises all modules in its folder.
const PLUGGY: &str = r#"
import importlib, pathlib, sys
def HookimplMarker(_): return lambda function: function
def HookspecMarker(_): return lambda function: function
class PluginManager:
    def __init__(self, _): self.hook, self.found = self, {}
    def add_hookspecs(self, _): ...
    def load_setuptools_entrypoints(self, _):
        names = sorted(file.stem for file in pathlib.Path(sys.path[0]).glob("plugin_*.py"))
        self.found = {name: importlib.import_module(name) for name in names}
    def init_plugin(self, state):
        for module in self.found.values(): module.init_plugin(state)
    def get_plugin(self, name): return self.found.get(name)
"#;

/// One that is a database, kept in memory.
const DJANGO: [(&str, &str); 6] = [
    ("django/__init__.py", "def setup(): ...\n"),
    ("django/conf.py", "class settings:\n    def configure(**_): ...\n"),
    (
        "django/core/management.py",
        r#"
def call_command(name, stdout=None, **_):
    from django_plugin_system.models import items
    if stdout: stdout.write(f"- Items created: 0, found: {len(items)}\n")
"#,
    ),
    (
        "django_plugin_system/plugin_core.py",
        "class BasePluginType: ...\nclass BasePluginItem: ...\n\
         def required_plugin_item_method(function): return function\n",
    ),
    (
        "django_plugin_system/register.py",
        r#"
from django_plugin_system.models import items
def register_plugin_type(_): ...
def register_plugin_item(item): items.append(item["plugin_class"])
"#,
    ),
    (
        "django_plugin_system/models.py",
        r#"
items = []
class PluginInstance:
    class objects:
        def values_list(_, flat): return [item.name for item in items]
"#,
    ),
];
const HELPERS: &str = r#"
def get_plugin_instance(_):
    from django_plugin_system.models import items
    return items[0]()
"#;

/// Runs a test with packages that stand beside the script, and ten plugins, where there is a Python.
fn with_packages(files: &[(&str, &str)], test: impl FnOnce(&Script<'_>)) {
    // Where there is no Python, nothing can be said of it.
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let file = folder.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let venv = Venv::without_packages(folder.path());
    let script = Script::write(&venv, folder.path()).unwrap();
    script.call(&["make", "10", "10"]).unwrap();
    test(&script);
}

#[test]
fn a_peer_that_fails_is_told_and_the_others_are_measured() {
    let files = [("pluggy.py", PLUGGY), ("plux.py", "raise SystemExit('it is broken')\n")];
    with_packages(&files, |script| {
        let of = |name: &str| PEERS.into_iter().find(|peer| peer.name == name).unwrap();
        let mut python = Python { sizes: vec![10], ..Python::default() };
        python.failed.insert("stevedore", "it cannot be installed".to_owned());
        let peers = ["plux", "stevedore", EMPTY, IMPORT, "pluggy"].map(of);
        python.measure(script, &peers, 10, 100);
        assert_eq!(python.failed("plux"), Some("with 10 plugins: it is broken"));
        for name in [EMPTY, IMPORT, "pluggy"] {
            assert!(python.started(name, 10).is_some(), "{:?}", python.failed(name));
            assert_eq!(python.found(name).is_some(), name != EMPTY, "{name}");
        }
        let mut text = String::new();
        crate::python_report::section(&Ok(python), &mut text).unwrap();
        assert!(text.contains("- `plux` was not measured: with 10 plugins: it is broken\n"));
        assert!(text.contains("- `stevedore` was not measured: it cannot be installed\n"));
        let row = |name: &str| text.lines().find(|line| line.starts_with(&format!("| {name} ")));
        assert!(row("plux").is_some_and(|row| row.contains("not measured")), "{text}");
        assert!(row("pluggy").is_some_and(|row| row.contains("x)")), "{text}");
    });
}

#[test]
fn what_a_peer_leaves_out_does_twice_or_confuses_is_seen() {
    let wrong = [
        ("names = sorted(", "names = sorted(", ""),
        ("in names}", "in names[1:]}", "1 of 10 plugins were not initialised once"),
        (
            "module.init_plugin(state)",
            "module.init_plugin(state), module.init_plugin(state)",
            "10 of 10",
        ),
        ("self.found.get(name)", "self.found.get(name[:-1] + '1')", "was looked up and gave"),
        ("self.found.get(name)", "self.found.get(name, self)", "there is no such plugin"),
    ];
    for (from, to, why) in wrong {
        with_packages(&[("pluggy.py", &PLUGGY.replace(from, to))], |script| {
            let said = script.call(&["run", "10", "pluggy", "10"]);
            match why {
                "" => assert!(said.is_ok(), "{said:?}"),
                _ => assert!(said.is_err_and(|said| said.contains(why)), "{to}"),
            }
        });
    }
}

#[test]
fn what_is_not_in_the_database_was_not_synced() {
    let wrong = [
        ("items[0]()", "items[0]()", ""),
        ("for item in items]", "for item in items[1:]]", "1 of 10 plugins"),
        ("for item in items]", "for item in items + items[:1]]", "1 of 10 plugins"),
        ("found: {len(items)}", "found: 0", "0 of 10 items were synced"),
        ("items[0]()", "None", "no plugin is selected"),
        ("items[0]()", "items[1]()", "and not that of `plugin_00000`"),
    ];
    for (from, to, why) in wrong {
        let files = DJANGO.into_iter().chain([("django_plugin_system/helpers.py", HELPERS)]);
        let files: Vec<(&str, String)> =
            files.map(|(file, text)| (file, text.replace(from, to))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(file, text)| (*file, text.as_str())).collect();
        with_packages(&files, |script| {
            let said = script.call(&["run", "10", "django-plugin-system", "0"]);
            match why {
                "" => assert_eq!(said.as_deref(), Ok("-")),
                _ => assert!(said.is_err_and(|said| said.contains(why)), "{to}"),
            }
        });
    }
}
