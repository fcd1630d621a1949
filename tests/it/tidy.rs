//! Invariants of the code and of what is written about it.

use std::fs;
use std::path::{Path, PathBuf};

use tests::repository;

const CRATES: [&str; 4] = ["plugo-core", "plugo-macros", "plugo-build", "plugo"];

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
            let source = read(format!("{krate}/src/{module}.rs"));
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

#[test]
fn crates_bear_their_folders_names_and_share_the_lints() {
    for path in manifests() {
        let text = fs::read_to_string(&path).unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert!(text.contains(&format!("name = {folder:?}\n")), "{}", path.display());
        assert!(text.contains("[lints]\nworkspace = true"), "{}", path.display());
    }
}

#[test]
fn no_crate_dev_depends_on_a_sibling_and_the_core_needs_nothing() {
    for krate in CRATES {
        let text = read(format!("{krate}/Cargo.toml"));
        assert!(
            !text.contains("dev-dependencies"),
            "{krate}: what needs a sibling stands in `tests`"
        );
    }
    let core = read("plugo-core/Cargo.toml");
    let dependencies = core.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| !line.is_empty()) {
        assert!(line.contains("optional = true"), "{line}");
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

#[test]
fn every_case_names_a_test_that_exists() {
    let tests: String = fs::read_dir(repository().join("tests/it"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let cases = read("docs/cases.md");
    let rows: Vec<&str> =
        cases.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() > 40);
    for row in rows {
        let test = row.trim_end_matches('|').rsplit('|').next().unwrap().trim().trim_matches('`');
        assert!(tests.contains(&format!("fn {test}(")), "{row}");
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
