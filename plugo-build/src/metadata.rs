use std::collections::BTreeSet;
use std::fmt;

use plugo_core::DEFAULT_NAMESPACE;
use semver::{Version, VersionReq};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::{Node, Value};

/// The full name of a plugin. People write `name`, or `namespace/name` where
/// the namespace is not the default one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    // The order of the fields is the order of plugins: by name first.
    /// The name, unique in its namespace.
    pub name: String,
    /// The namespace.
    pub namespace: String,
}

impl Id {
    /// A plugin of a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Id { name: name.into(), namespace: namespace.into() }
    }

    /// Reads `name` or `namespace/name`. Whether such a plugin can exist is
    /// not looked at.
    pub fn parse(text: &str) -> Self {
        match text.split_once('/') {
            Some((namespace, name)) => Id::new(namespace, name),
            None => Id::new(DEFAULT_NAMESPACE, text),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace != DEFAULT_NAMESPACE {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// A value, and the place that says it.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// A plugin that another one names, with the versions that suit it:
/// `auth`, or `auth >=1.2, <3`.
#[derive(Clone, Debug)]
pub(crate) struct Requirement {
    pub(crate) name: String,
    /// The versions that suit; all of them where none are written. (The
    /// requirement `*` would leave out pre-releases.)
    pub(crate) versions: Option<VersionReq>,
    pub(crate) place: Place,
}

impl Requirement {
    pub(crate) fn suits(&self, version: &Version) -> bool {
        self.versions.as_ref().is_none_or(|versions| versions.matches(version))
    }
}

/// `auth >=1.2`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.versions.as_ref().map_or(Ok(()), |versions| write!(f, " {versions}"))
    }
}

/// What `metadata.json` or `[package.metadata.plugo]` says of a plugin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) name: Option<Said<String>>,
    pub(crate) version: Option<Said<String>>,
    pub(crate) description: Option<Said<String>>,
    pub(crate) identifier: Option<Said<String>>,
    pub(crate) authors: Option<Said<Vec<String>>>,
    pub(crate) core_version: Option<Said<VersionReq>>,
    pub(crate) priority: Option<Said<i32>>,
    pub(crate) dependencies: Option<Said<Vec<Requirement>>>,
    pub(crate) conflicts: Option<Said<Vec<Requirement>>>,
    /// One entry for each plugin of a crate that has several.
    pub(crate) plugins: Vec<Metadata>,
}

const FIELDS: [&str; 9] = [
    "name",
    "version",
    "description",
    "identifier",
    "author",
    "core_version",
    "priority",
    "dependencies",
    "conflicts",
];

/// Reads an object of metadata. `also` are further keys that are somebody
/// else's.
pub(crate) fn read(node: &Node, what: &str, also: &[&str], problems: &mut Problems) -> Metadata {
    let known: Vec<&str> =
        FIELDS.iter().copied().chain(["plugins"]).chain(also.iter().copied()).collect();
    let mut metadata = one(node, what, &known, problems);
    if let Some(list) = node.get("plugins") {
        metadata.plugins = plugins(list, what, problems);
    }
    metadata
}

/// Reads `plugins`: metadata for each of several plugins.
pub(crate) fn plugins(list: &Node, what: &str, problems: &mut Problems) -> Vec<Metadata> {
    let items =
        list.array(&format!("`plugins` of {what}"), "objects", problems).unwrap_or_default();
    let mut plugins: Vec<Metadata> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for item in items {
        let plugin = one(item, &format!("an entry of `plugins` of {what}"), &FIELDS, problems);
        match &plugin.name {
            None => {
                let message = format!("an entry of `plugins` of {what} has no `name`");
                problems.add(Diagnostic::error(Code::MissingField, message).at(item.place()));
            }
            Some(name) if !names.insert(name.value.clone()) => {
                let message = format!("`plugins` of {what} lists `{}` twice", name.value);
                problems.add(Diagnostic::error(Code::ListedTwice, message).at(name.place.clone()));
            }
            Some(_) => plugins.push(plugin),
        }
    }
    plugins
}

fn one(node: &Node, what: &str, known: &[&str], problems: &mut Problems) -> Metadata {
    let Some(object) = node.object(what, known, problems) else {
        return Metadata::default();
    };
    let field = |name: &str| format!("`{name}` of {what}");
    let mut metadata = Metadata::default();
    for (key, value) in object.entries() {
        let what = field(&key.name);
        let place = value.place();
        match key.name.as_str() {
            "name" => {
                if let Some(name) = value.string(&what, problems) {
                    check_name(&name, &place, problems);
                    metadata.name = Some(Said { value: name, place });
                }
            }
            "version" => {
                let version = value.string(&what, problems);
                // One that is none is left out here: it was said to be wrong.
                metadata.version = version
                    .filter(|version| check_version(version, &what, &place, problems).is_some())
                    .map(|value| Said { value, place });
            }
            "description" => {
                metadata.description =
                    value.string(&what, problems).map(|value| Said { value, place });
            }
            "identifier" => {
                metadata.identifier =
                    value.string(&what, problems).map(|value| Said { value, place });
            }
            "author" => {
                metadata.authors =
                    authors(value, &what, problems).map(|value| Said { value, place });
            }
            "core_version" => {
                metadata.core_version = value
                    .string(&what, problems)
                    .and_then(|text| requirement(&text, &what, &place, problems))
                    .map(|value| Said { value, place });
            }
            "priority" => match &value.value {
                Value::Number(text) if text.parse::<i32>().is_ok() => {
                    metadata.priority = text.parse().ok().map(|value| Said { value, place });
                }
                _ => value.mistyped(&what, "a whole number that fits 32 bits", problems),
            },
            "dependencies" => {
                metadata.dependencies =
                    names(value, &what, problems).map(|value| Said { value, place });
            }
            "$schema" => drop(value.string(&what, problems)),
            "conflicts" => {
                metadata.conflicts =
                    names(value, &what, problems).map(|value| Said { value, place });
            }
            _ => {}
        }
    }
    metadata
}

pub(crate) fn check_name(name: &str, place: &Place, problems: &mut Problems) {
    if let Err(error) = plugo_core::name::check(name) {
        let short: String = name.chars().take(80).collect();
        let message = format!("{short:?} cannot be the name of a plugin: {error}");
        problems.add(Diagnostic::error(Code::InvalidName, message).at(place.clone()));
    }
}

/// A version, checked.
pub(crate) fn check_version(
    text: &str,
    what: &str,
    place: &Place,
    problems: &mut Problems,
) -> Option<Version> {
    match Version::parse(text) {
        Ok(version) => Some(version),
        Err(error) => {
            let message = format!("{what} is {text:?}, which is no version: {error}");
            let diagnostic = Diagnostic::error(Code::InvalidVersion, message).at(place.clone());
            problems.add(diagnostic.help("a version has three numbers, as in \"1.2.0\""));
            None
        }
    }
}

fn requirement(
    text: &str,
    what: &str,
    place: &Place,
    problems: &mut Problems,
) -> Option<VersionReq> {
    match VersionReq::parse(text) {
        Ok(requirement) => Some(requirement),
        Err(error) => {
            let message = format!("{what} is {text:?}, which is no version requirement: {error}");
            let diagnostic = Diagnostic::error(Code::InvalidVersion, message).at(place.clone());
            problems.add(diagnostic.help("requirements are written as for Cargo: \">=1.2, <3\""));
            None
        }
    }
}

fn authors(value: &Node, what: &str, problems: &mut Problems) -> Option<Vec<String>> {
    match &value.value {
        Value::String(author) => Some(vec![author.clone()]),
        Value::Array(items) => items.iter().map(|item| item.string(what, problems)).collect(),
        _ => {
            value.mistyped(what, "a string or an array of strings", problems);
            None
        }
    }
}

fn names(value: &Node, what: &str, problems: &mut Problems) -> Option<Vec<Requirement>> {
    let items = value.array(what, "names", problems)?;
    let mut names: Vec<Requirement> = Vec::new();
    for item in items {
        let Some(text) = item.string(&format!("each entry of {what}"), problems) else { continue };
        let place = item.place();
        let end = text
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.')))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim();
        check_name(name, &place, problems);
        let what_of = format!("the version of {text:?}");
        let versions = match rest {
            "" => None,
            versions => match requirement(versions, &what_of, &place, problems) {
                Some(versions) => Some(versions),
                None => continue,
            },
        };
        if names.iter().any(|earlier| earlier.name == name) {
            let message = format!("{what} names `{name}` twice");
            problems.add(Diagnostic::error(Code::ListedTwice, message).at(place));
        } else {
            names.push(Requirement { name: name.to_owned(), versions, place });
        }
    }
    Some(names)
}

impl Metadata {
    /// Both, where a plugin has a `metadata.json` and a
    /// `[package.metadata.plugo]`: what is said twice must be the same.
    pub(crate) fn merge(self, other: Metadata, problems: &mut Problems) -> Metadata {
        let mut plugins = self.plugins;
        for plugin in other.plugins {
            let name = |p: &Metadata| p.name.as_ref().map(|name| name.value.clone());
            match plugins.iter().position(|p| name(p) == name(&plugin)) {
                Some(i) => {
                    let merged = plugins[i].clone().merge(plugin, problems);
                    plugins[i] = merged;
                }
                None => plugins.push(plugin),
            }
        }
        let names = |list: &Vec<Requirement>| {
            let mut names: Vec<String> = list.iter().map(ToString::to_string).collect();
            names.sort();
            names.join(", ")
        };
        Metadata {
            name: same("name", self.name, other.name, Clone::clone, problems),
            version: same("version", self.version, other.version, Clone::clone, problems),
            description: same(
                "description",
                self.description,
                other.description,
                Clone::clone,
                problems,
            ),
            identifier: same(
                "identifier",
                self.identifier,
                other.identifier,
                Clone::clone,
                problems,
            ),
            authors: same("author", self.authors, other.authors, |a| a.join(", "), problems),
            core_version: same(
                "core_version",
                self.core_version,
                other.core_version,
                ToString::to_string,
                problems,
            ),
            priority: same(
                "priority",
                self.priority,
                other.priority,
                ToString::to_string,
                problems,
            ),
            dependencies: same(
                "dependencies",
                self.dependencies,
                other.dependencies,
                names,
                problems,
            ),
            conflicts: same("conflicts", self.conflicts, other.conflicts, names, problems),
            plugins,
        }
    }
}

/// What two places say of a field, which must be one thing.
pub(crate) fn same<T>(
    field: &str,
    a: Option<Said<T>>,
    b: Option<Said<T>>,
    text: impl Fn(&T) -> String,
    problems: &mut Problems,
) -> Option<Said<T>> {
    if let (Some(a), Some(b)) = (&a, &b) {
        let (said, other) = (text(&a.value), text(&b.value));
        if said != other {
            let message = format!("`{field}` is said twice, and differently: {said:?} here");
            problems.add(
                Diagnostic::error(Code::Contradiction, message)
                    .at(a.place.clone())
                    .note(format!("{other:?} at {}", b.place))
                    .help("keep one of them"),
            );
        }
    }
    a.or(b)
}
