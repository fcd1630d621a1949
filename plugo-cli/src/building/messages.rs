use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compiled::{Compiled, CompiledCrate, PackageId, ScriptRun};

/// Reads what `cargo build --message-format json-…` prints, line by line.
#[derive(Debug)]
pub(crate) struct Messages {
    /// The app's `Cargo.toml`.
    manifest: PathBuf,
    pub(crate) compiled: Compiled,
    /// The libraries of the app that are shipped: for C, or loaded.
    pub(crate) libraries: Vec<PathBuf>,
}

impl Messages {
    pub(crate) fn new(manifest: PathBuf) -> Self {
        Messages { manifest, compiled: Compiled::default(), libraries: Vec::new() }
    }

    /// The crate that a line tells of; other lines are of other things.
    pub(crate) fn read(&mut self, line: &str) -> Option<&CompiledCrate> {
        let message: Value = serde_json::from_str(line).ok()?;
        match message["reason"].as_str()? {
            "compiler-artifact" => self.artifact(&message),
            "build-script-executed" => {
                self.compiled.scripts.push(ScriptRun {
                    package_id: message["package_id"].as_str()?.to_owned(),
                    linked_libs: texts(&message["linked_libs"]),
                });
                None
            }
            _ => None,
        }
    }

    fn artifact(&mut self, message: &Value) -> Option<&CompiledCrate> {
        // A test harness has the name of the program that it tests.
        if message["profile"]["test"] == true {
            return None;
        }
        let package_id = message["package_id"].as_str()?;
        let PackageId { name, version } = PackageId::parse(package_id)?;
        let target = &message["target"];
        let kinds = texts(&target["kind"]);
        let files: Vec<PathBuf> =
            texts(&message["filenames"]).into_iter().map(PathBuf::from).collect();
        let is_app = message["manifest_path"].as_str().map(Path::new) == Some(&*self.manifest);
        if is_app {
            if let (Some(program), true) =
                (message["executable"].as_str(), kinds.iter().any(|kind| kind == "bin"))
            {
                let name = target["name"].as_str()?.to_owned();
                self.compiled.programs.push((name, program.into()));
            }
            if kinds.iter().any(|kind| kind == "cdylib" || kind == "staticlib") {
                let rust = |path: &&PathBuf| {
                    path.extension().is_some_and(|end| end == "rlib" || end == "rmeta")
                };
                self.libraries.extend(files.iter().filter(|path| !rust(path)).cloned());
            }
        }
        self.compiled.crates.push(CompiledCrate {
            package_id: package_id.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            kinds,
            features: texts(&message["features"]),
            files,
            fresh: message["fresh"].as_bool()?,
        });
        self.compiled.crates.last()
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_shipped_libraries_of_the_app_are_told_apart_from_other_artifacts() {
        let artifact = |manifest: &str, kind: &str, file: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///ws/shop#0.1.0",
                "manifest_path":"{manifest}","target":{{"kind":["{kind}"],"name":"shop"}},
                "profile":{{"test":false}},"features":[],"filenames":["{file}"],"executable":{executable},"fresh":false}}"#
            )
        };
        let mut messages = Messages::new(PathBuf::from("/ws/shop/Cargo.toml"));
        for line in [
            artifact("/ws/shop/Cargo.toml", "bin", "/t/shop", "\"/t/shop\""),
            artifact("/ws/shop/Cargo.toml", "cdylib", "/t/libshop.so", "null"),
            artifact("/ws/shop/Cargo.toml", "lib", "/t/libshop.rlib", "null"),
            artifact("/ws/other/Cargo.toml", "bin", "/t/other", "\"/t/other\""),
            artifact("/ws/shop/Cargo.toml", "bin", "/t/shop-0", "\"/t/shop-0\"")
                .replace("\"test\":false", "\"test\":true"),
            "{\"reason\":\"build-finished\",\"success\":true}".to_owned(),
            "what a test prints".to_owned(),
        ] {
            messages.read(&line);
        }
        assert_eq!(messages.compiled.crates.len(), 4);
        assert_eq!(messages.compiled.programs, [("shop".to_owned(), PathBuf::from("/t/shop"))]);
        assert_eq!(messages.libraries, [PathBuf::from("/t/libshop.so")]);
    }
}
