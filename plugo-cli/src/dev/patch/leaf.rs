use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::super::watched::Watched;
use super::record::Record;
use crate::app::App;

/// Files that say more than code does.
const NO_CODE: [&str; 4] = ["Cargo.toml", "Cargo.lock", "build.rs", "metadata.json"];

/// The one crate that these files are code of, when only the app depends on it.
///
/// # Errors
///
/// Why there is none.
pub(super) fn crate_of<'p>(
    paths: impl Iterator<Item = &'p Path>,
    watched: &Watched,
    app: &App,
) -> Result<PathBuf, String> {
    let mut found: Option<&Path> = None;
    for path in paths {
        let shown = watched.show(path);
        let dir = watched.crate_dir(path).ok_or_else(|| format!("{shown} is no plugin's code"))?;
        let file = path.file_name().unwrap_or_default();
        if NO_CODE.iter().any(|name| file == *name) {
            return Err(format!("{shown} has changed"));
        }
        if dir == app.dir {
            return Err("the app itself has changed".to_owned());
        }
        if found.is_some_and(|found| found != dir) {
            return Err("several crates have changed".to_owned());
        }
        found = Some(dir);
    }
    let dir = found.ok_or("nothing has changed")?;
    let own = format!("`{}`", app.name);
    let others: Vec<&str> =
        watched.users(dir).filter(|user| **user != own).map(String::as_str).collect();
    if others.is_empty() {
        return Ok(dir.to_owned());
    }
    let what = watched.owner_of(dir);
    Err(format!("{what} is used by others than the app: {}", others.join(", ")))
}

/// What is known of the crates of the program that runs, at the moment when it
/// began to serve.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// By their folders, those that the app names in its `Cargo.toml`.
    crates: BTreeMap<PathBuf, Leaf>,
    /// The words of the app's own code.
    words: BTreeSet<String>,
}

#[derive(Debug)]
struct Leaf {
    record: Record,
    /// The name by which the app would know it.
    name: String,
    /// What its code says with attributes of plugo.
    attributes: BTreeSet<String>,
}

impl Leaves {
    pub(super) fn read(calls: &Path, app: &App, program: &str, built: &Path) -> Self {
        let records = Record::read_all(calls);
        let is_apps = |record: &&Record| {
            let dir = record.variable("CARGO_MANIFEST_DIR");
            dir.is_some_and(|dir| Path::new(dir) == app.dir)
        };
        let name = program.replace('-', "_");
        let is_built = |record: &&Record| {
            record.is_bin() && record.name() == Some(&name) && is_same(&record.output(), built)
        };
        let Some(bin) = records.iter().filter(is_apps).find(is_built) else {
            return Leaves::default();
        };
        let (mut leaves, mut own, mut next) = (Leaves::default(), vec![bin], 0);
        while let Some(record) = own.get(next).copied() {
            next += 1;
            for (name, file) in record.externs() {
                let is_it = |record: &&Record| record.output().with_extension("") == file;
                let Some(found) = records.iter().find(is_it).filter(|record| record.is_lib())
                else {
                    continue;
                };
                if is_apps(&found) {
                    own.push(found);
                } else if let Some(dir) = found.variable("CARGO_MANIFEST_DIR") {
                    let leaf = Leaf {
                        attributes: attributes_of(found),
                        record: found.clone(),
                        name: name.to_owned(),
                    };
                    leaves.crates.insert(dir.into(), leaf);
                }
            }
        }
        for path in own.iter().flat_map(|record| record.sources()) {
            if path.starts_with(&app.dir) && !path.starts_with(&app.target_dir) {
                leaves.words.extend(words(&fs::read_to_string(path).unwrap_or_default()));
            }
        }
        leaves
    }

    /// How the crate in this folder is compiled.
    ///
    /// # Errors
    ///
    /// Why it cannot be patched.
    pub(super) fn record(&self, dir: &Path) -> Result<&Record, String> {
        let Some(leaf) = self.crates.get(dir) else {
            return Err("how it was compiled is not known; it may be of another workspace".into());
        };
        if leaf.record.variable("OUT_DIR").is_some() {
            return Err("it has a build script".to_owned());
        }
        if self.words.contains(&leaf.name) {
            return Err(format!("the app's own code names `{}`", leaf.name));
        }
        if attributes_of(&leaf.record) != leaf.attributes {
            return Err("what its `#[plugin]` says has changed".to_owned());
        }
        Ok(&leaf.record)
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let of = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
    of(one).is_some() && of(one) == of(other)
}

/// The words of code, without those in comments that take lines of their own.
fn words(code: &str) -> BTreeSet<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn attributes_of(record: &Record) -> BTreeSet<String> {
    let sources = record.sources().into_iter();
    let code = sources.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts = code.filter_map(|path| fs::read_to_string(path).ok());
    texts.flat_map(|text| attributes(&text)).collect()
}

/// The attributes that have to do with plugo, as they stand there: the plan is
/// made of what they say, and is part of the app.
fn attributes(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#[") {
        let mut depth = 0;
        let end = code[at..].find(|c| {
            depth += match c {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            c == ']' && depth == 0
        });
        let text = &code[at..end.map_or(code.len(), |end| at + end + 1)];
        if text.contains("plugin") {
            found.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_plugo_are_told_apart_from_others() {
        let code =
            "#[derive(Debug)]\n#[plugo::plugin(\n  name = \"a\",\n new = f(x[0]))]\nfn f() {}";
        assert_eq!(attributes(code), ["#[plugo::plugin( name = \"a\", new = f(x[0]))]"]);
        assert!(attributes("#[test] fn plugin() {}").is_empty());
    }

    #[test]
    fn words_in_lines_of_comments_do_not_count() {
        let words = words("// blog\nuse web_blog::Post;\n");
        assert!(words.contains("web_blog") && !words.contains("blog"));
    }
}
