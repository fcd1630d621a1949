use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plugo_core::DEFAULT_NAMESPACE;

use crate::error::Problem;
use crate::json::Value;

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

    pub(crate) fn read(&self) -> Result<Config, Vec<Problem>> {
        let shown = self.shown.display().to_string();
        read(&self.path, &shown)
    }
}

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Config(BTreeMap<(String, String), Switch>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) is_on: bool,
    /// Where that is said.
    pub(crate) place: Option<String>,
}

impl Config {
    /// All of a namespace.
    pub(crate) fn all_on<'n>(namespace: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        let on = |name: &str| {
            ((namespace.to_owned(), name.to_owned()), Switch { is_on: true, place: None })
        };
        Config(names.into_iter().map(on).collect())
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&Switch> {
        self.0.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Each with its namespace and its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Switch)> {
        self.0.iter().map(|((namespace, name), switch)| (&**namespace, &**name, switch))
    }
}

fn read(path: &Path, shown: &str) -> Result<Config, Vec<Problem>> {
    let unreadable = |why: String, help: &str| {
        vec![Problem::new(format!("`{shown}` cannot be read: {why}")).help(help)]
    };
    // A pipe would be waited for.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(unreadable("it is not a regular file".to_owned(), "name a file"));
    }
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unreadable(
            error.to_string(),
            "put it back, or create it; an empty selection is `{ \"plugins\": [] }`",
        ),
        _ => unreadable(error.to_string(), "let this program read it"),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        unreadable(format!("byte {at} is not UTF-8"), "save it as UTF-8")
    })?;
    // Some editors on Windows begin a file with this.
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text), shown)
}

fn parse(text: &str, shown: &str) -> Result<Config, Vec<Problem>> {
    let file = Value::of(text, shown).map_err(|problem| vec![problem])?;
    let mut config = Config::default();
    let mut problems = Vec::new();
    let what = format!("`{shown}`");
    if let Some([schema, plugins]) = file.object(&what, ["$schema", "plugins"], &mut problems) {
        problems.extend(schema.and_then(|schema| schema.string("`$schema`").err()));
        match plugins.map(|plugins| plugins.array(&format!("`plugins` of {what}"), "objects")) {
            Some(Ok(entries)) => {
                entries.into_iter().for_each(|entry| config.add(entry, &mut problems));
            }
            Some(Err(problem)) => problems.push(problem),
            None => {
                let form = "write `{ \"plugins\": [{ \"name\": \"blog\", \"enabled\": true }] }`";
                let problem = Problem::new(format!("{what} has no `plugins`"));
                problems.push(problem.at(file.place()).help(form));
            }
        }
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

impl Config {
    fn add(&mut self, entry: Value<'_>, problems: &mut Vec<Problem>) {
        let what = "an entry of `plugins`";
        let Some([name, enabled]) = entry.object(what, ["name", "enabled"], problems) else {
            return;
        };
        let mut keep = |given: Result<_, Problem>| given.map_err(|wrong| problems.push(wrong)).ok();
        let given = name.map(|value| value.string("`name`").map(|name| (name, value.place())));
        let name = given.map(&mut keep);
        let place = || entry.place();
        // What it is about is known in most cases.
        let of = match &name {
            Some(Some((name, _))) => format!("the entry of `{name}`"),
            _ => what.to_owned(),
        };
        if name.is_none() {
            let help = "write `\"name\": \"blog\"`";
            problems.push(Problem::new(format!("{of} has no `name`")).at(place()).help(help));
        }
        let enabled = match enabled.map(|value| value.bool(&format!("`enabled` of {of}"))) {
            Some(Ok(enabled)) => enabled,
            Some(Err(problem)) => return problems.push(problem),
            None => {
                let help = "write `\"enabled\": true` or `\"enabled\": false`";
                let problem = Problem::new(format!("{of} has no `enabled`"));
                return problems.push(problem.at(place()).help(help));
            }
        };
        let Some(Some((name, place))) = name else { return };
        let (namespace, bare) = name.split_once('/').unwrap_or((DEFAULT_NAMESPACE, &name));
        let id = (namespace.to_owned(), bare.to_owned());
        let Some(earlier) = self.0.get(&id) else {
            self.0.insert(id, Switch { is_on: enabled, place: Some(place) });
            return;
        };
        let at = earlier.place.as_deref().unwrap_or_default();
        let problem = if earlier.is_on == enabled {
            Problem::new(format!("`{name}` is listed twice, at {at} too"))
        } else {
            let (this, that) =
                if enabled { ("enabled", "disabled") } else { ("disabled", "enabled") };
            Problem::new(format!("`{name}` is {this}, and {that} at {at}"))
        };
        problems.push(problem.at(place).help("keep one of the two entries"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_on_and_off() {
        let text = r#"{ "$schema": "x", "plugins": [
            { "name": "blog", "enabled": true }, { "name": "plugins/shop", "enabled": false },
            { "name": "site.pages/auth", "enabled": true } ] }"#;
        let config = parse(text, "c.json").unwrap();
        let said = config.iter().map(|(namespace, name, Switch { is_on, place })| {
            format!("{namespace} {name} {is_on} {}", place.as_deref().unwrap_or_default())
        });
        let wanted = [
            "plugins blog true c.json:2:23",
            "plugins shop false c.json:2:60",
            "site.pages auth true c.json:3:23",
        ];
        assert_eq!(said.collect::<Vec<_>>(), wanted);
    }

    #[track_caller]
    fn refused(text: &str, wanted: &str) {
        let problems = parse(text, "c.json").unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.join("\n"), wanted, "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_what_to_do() {
        let end = "its end is missing; write the file beside its place and rename it into it, so \
                   that nobody reads half of it";
        let eof = format!(
            "`c.json` is not JSON: EOF while parsing an object\n  --> c.json:1:1\n  help: {end}"
        );
        refused("{", &eof);
        let empty = "`c.json` is not JSON: EOF while parsing a value\n  --> c.json:1:1\n  help: \
                     the file is empty; an empty selection is `{ \"plugins\": [] }`";
        refused("", empty);
        refused("[]", "`c.json` must be an object, and is an array\n  --> c.json:1:1");
        refused(
            "{}",
            "`c.json` has no `plugins`\n  --> c.json:1:1\n  help: write `{ \"plugins\": \
             [{ \"name\": \"blog\", \"enabled\": true }] }`",
        );
        let wanted = "`c.json` has no field `plugin`\n  --> c.json:1:3\n  help: did you mean \
                      `plugins`? the fields are `$schema` and `plugins`";
        refused(r#"{ "plugin": [], "plugins": [] }"#, wanted);
        let wanted = "`plugins` of `c.json` must be an array of objects, and is an object\n  --> \
                      c.json:1:14";
        refused(r#"{ "plugins": {} }"#, wanted);
        let comma = "`c.json` is not JSON: key must be a string\n  --> c.json:1:18\n  help: JSON has no \
                     comma behind the last entry: remove the one at 1:16";
        refused(r#"{ "plugins": [], }"#, comma);
    }

    #[test]
    fn what_is_wrong_with_an_entry_names_the_plugin() {
        let entries = |entries: &str| format!("{{ \"plugins\": [{entries}] }}");
        let enabled = "`enabled` of the entry of `a` must be true or false, and is the string \
                       \"false\"\n  --> c.json:1:41";
        refused(&entries(r#"{ "name": "a", "enabled": "false" }"#), enabled);
        let missing = "the entry of `a` has no `enabled`\n  --> c.json:1:15\n  help: write \
                       `\"enabled\": true` or `\"enabled\": false`";
        refused(&entries(r#"{ "name": "a" }"#), missing);
        let all = "an entry of `plugins` has no `name`\n  --> c.json:1:15\n  help: write `\"name\": \
                   \"blog\"`\nthe entry of `b` has no `enabled`\n  --> c.json:1:36\n  help: write \
                   `\"enabled\": true` or `\"enabled\": false`";
        refused(&entries(r#"{ "enabled": true }, { "name": "b" }"#), all);
        let twice = |a: bool, b: bool| {
            entries(&format!(
                r#"{{ "name": "a", "enabled": {a} }}, {{ "name": "plugins/a", "enabled": {b} }}"#
            ))
        };
        let keep = "\n  help: keep one of the two entries";
        let wanted =
            format!("`plugins/a` is listed twice, at c.json:1:25 too\n  --> c.json:1:59{keep}");
        refused(&twice(true, true), &wanted);
        let wanted =
            format!("`plugins/a` is disabled, and enabled at c.json:1:25\n  --> c.json:1:59{keep}");
        refused(&twice(true, false), &wanted);
        let key = "the key `name` stands here for the second time\n  --> c.json:1:30";
        refused(&entries(r#"{ "name": "a", "name": "b", "enabled": true }"#), key);
    }
}
