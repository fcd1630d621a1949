use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::{self, Node, Text};

/// The part of a `Cargo.toml` that plugo uses, with what it inherits from its
/// workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) dir: PathBuf,
    /// What messages and the manifest call the folder; empty for the
    /// workspace's root.
    pub(crate) shown_dir: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) authors: Vec<String>,
    pub(crate) license: String,
    /// The name by which Rust code reaches the library.
    pub(crate) lib_name: String,
    /// The root file of the library.
    pub(crate) lib: PathBuf,
    /// The root files of programs that stand in other places than Cargo's.
    pub(crate) bins: Vec<PathBuf>,
    pub(crate) features: BTreeMap<String, Feature>,
    pub(crate) dependencies: Vec<Dependency>,
    /// `[package.metadata.plugo]`.
    pub(crate) plugo: Option<Node>,
    pub(crate) manifest: Place,
    /// What the features turn on. With a thousand clients there are a thousand
    /// features, and everybody asks.
    reach: OnceCell<Reach>,
}

/// Optional dependencies and features, each with what it is about the other,
/// in the order of their names.
#[derive(Debug, Default)]
struct Reach {
    /// The optional dependencies that a feature turns on.
    by_feature: Vec<(String, BTreeSet<String>)>,
    /// The features that turn an optional dependency on, the most direct
    /// first; those of clients last.
    for_key: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) turns_on: Vec<String>,
    pub(crate) place: Place,
}

/// A normal dependency: neither a dev- nor a build-dependency.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The key in `Cargo.toml`.
    pub(crate) key: String,
    /// The package, which the key may rename.
    pub(crate) package: String,
    pub(crate) renamed: bool,
    pub(crate) optional: bool,
    /// The version requirement as it is written, if there is one.
    pub(crate) requirement: Option<String>,
    pub(crate) features: Vec<String>,
    pub(crate) default_features: bool,
    /// The `cfg(…)` or triple that it is limited to.
    pub(crate) target: Option<String>,
    pub(crate) origin: Origin,
    pub(crate) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Registry,
    Git(String),
    Path(PathBuf),
}

/// Reads packages, and remembers what they inherit from.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The root of the app's workspace: what messages show paths relative to.
    root: PathBuf,
    workspaces: HashMap<PathBuf, Option<Rc<Workspace>>>,
    /// Every file that was read, for Cargo to watch.
    pub(crate) read: BTreeSet<PathBuf>,
}

impl Packages {
    pub(crate) fn new(root: PathBuf) -> Self {
        Packages { root, workspaces: HashMap::new(), read: BTreeSet::new() }
    }

    /// The path as messages show it: relative to the workspace's root.
    pub(crate) fn show(&self, path: &Path) -> String {
        show(path, &self.root)
    }

    /// Reads `Cargo.toml` in a folder.
    pub(crate) fn read(&mut self, dir: &Path, problems: &mut Problems) -> Option<Package> {
        let path = dir.join("Cargo.toml");
        self.read.insert(path.clone());
        let text = Text::read(&path, self.show(&path), problems)?;
        self.parse(dir, &text, problems)
    }

    pub(crate) fn parse(
        &mut self,
        dir: &Path,
        text: &Rc<Text>,
        problems: &mut Problems,
    ) -> Option<Package> {
        let node = document::toml(text, problems)?;
        let Some(package) = node.get("package") else {
            let message = format!("`{}` has no [package]", text.shown());
            problems
                .add(Diagnostic::error(Code::MissingField, message).at(Place::file(text.shown())));
            return None;
        };
        let Some(name) = package.get("name").and_then(Node::as_str) else {
            let message = format!("the [package] of `{}` has no name", text.shown());
            problems.add(Diagnostic::error(Code::MissingField, message).at(package.place()));
            return None;
        };
        if !dir.starts_with(&self.root) {
            // Where it lies on this machine is nobody's business, and no manifest's.
            text.show_as(format!("{name}/Cargo.toml"));
        }
        // A package may say where its workspace is.
        let told =
            package.get("workspace").and_then(Node::as_str).map(|path| normal(&dir.join(path)));
        let workspace = told.as_deref().unwrap_or(dir);
        let mut inherit = |key: &str| -> Option<Node> {
            let own = package.get(key)?;
            if own.get("workspace").and_then(Node::as_bool) == Some(true) {
                self.workspace(workspace, problems)?.table.get("package")?.get(key).cloned()
            } else {
                Some(own.clone())
            }
        };
        let mut field = |key: &str| -> String {
            inherit(key).and_then(|node| node.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let version = field("version");
        let (description, license) = (field("description"), field("license"));
        let authors = inherit("authors").map(|node| strings(&node)).unwrap_or_default();
        let lib = node.get("lib");
        let lib_name = lib
            .and_then(|lib| lib.get("name"))
            .and_then(Node::as_str)
            .map_or_else(|| name.replace('-', "_"), str::to_owned);
        let path = |target: &Node| target.get("path").and_then(Node::as_str).map(|p| dir.join(p));
        let root = lib.and_then(path).unwrap_or_else(|| dir.join("src/lib.rs"));
        let bins = match node.get("bin").map(|bins| &bins.value) {
            Some(document::Value::Array(bins)) => bins.iter().filter_map(path).collect(),
            _ => Vec::new(),
        };
        let features = node
            .get("features")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|(key, value)| {
                let place = text.place(key.offset);
                (key.name.clone(), Feature { turns_on: strings(value), place })
            })
            .collect();
        let shown_dir = match dir.strip_prefix(&self.root) {
            Ok(inside) => slashes(inside),
            // Outside the workspace a path would tell about the machine.
            Err(_) => name.to_owned(),
        };
        Some(Package {
            dir: dir.to_owned(),
            shown_dir,
            name: name.to_owned(),
            version: if version.is_empty() { "0.0.0".to_owned() } else { version },
            description,
            authors,
            license,
            lib_name,
            lib: root,
            bins,
            features,
            dependencies: self.dependencies(dir, workspace, &node, problems),
            plugo: package.get("metadata").and_then(|metadata| metadata.get("plugo")).cloned(),
            manifest: Place::file(text.shown()),
            reach: OnceCell::new(),
        })
    }

    fn dependencies(
        &mut self,
        dir: &Path,
        workspace: &Path,
        node: &Node,
        problems: &mut Problems,
    ) -> Vec<Dependency> {
        let mut tables: Vec<(Option<String>, &Node)> = Vec::new();
        tables.extend(node.get("dependencies").map(|table| (None, table)));
        for (target, table) in node.get("target").map(Node::entries).unwrap_or_default() {
            tables
                .extend(table.get("dependencies").map(|table| (Some(target.name.clone()), table)));
        }
        let mut dependencies = Vec::new();
        for (target, table) in tables {
            for (key, own) in table.entries() {
                let place = table.source.place(key.offset);
                let inherited = own.get("workspace").and_then(Node::as_bool) == Some(true);
                let root = if inherited { self.workspace(workspace, problems) } else { None };
                let base = root
                    .as_ref()
                    .and_then(|root| root.table.get("dependencies"))
                    .and_then(|table| table.get(&key.name));
                let spec = base.unwrap_or(own);
                let base_dir = root.as_ref().map_or(dir, |root| &root.dir);
                let text = |field: &str| spec.get(field).and_then(Node::as_str);
                let package = text("package");
                let origin = match (text("path"), text("git")) {
                    (Some(path), _) => Origin::Path(normal(&base_dir.join(path))),
                    (None, Some(url)) => Origin::Git(url.to_owned()),
                    (None, None) => Origin::Registry,
                };
                let mut features = spec.get("features").map(strings).unwrap_or_default();
                if inherited {
                    features.extend(own.get("features").map(strings).unwrap_or_default());
                }
                features.sort();
                features.dedup();
                dependencies.push(Dependency {
                    key: key.name.clone(),
                    package: package.unwrap_or(&key.name).to_owned(),
                    renamed: package.is_some(),
                    optional: own.get("optional").and_then(Node::as_bool).unwrap_or(false),
                    requirement: spec.as_str().or_else(|| text("version")).map(str::to_owned),
                    features,
                    default_features: spec
                        .get("default-features")
                        .and_then(Node::as_bool)
                        .unwrap_or(true),
                    target: target.clone(),
                    origin,
                    place,
                });
            }
        }
        dependencies
    }

    /// The workspace that a folder belongs to.
    fn workspace(&mut self, dir: &Path, problems: &mut Problems) -> Option<Rc<Workspace>> {
        for dir in dir.ancestors() {
            if !self.workspaces.contains_key(dir) {
                let found = self.read_workspace(dir, problems).map(Rc::new);
                self.workspaces.insert(dir.to_owned(), found);
            }
            if let Some(Some(found)) = self.workspaces.get(dir) {
                return Some(found.clone());
            }
        }
        None
    }

    fn read_workspace(&mut self, dir: &Path, problems: &mut Problems) -> Option<Workspace> {
        let path = dir.join("Cargo.toml");
        if !path.is_file() {
            return None;
        }
        self.read.insert(path.clone());
        let text = Text::read(&path, self.show(&path), problems)?;
        let table = document::toml(&text, problems)?.get("workspace")?.clone();
        Some(Workspace { dir: dir.to_owned(), table })
    }
}

/// `[workspace]`, and the folder that its paths are relative to.
#[derive(Debug)]
struct Workspace {
    dir: PathBuf,
    table: Node,
}

impl Package {
    /// The root files of all programs and of the library.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        let mut roots = vec![self.lib.clone(), self.dir.join("src/main.rs")];
        roots.extend(self.bins.iter().cloned());
        let programs = std::fs::read_dir(self.dir.join("src/bin"));
        for program in programs.into_iter().flatten().flatten().map(|entry| entry.path()) {
            match program.extension() {
                Some(extension) if extension == "rs" => roots.push(program),
                _ => roots.push(program.join("main.rs")),
            }
        }
        roots.retain(|root| root.is_file());
        roots.sort();
        roots.dedup();
        roots
    }

    /// Whether the package depends on `plugo`, and by which name.
    pub(crate) fn plugo_key(&self) -> Option<String> {
        self.dependencies
            .iter()
            .find(|dependency| dependency.package == "plugo")
            .map(|dependency| dependency.key.replace('-', "_"))
    }

    /// The optional dependencies that an item of a feature's list turns on,
    /// through other features too: `shop`, `dep:shop`, `shop/cards`.
    pub(crate) fn turned_on_by<'p>(&'p self, item: &'p str) -> BTreeSet<&'p str> {
        if let Some(on) = find(&self.reach().by_feature, item) {
            return on.iter().map(String::as_str).collect();
        }
        let key = match item.split_once('/') {
            // `key?/feature` turns nothing on.
            Some((key, _)) if key.ends_with('?') => None,
            Some((key, _)) => Some(key),
            // An optional dependency that no feature names with `dep:` is a feature itself.
            None => Some(item.strip_prefix("dep:").unwrap_or(item)),
        };
        key.and_then(|key| self.optional(key)).into_iter().collect()
    }

    /// The features that turn an optional dependency on, the most direct
    /// first; those of clients last.
    pub(crate) fn features_for(&self, key: &str) -> &[String] {
        find(&self.reach().for_key, key).map(Vec::as_slice).unwrap_or_default()
    }

    fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| {
            let optional = self.dependencies.iter().filter(|dependency| dependency.optional);
            let optional: BTreeSet<&str> = optional.map(|d| d.key.as_str()).collect();
            let mut found: BTreeMap<&str, Vec<(bool, usize, &str)>> = BTreeMap::new();
            let mut by_feature = Vec::new();
            for name in self.features.keys() {
                let on = self.turned_on_from(name, &optional);
                for &key in &on {
                    let is_client = name.starts_with("client-");
                    found.entry(key).or_default().push((is_client, on.len(), name));
                }
                let on: BTreeSet<String> = on.into_iter().map(str::to_owned).collect();
                by_feature.push((name.clone(), on));
            }
            for key in optional.into_iter().filter(|key| self.is_feature(key)) {
                if !self.features.contains_key(key) {
                    found.entry(key).or_default().push((false, 1, key));
                }
            }
            let sorted = |(key, mut features): (&str, Vec<(bool, usize, &str)>)| {
                features.sort_unstable();
                let names = features.into_iter().map(|(_, _, feature)| feature.to_owned());
                (key.to_owned(), names.collect())
            };
            Reach { by_feature, for_key: found.into_iter().map(sorted).collect() }
        })
    }

    fn turned_on_from<'p>(
        &'p self,
        feature: &'p str,
        optional: &BTreeSet<&'p str>,
    ) -> BTreeSet<&'p str> {
        let mut on = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![feature];
        while let Some(item) = open.pop() {
            if !seen.insert(item) {
                continue;
            }
            let key = if let Some(key) = item.strip_prefix("dep:") {
                key
            } else if let Some((key, _)) = item.split_once('/') {
                // `key?/feature` turns nothing on: no key ends with `?`.
                key
            } else if let Some(feature) = self.features.get(item) {
                open.extend(feature.turns_on.iter().map(String::as_str));
                continue;
            } else {
                item
            };
            on.extend(optional.get(key));
        }
        on
    }

    /// Every feature that is on when some are asked for: Cargo tells a build
    /// script of all of them, those of optional dependencies too.
    pub(crate) fn closure<'f>(
        &self,
        features: impl IntoIterator<Item = &'f str>,
    ) -> BTreeSet<String> {
        let mut on = BTreeSet::new();
        let mut open: Vec<&str> = features.into_iter().collect();
        while let Some(item) = open.pop() {
            let feature = match item.split_once('/') {
                // `key/feature` turns an optional dependency on, and with it the feature of its name.
                Some((key, _)) if !key.ends_with('?') && self.optional(key).is_some() => key,
                Some(_) => continue,
                None => item,
            };
            if !self.is_feature(feature) || !on.insert(feature.to_owned()) {
                continue;
            }
            if let Some(declared) = self.features.get(feature) {
                open.extend(declared.turns_on.iter().map(String::as_str));
            }
        }
        on
    }

    /// Whether the name is that of a feature: one that is written, or the one
    /// of an optional dependency that no feature names with `dep:`.
    pub(crate) fn is_feature(&self, name: &str) -> bool {
        let explicit = format!("dep:{name}");
        let is_named = || self.features.values().any(|f| f.turns_on.contains(&explicit));
        self.features.contains_key(name) || self.optional(name).is_some() && !is_named()
    }

    fn optional(&self, key: &str) -> Option<&str> {
        self.dependencies
            .iter()
            .find(|dependency| dependency.key == key && dependency.optional)
            .map(|dependency| dependency.key.as_str())
    }

    /// A file of the package, as messages and the manifest show it.
    pub(crate) fn show(&self, path: &Path) -> String {
        let inside = relative(path, &self.dir);
        let shown = normal(&Path::new(&self.shown_dir).join(inside));
        slashes(&shown)
    }
}

/// What has that name, in a list in the order of names.
fn find<'l, T>(list: &'l [(String, T)], name: &str) -> Option<&'l T> {
    let found = list.binary_search_by(|(other, _)| other.as_str().cmp(name));
    found.ok().map(|at| &list[at].1)
}

fn strings(node: &Node) -> Vec<String> {
    match &node.value {
        document::Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

/// A path relative to the workspace's root, where it is inside.
pub(crate) fn show(path: &Path, root: &Path) -> String {
    slashes(path.strip_prefix(root).unwrap_or(path))
}

/// The path from one folder to another.
pub(crate) fn relative(to: &Path, from: &Path) -> String {
    if let Ok(inside) = to.strip_prefix(from) {
        return slashes(inside);
    }
    let up = from.ancestors().take_while(|dir| !to.starts_with(dir)).count();
    let shared = from.ancestors().nth(up).unwrap_or(from);
    "../".repeat(up) + &slashes(to.strip_prefix(shared).unwrap_or(to))
}

/// A path with `/`, whatever the system writes.
pub(crate) fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let joined = parts.join("/");
    // The root is a part of its own, and is written as one.
    if joined.starts_with("//") { joined[1..].to_owned() } else { joined }
}

/// A path without `.` and `..`, where that can be told from the text.
pub(crate) fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(manifest: &str) -> Package {
        let mut problems = Problems::default();
        let text = Text::new("Cargo.toml", manifest.to_owned());
        let package = Packages::new(PathBuf::from("/ws"))
            .parse(Path::new("/ws/app"), &text, &mut problems)
            .unwrap();
        assert_eq!(problems, Problems::default());
        package
    }

    #[test]
    fn features_turn_dependencies_on_as_cargo_does() {
        let package = package(
            r#"
            [package]
            name = "app"
            [dependencies]
            a = { path = "../a", optional = true }
            b = { path = "../b", optional = true }
            c = { path = "../c", optional = true }
            d = "1"
            [features]
            default = ["all"]
            all = ["shop", "c/extra"]
            shop = ["dep:a", "b?/extra"]
            client-x = ["shop", "all"]
            "#,
        );
        let on = |feature| package.turned_on_by(feature).into_iter().collect::<Vec<_>>();
        assert_eq!(on("shop"), ["a"]);
        assert_eq!(on("all"), ["a", "c"]);
        assert_eq!(on("default"), ["a", "c"]);
        assert_eq!(on("b"), ["b"], "an implicit feature");
        assert_eq!(on("d"), [""; 0], "not optional");
        assert_eq!(package.features_for("a"), ["shop", "all", "default", "client-x"]);
        assert_eq!(package.features_for("b"), ["b"]);
    }

    #[test]
    fn dependencies_keep_what_cargo_lets_them_say() {
        let package = package(
            r#"
            [package]
            name = "app"
            [dependencies]
            x = { path = "../x", package = "the-x", features = ["f"], default-features = false }
            [target.'cfg(unix)'.dependencies]
            y = { git = "https://example.org/y", version = "^1.2" }
            "#,
        );
        let [x, y] = package.dependencies.as_slice() else { panic!("two dependencies") };
        assert_eq!((x.package.as_str(), x.renamed, x.default_features), ("the-x", true, false));
        assert_eq!(x.origin, Origin::Path("/ws/x".into()));
        assert_eq!(y.target.as_deref(), Some("cfg(unix)"));
        assert_eq!(y.requirement.as_deref(), Some("^1.2"));
        assert_eq!(y.origin, Origin::Git("https://example.org/y".to_owned()));
        assert_eq!(y.place.to_string(), "Cargo.toml:7:13");
    }
}
