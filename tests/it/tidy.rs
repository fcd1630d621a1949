//! Invariants of the code and of what is written about it.

use std::fs;
use std::path::{Path, PathBuf};

use tests::repository;

const CRATES: [&str; 8] = [
    "plugo-core",
    "plugo-macros",
    "plugo-build",
    "plugo-reload",
    "plugo-settings",
    "plugo-admin",
    "plugo",
    "plugo-cli",
];

fn read(path: impl AsRef<Path>) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifests() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![repository().to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                open.push(path);
            } else if name == "Cargo.toml" && path.parent() != Some(repository()) {
                found.push(path);
            }
        }
    }
    found
}

/// The files of Rust below a folder, which may not exist.
fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = entries.flat_map(|entry| match entry.path() {
        // Templates are files of the packages that they become.
        path if path.is_dir() && path.ends_with("templates") => Vec::new(),
        path if path.is_dir() => rust_files(&path),
        path if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
        _ => Vec::new(),
    });
    files.collect()
}

#[test]
fn modules_import_only_from_those_above_them() {
    for krate in CRATES {
        let lib = read(format!("{krate}/src/lib.rs"));
        let modules: Vec<&str> = lib
            .lines()
            .filter_map(|line| {
                line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')
            })
            .collect();
        for (i, module) in modules.iter().enumerate() {
            let mut source = read(format!("{krate}/src/{module}.rs"));
            // A module may be a folder with files.
            let folder = repository().join(format!("{krate}/src/{module}"));
            for file in rust_files(&folder) {
                source.push_str(&read(file));
            }
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for (at, _) in line.match_indices("crate::") {
                    if line[..at].ends_with('$') {
                        continue;
                    }
                    let rest = &line[at + "crate::".len()..];
                    let name: String =
                        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let above = modules[..=i].contains(&name.as_str());
                    assert!(above, "{krate}: `{module}` imports from `{name}`: {line}");
                }
            }
        }
    }
}

/// How unsafe code begins.
const UNSAFE: [&str; 5] = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe("];

#[test]
fn unsafe_tokens_stand_in_three_files() {
    let allowed = [
        "plugo-core/src/entry.rs",
        "plugo-core/src/generated.rs",
        "plugo-reload/src/patch/code.rs",
    ];
    let mut found: Vec<String> = Vec::new();
    for path in CRATES.iter().flat_map(|krate| rust_files(&repository().join(krate).join("src"))) {
        let text = read(&path);
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.any(|line| UNSAFE.iter().any(|begin| line.contains(begin))) {
            let path = path.strip_prefix(repository()).unwrap();
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    assert_eq!(found, allowed);
}

#[test]
fn every_unsafe_token_has_an_argument_above_it() {
    for path in
        ["plugo-core/src/entry.rs", "plugo-core/src/generated.rs", "plugo-reload/src/patch/code.rs"]
    {
        let text = read(repository().join(path));
        // Attributes and comments in a row belong to what follows.
        let mut argued = false;
        for (number, line) in text.lines().map(str::trim_start).enumerate() {
            let is_unsafe = UNSAFE.iter().any(|begin| line.contains(begin));
            if line.starts_with("// SAFETY:") {
                argued = true;
            } else if line.starts_with("//") {
                continue;
            } else {
                assert!(!is_unsafe || argued, "{path}:{}: {line}", number + 1);
                argued &= line.starts_with("#[");
            }
        }
    }
}

#[test]
fn crates_bear_their_folders_names_and_share_the_lints() {
    for path in manifests() {
        let text = fs::read_to_string(&path).unwrap();
        let name = |of: &Path| of.file_name().unwrap().to_string_lossy().into_owned();
        let folder = path.parent().unwrap();
        // What is within `tests` are tests of something.
        let name = match folder.parent() == Some(&repository().join("tests")) {
            true => format!("{}-tests", name(folder)),
            false => name(folder),
        };
        assert!(text.contains(&format!("name = {name:?}\n")), "{}", path.display());
        assert!(text.contains("[lints]\nworkspace = true"), "{}", path.display());
    }
}

#[test]
fn no_crate_dev_depends_on_a_sibling_and_the_core_needs_nothing() {
    for krate in CRATES {
        let text = read(format!("{krate}/Cargo.toml"));
        for section in text.split("\n[").filter(|section| section.contains("dev-dependencies]")) {
            let sibling = section.lines().any(|line| line.starts_with("plugo"));
            assert!(!sibling, "{krate}: what needs a sibling stands in `tests`");
        }
    }
    let core = read("plugo-core/Cargo.toml");
    let dependencies = core.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| !line.is_empty()) {
        assert!(line.contains("optional = true"), "{line}");
    }
}

/// Messages of the compiler are tested by a package that trybuild makes, which has
/// the dependencies of `tests` and builds them in a folder of its own.
#[test]
fn tests_of_a_database_are_a_package_of_their_own() {
    let dependencies = read("tests/Cargo.toml");
    for heavy in ["plugo-admin", "sqlx"] {
        assert!(!dependencies.contains(heavy), "{heavy}: it belongs into tests/admin");
    }
}

#[test]
fn every_diagnostic_code_is_documented() {
    let source = read("plugo-build/src/diagnostic.rs");
    let documented = read("docs/diagnostics.md");
    let codes: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Code::")?.split_once(" => \""))
        .filter_map(|(_, rest)| rest.strip_suffix("\","))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    for code in &codes {
        assert!(documented.contains(&format!("`{code}`")), "{code}");
    }
    for line in documented.lines().filter(|line| line.starts_with("| `")) {
        for code in line.split('|').nth(1).unwrap().split(',') {
            let code = code.trim().trim_matches('`');
            assert!(codes.contains(&code), "{code} is documented and does not exist");
        }
    }
}

/// A row of a table of cases: the section, the id, and the test.
fn cases() -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in read("docs/cases.md").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, _, _, test] = cells[..] else { continue };
        if id != "id" && !id.starts_with("---") {
            found.push((section.clone(), id.to_owned(), test.trim_matches('`').to_owned()));
        }
    }
    found
}

#[test]
fn every_case_names_a_test_that_exists() {
    let folders = ["tests/it", "tests/admin/it"].map(|folder| repository().join(folder));
    let tests: String = folders.iter().flat_map(|folder| rust_files(folder)).map(read).collect();
    let cases = cases();
    assert!(cases.len() > 140, "{}", cases.len());
    for (section, id, test) in &cases {
        let exists = test == "n/a" || tests.contains(&format!("fn {test}("));
        assert!(exists, "{section}, {id}: there is no test `{test}`");
    }
}

#[test]
fn every_case_of_hot_reload_has_a_test_of_its_id() {
    let cases = cases();
    for id in (1..=16).map(|number| format!("H{number:02}")) {
        let found: Vec<_> = cases.iter().filter(|(_, case, _)| *case == id).collect();
        assert_eq!(found.len(), 1, "{id} has {} rows", found.len());
        let test = &found[0].2;
        let part = format!("{}_", id.to_lowercase());
        assert!(test == "n/a" || test.contains(&part), "{id} names `{test}`");
    }
}

#[test]
fn every_claim_about_threads_names_tests_that_exist() {
    let models = read("plugo-core/src/models.rs");
    let tests = ["threads", "plux", "django"].map(|file| read(format!("tests/it/{file}.rs")));
    let text = read("docs/concurrency.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| line.trim_matches('|').split(" | ").collect())
        .collect();
    assert!(rows.len() > 7, "{}", rows.len());
    let exists = |name: &str, source: &str| source.contains(&format!("fn {name}("));
    for row in rows {
        let [_, model, stress] = row[..] else { panic!("{row:?}") };
        for name in model.split(", ") {
            let name = name.trim().trim_matches('`');
            assert!(exists(name, &models), "there is no model `{name}`");
        }
        for name in stress.split(", ") {
            let name = name.trim().trim_matches('`');
            assert!(tests.iter().any(|source| exists(name, source)), "there is no test `{name}`");
        }
    }
}

#[test]
fn every_case_of_plux_and_of_django_plugin_system_has_a_test_of_its_id() {
    let numbered = |letter: &str, range: std::ops::RangeInclusive<u32>| {
        range.map(|number| format!("{letter}{number:02}")).collect::<Vec<_>>()
    };
    let plux = [numbered("P", 1..=64), numbered("X", 1..=8), numbered("X", 14..=25)].concat();
    let django = numbered("D", 1..=34);
    let cases = cases();
    for (system, ids) in [("plux", plux), ("django", django)] {
        let rows = cases.iter().filter(|(section, ..)| section.starts_with(system));
        let rows: Vec<_> = rows.collect();
        for wanted in ids {
            let found: Vec<_> = rows.iter().filter(|(_, id, _)| *id == wanted).collect();
            assert_eq!(found.len(), 1, "{system}: {wanted} has {} rows", found.len());
            let test = &found[0].2;
            let part = format!("{}_", wanted.to_lowercase());
            assert!(test == "n/a" || test.contains(&part), "{system}: {wanted} names `{test}`");
        }
    }
    // And no test claims a case that the table does not have it for.
    for (file, system) in [("plux", "plux"), ("plux_build", "plux"), ("django", "django")] {
        for line in read(format!("tests/it/{file}.rs")).lines() {
            let Some(name) = line.trim().strip_prefix("fn ").and_then(|l| l.strip_suffix("() {"))
            else {
                continue;
            };
            let is_id = |part: &&str| {
                let digits = part.trim_start_matches(['p', 'x', 'd']);
                part.len() == 3 && digits.len() == 2 && digits.parse::<u8>().is_ok()
            };
            for id in name.split('_').filter(is_id) {
                let listed = cases.iter().any(|(section, case, test)| {
                    section.starts_with(system) && case.to_lowercase() == id && test == name
                });
                assert!(listed, "{file}: docs/cases.md does not list `{name}` at {id}");
            }
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents = vec![PathBuf::from("README.md")];
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        documents.push(name.into());
    }
    for entry in fs::read_dir(repository().join("docs")).unwrap() {
        documents.push(Path::new("docs").join(entry.unwrap().file_name()));
    }
    for document in documents {
        let text = read(&document);
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if !link.is_empty() && !link.starts_with("http") {
                let target = repository().join(document.parent().unwrap()).join(link);
                assert!(target.exists(), "{}: {link}", document.display());
            }
        }
    }
}
