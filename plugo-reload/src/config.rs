use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plugo_core::DEFAULT_NAMESPACE;
use serde::Deserialize;

use crate::error::Problem;

/// What a config file or a client's file asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// Each name of the namespace, and whether it is switched on.
    pub(crate) plugins: BTreeMap<String, bool>,
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

/// Reads the file. Names of other namespaces are theirs.
pub(crate) fn read(path: &Path, namespace: &str) -> Result<Config, Vec<Problem>> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| vec![Problem::new(format!("`{shown}` cannot be read: {error}"))])?;
    parse(&text, namespace, &shown.to_string())
}

fn parse(text: &str, namespace: &str, shown: &str) -> Result<Config, Vec<Problem>> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        // The place is said first, as everywhere.
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let place = format!("{shown}:{}:{}", error.line(), error.column());
        vec![Problem::new(said).at(place)]
    })?;
    let mut config = Config::default();
    let mut problems = Vec::new();
    for Entry { name, enabled } in file.plugins {
        let (of, bare) = name.split_once('/').unwrap_or((DEFAULT_NAMESPACE, &name));
        if of != namespace {
            continue;
        }
        match config.plugins.insert(bare.to_owned(), enabled) {
            None => {}
            Some(earlier) if earlier == enabled => {
                problems.push(Problem::new(format!("`{name}` is listed twice")).at(shown));
            }
            Some(_) => {
                let message = format!("`{name}` is enabled, and disabled elsewhere");
                problems.push(Problem::new(message).at(shown).help("keep one of the two entries"));
            }
        }
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_on_and_off_in_a_namespace() {
        let text = r#"{ "$schema": "x", "plugins": [
            { "name": "blog", "enabled": true }, { "name": "plugins/shop", "enabled": false },
            { "name": "site.pages/auth", "enabled": true } ] }"#;
        let plugins = |namespace| parse(text, namespace, "c.json").unwrap().plugins;
        assert_eq!(plugins("plugins"), [("blog".into(), true), ("shop".into(), false)].into());
        assert_eq!(plugins("site.pages"), [("auth".into(), true)].into());
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
            "invalid type: string \"false\", expected a boolean\n  --> c.json:1:48"
        );
        assert!(problem(r#"{ "plugin": [] }"#).contains("unknown field `plugin`"));
        let entry = |enabled| format!(r#"{{ "name": "a", "enabled": {enabled} }}"#);
        let two = |a, b| problem(&format!(r#"{{ "plugins": [{}, {}] }}"#, entry(a), entry(b)));
        assert!(two(true, true).starts_with("`a` is listed twice"));
        assert!(two(true, false).starts_with("`a` is enabled, and disabled elsewhere"));
    }
}
