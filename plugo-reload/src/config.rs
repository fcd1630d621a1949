use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plugo_core::DEFAULT_NAMESPACE;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Problem;

/// A config file, or a client's.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    /// As it was given, for messages.
    pub(crate) shown: PathBuf,
    /// Where it is, wherever the program goes.
    pub(crate) path: PathBuf,
}

impl ConfigFile {
    pub(crate) fn new(shown: PathBuf) -> Self {
        let path = std::path::absolute(&shown).unwrap_or_else(|_| shown.clone());
        ConfigFile { shown, path }
    }

    /// Reads the file. Names of other namespaces are theirs.
    pub(crate) fn read(&self, namespace: &str) -> Result<Config, Vec<Problem>> {
        let shown = self.shown.display().to_string();
        read(&self.path, namespace, &shown)
    }
}

/// What is asked for: each name of the namespace.
pub(crate) type Config = BTreeMap<String, Switch>;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) is_on: bool,
    /// Where that is said.
    pub(crate) place: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    plugins: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    enabled: bool,
}

/// The same once more, for where the names stand.
#[derive(Deserialize)]
struct Places<'t> {
    #[serde(borrow)]
    plugins: Vec<Place<'t>>,
}

#[derive(Deserialize)]
struct Place<'t> {
    #[serde(borrow)]
    name: &'t RawValue,
}

fn read(path: &Path, namespace: &str, shown: &str) -> Result<Config, Vec<Problem>> {
    let text = fs::read_to_string(path)
        .map_err(|error| vec![Problem::new(format!("`{shown}` cannot be read: {error}"))])?;
    // Some editors on Windows begin a file with this.
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text), namespace, shown)
}

fn parse(text: &str, namespace: &str, shown: &str) -> Result<Config, Vec<Problem>> {
    let is_wrong = |error: serde_json::Error| {
        // The place is said first, as everywhere.
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let place = format!("{shown}:{}:{}", error.line(), error.column());
        vec![Problem::new(said).at(place)]
    };
    let file: File = serde_json::from_str(text).map_err(is_wrong)?;
    let places: Places<'_> = serde_json::from_str(text).map_err(is_wrong)?;
    let mut config = Config::new();
    let mut problems = Vec::new();
    for (Entry { name, enabled }, place) in file.plugins.into_iter().zip(places.plugins) {
        let (of, bare) = name.split_once('/').unwrap_or((DEFAULT_NAMESPACE, &name));
        if of != namespace {
            continue;
        }
        let place = format!("{shown}:{}", line_and_column(text, place.name.get()));
        let Some(earlier) = config.get(bare) else {
            let switch = Switch { is_on: enabled, place: Some(place) };
            config.insert(bare.to_owned(), switch);
            continue;
        };
        let at = earlier.place.as_deref().unwrap_or(shown);
        let problem = if earlier.is_on == enabled {
            Problem::new(format!("`{name}` is listed twice, at {at} too"))
        } else {
            let (this, that) =
                if enabled { ("enabled", "disabled") } else { ("disabled", "enabled") };
            Problem::new(format!("`{name}` is {this}, and {that} at {at}"))
        };
        problems.push(problem.at(place).help("keep one of the two entries"));
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Where a part of a text begins, as `line:column`, both from 1.
fn line_and_column(text: &str, part: &str) -> String {
    let at = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    format!("{}:{}", before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_on_and_off_in_a_namespace() {
        let text = r#"{ "$schema": "x", "plugins": [
            { "name": "blog", "enabled": true }, { "name": "plugins/shop", "enabled": false },
            { "name": "site.pages/auth", "enabled": true } ] }"#;
        let plugins = |namespace| {
            let config = parse(text, namespace, "c.json").unwrap();
            let said = config.iter().map(|(name, Switch { is_on, place })| {
                format!("{name} {is_on} {}", place.as_deref().unwrap_or_default())
            });
            said.collect::<Vec<_>>()
        };
        assert_eq!(plugins("plugins"), ["blog true c.json:2:23", "shop false c.json:2:60"]);
        assert_eq!(plugins("site.pages"), ["auth true c.json:3:23"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let problem = |text: &str| {
            let problems = parse(text, "plugins", "c.json").unwrap_err();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(problem("{"), "EOF while parsing an object\n  --> c.json:1:1");
        assert_eq!(
            problem(r#"{ "plugins": [{ "name": "a", "enabled": "false" }] }"#),
            "invalid type: string \"false\", expected a boolean\n  --> c.json:1:47"
        );
        assert!(problem(r#"{ "plugin": [] }"#).contains("unknown field `plugin`"));
        let entry = |enabled| format!(r#"{{ "name": "a", "enabled": {enabled} }}"#);
        let two = |a, b| problem(&format!(r#"{{ "plugins": [{}, {}] }}"#, entry(a), entry(b)));
        assert!(two(true, true).starts_with("`a` is listed twice, at c.json:1:25 too\n  --> "));
        let both = "`a` is disabled, and enabled at c.json:1:25\n  --> c.json:1:59\n";
        assert!(two(true, false).starts_with(both), "{}", two(true, false));
    }
}
