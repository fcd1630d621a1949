//! The README, followed word for word.

use std::fs;

use tests::{Project, Run, cargo, repository};

/// The blocks of code that follow a file's name in bold, and the last text.
fn blocks(readme: &str) -> (Vec<(String, String)>, String) {
    let mut files = Vec::new();
    let mut output = String::new();
    let mut name = None;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("**`") {
            name = rest.split('`').next().map(str::to_owned);
        } else if let Some(language) = line.strip_prefix("```").filter(|rest| !rest.is_empty()) {
            let body: String = lines
                .by_ref()
                .take_while(|line| *line != "```")
                .map(|line| format!("{line}\n"))
                .collect();
            match name.take() {
                Some(name) => files.push((name, body)),
                None if language == "text" => output = body,
                None => {}
            }
        }
    }
    (files, output)
}

#[test]
#[cfg(unix)]
fn the_first_plugin_builds_and_prints_what_the_readme_says() {
    let (files, output) = blocks(&fs::read_to_string(repository().join("README.md")).unwrap());
    assert_eq!(files.len(), 5);
    let project = Project::bare("readme");
    let project =
        files.into_iter().fold(project, |project, (name, body)| project.file(&name, body));
    // Offline, Cargo can only choose versions that were downloaded.
    let lock = fs::read(repository().join("Cargo.lock")).unwrap();
    let project = project.file("shop/Cargo.lock", lock);
    let shop = project.dir().join("shop");
    std::os::unix::fs::symlink(repository(), project.dir().join("plugo")).unwrap();
    let run = Run::of(&mut cargo(&shop, &["run"])).ok();
    assert_eq!(run.stdout, output);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);

    let manifest = Run::of(cargo(&shop, &["build"]).env("PLUGO_MANIFEST_DIR", "dist")).ok();
    assert!(manifest.success && shop.join("dist/plugo-manifest.json").exists());
}

#[test]
fn the_two_commands_are_those_that_continuous_integration_runs() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let script = fs::read_to_string(repository().join(".ci/run")).unwrap();
    let block = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<String> = block.lines().map(|line| line.replacen("cargo ", "", 1)).collect();
    assert_eq!(commands, ["run -p basic-plugins", "test --workspace"]);
    for command in commands {
        let (verb, rest) = command.split_once(' ').unwrap();
        assert!(script.contains(&format!("cargo {verb} --locked {rest}")), "{command}");
    }
}
