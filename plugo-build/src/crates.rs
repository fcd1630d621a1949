use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::environment::Environment;
use crate::known::Known;
use crate::lock::Lock;
use crate::package::slashes;
use crate::plan::Plan;

/// The packages of a build, as `cargo tree` tells them for one package, one
/// set of features and one target. The app is the first.
///
/// `cargo metadata` and the lock file name more, and fewer, than is built;
/// `cargo tree` is exact, and works with the network off and with nothing
/// downloaded but what this build needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crates {
    pub(crate) nodes: Vec<Crate>,
    edges: Vec<BTreeSet<usize>>,
    by_package: BTreeMap<(String, String), Vec<usize>>,
}

/// A package with one set of features, on one side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What Cargo shows behind the version: a folder, or a repository.
    pub origin: Option<String>,
    /// Its features that are on.
    pub features: Vec<String>,
    /// What its package says of its licence, or nothing.
    pub license: String,
    /// Where its code runs.
    pub side: Side,
}

/// Where the code of a crate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// In the app.
    Target,
    /// While it is built: in build scripts and macros.
    Host,
}

/// What the manifest is made of.
pub(crate) struct Inputs<'m> {
    pub(crate) plan: &'m Plan,
    pub(crate) known: &'m [Known],
    pub(crate) crates: &'m Crates,
    pub(crate) lock: &'m Lock,
    pub(crate) root: &'m Path,
    pub(crate) target: &'m str,
}

/// `cargo tree`, under way.
pub(crate) struct Running(io::Result<Child>);

/// Starts Cargo, which works while the plan is made.
///
/// The package is named by its folder: the members that a workspace builds by
/// default need not be the app.
pub(crate) fn start(environment: &Environment, name: &str, version: &str) -> Running {
    let features: Vec<&str> =
        environment.features.union(&environment.dependency_features).map(String::as_str).collect();
    let child = Command::new(&environment.cargo)
        .current_dir(&environment.package_dir)
        .args(["tree", "--offline", "--locked", "--edges", "normal,build"])
        .args(["--prefix", "indent", "--charset", "ascii", "--format", "\t{p}\t{f}\t{l}\t"])
        .args(["--target", &environment.target])
        .args(["--package", &spec(&environment.package_dir, name, version)])
        .args(["--no-default-features", "--features", &features.join(",")])
        .arg("--manifest-path")
        .arg(environment.package_dir.join("Cargo.toml"))
        // The colours and the verbosity that the user gave the outer Cargo are not ours.
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("CARGO_TERM_VERBOSE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Running(child)
}

/// A package as Cargo's package id specifications write it.
fn spec(dir: &Path, name: &str, version: &str) -> String {
    let path = slashes(dir);
    let separator = if path.starts_with('/') { "" } else { "/" };
    let encoded: String = path
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            b'-' | b'_' | b'.' | b'~' | b'/' | b':' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("path+file://{separator}{encoded}#{name}@{version}")
}

impl Running {
    pub(crate) fn finish(self, problems: &mut Problems) -> Option<Crates> {
        match output(self.0).and_then(|text| parse(&text)) {
            Ok(crates) => Some(crates),
            // A build has updated it before; who only asks has not.
            Err(why) if why.contains("--locked was passed") => {
                let message = "`Cargo.lock` is not in line with the `Cargo.toml` files: a package \
                               or a dependency was added, removed or changed";
                let place = Place::file("Cargo.lock");
                problems.add(
                    Diagnostic::error(Code::MissingLockFile, message)
                        .at(place)
                        .help("`cargo check` brings it in line; commit it with that change"),
                );
                None
            }
            Err(why) => {
                let waits = |line: &&str| line.trim_start().starts_with("Blocking waiting");
                let lines = why.lines().filter(|line| !line.trim().is_empty());
                let mut lines = lines.filter(|line| !waits(line));
                let first = lines.next().unwrap_or("it gave no reason");
                let diagnostic = Diagnostic::error(
                    Code::CargoFailed,
                    format!(
                        "`cargo tree`, which names the crates for the manifest, failed: {first}"
                    ),
                );
                problems
                    .add(lines.fold(diagnostic, |diagnostic, line| diagnostic.note(line.trim())));
                None
            }
        }
    }
}

fn output(child: io::Result<Child>) -> Result<String, String> {
    let output = child.and_then(Child::wait_with_output).map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Reads a tree such as
///
/// ```text
/// ⇥app v1.0.0 (/app)⇥default⇥MIT⇥
/// |-- ⇥serde v1.0.228⇥default,std⇥MIT OR Apache-2.0⇥
/// |   `-- ⇥serde_derive v1.0.228 (proc-macro)⇥default⇥MIT OR Apache-2.0⇥
/// [build-dependencies]
/// `-- ⇥serde v1.0.228⇥default,std⇥MIT OR Apache-2.0⇥ (*)
/// ```
///
/// where four columns of lines are one level, and a `(*)` says that what is
/// below stood there before.
fn parse(text: &str) -> Result<Crates, String> {
    let mut crates = Crates::default();
    // From the root to the last line: the package, and whether its build
    // dependencies have begun.
    let mut path: Vec<(usize, bool)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let unknown = || format!("this line was not understood: {line}");
        if let Some((lines, _)) = line.split_once("[build-dependencies]") {
            path.truncate(lines.len() / 4 + 1);
            path.last_mut().ok_or_else(unknown)?.1 = true;
            continue;
        }
        let mut fields = line.split('\t');
        let depth = fields.next().ok_or_else(unknown)?.len() / 4;
        let (package, features, license) = (fields.next(), fields.next(), fields.next());
        let (name, rest) = package.and_then(|text| text.split_once(" v")).ok_or_else(unknown)?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (is_macro, rest) = match rest.strip_prefix("(proc-macro)") {
            Some(rest) => (true, rest.trim()),
            None => (false, rest),
        };
        if depth == 0 && !crates.nodes.is_empty() {
            return Err(format!("it told of more than one package: {line}"));
        }
        path.truncate(depth);
        let on_host = is_macro
            || path.last().is_some_and(|&(parent, in_build)| {
                in_build || crates.nodes[parent].side == Side::Host
            });
        let origin = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let features = features.unwrap_or_default().split(',').filter(|name| !name.is_empty());
        let node = Crate {
            name: name.to_owned(),
            version: version.to_owned(),
            origin: origin.map(str::to_owned),
            features: features.map(str::to_owned).collect(),
            license: license.unwrap_or_default().to_owned(),
            side: if on_host { Side::Host } else { Side::Target },
        };
        let package = (node.name.clone(), node.version.clone());
        let alike = crates.by_package.entry(package).or_default();
        let at = match alike.iter().find(|&&i| crates.nodes[i] == node) {
            Some(&at) => at,
            None => {
                let at = crates.nodes.len();
                alike.push(at);
                crates.nodes.push(node);
                crates.edges.push(BTreeSet::new());
                at
            }
        };
        if let Some(&(parent, _)) = path.last() {
            crates.edges[parent].insert(at);
        }
        path.push((at, false));
    }
    if crates.nodes.is_empty() { Err("it printed nothing".to_owned()) } else { Ok(crates) }
}

impl Crates {
    /// Every package, once for each side that it is compiled for. The app is
    /// the first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Crate> {
        self.nodes.iter()
    }

    /// What is reached from the app when some of its direct dependencies are
    /// left out.
    pub(crate) fn without(&self, left_out: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        let start = self.edges[0].iter().copied().filter(|&i| !left_out(i));
        let mut reached = self.reach(start);
        reached.insert(0);
        reached
    }

    /// What is reached from some packages, themselves included.
    pub(crate) fn reach(&self, start: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<usize> = start.into_iter().collect();
        while let Some(i) = open.pop() {
            if reached.insert(i) {
                open.extend(&self.edges[i]);
            }
        }
        reached
    }

    /// The packages of that name and version.
    pub(crate) fn find(&self, name: &str, version: &str) -> &[usize] {
        let package = (name.to_owned(), version.to_owned());
        self.by_package.get(&package).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether two packages of this build have that name and version.
    pub(crate) fn is_ambiguous(&self, name: &str, version: &str) -> bool {
        let mut origins = self.find(name, version).iter().map(|&i| &self.nodes[i].origin);
        origins.next().is_some_and(|first| origins.any(|other| other != first))
    }

    /// What depends on one of these directly.
    pub fn dependents<'c>(&'c self, krate: &Crate) -> impl Iterator<Item = &'c Crate> {
        let at = self.nodes.iter().position(|node| node == krate);
        let users = self.nodes.iter().zip(&self.edges);
        users
            .filter(move |(_, edges)| at.is_some_and(|at| edges.contains(&at)))
            .map(|(user, _)| user)
    }

    /// What a package depends on directly.
    pub(crate) fn children(&self, i: usize) -> impl Iterator<Item = &Crate> {
        self.edges(i).map(|child| &self.nodes[child])
    }

    /// The positions of what a package depends on directly.
    pub(crate) fn edges(&self, i: usize) -> impl Iterator<Item = usize> {
        self.edges[i].iter().copied()
    }
}

/// The folder that the lock file and the paths of the manifest are relative to.
pub(crate) fn workspace_root(
    environment: &Environment,
    problems: &mut Problems,
) -> Option<std::path::PathBuf> {
    if let Some(root) = &environment.workspace_root {
        return Some(root.clone());
    }
    let manifest = environment.package_dir.join("Cargo.toml");
    let output = Command::new(&environment.cargo)
        .current_dir(&environment.package_dir)
        .args(["locate-project", "--workspace", "--message-format", "plain", "--manifest-path"])
        .arg(&manifest)
        .stdin(Stdio::null())
        .output();
    let why = match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            return Path::new(text.trim()).parent().map(Path::to_owned);
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("`cargo locate-project`, which finds the workspace, failed: {why}");
    let place = Place::file(manifest.to_string_lossy());
    problems.add(Diagnostic::error(Code::CargoFailed, message).at(place));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_sides_origins_and_repeated_parts() {
        let text = "\tapp v1.0.0 (/some where/(x)/app)\t\t\t\n\
                    |-- \tserde v1.0.2\tdefault,std\tMIT\t\n\
                    |   |-- \tderive v1.0.2 (proc-macro)\t\tMIT\t\n\
                    |   |   `-- \tsyn v3.0.0\t\tMIT\t\n\
                    |   [build-dependencies]\n\
                    |   `-- \tautocfg v1.0.0\t\tMIT\t\n\
                    |-- \tblog v0.1.0 (https://example.org/blog?rev=1#abc)\t\t\t\n\
                    |   `-- \tserde v1.0.2\tdefault,std\tMIT\t (*)\n\
                    [build-dependencies]\n\
                    `-- \tserde v1.0.2\tdefault,std\tMIT\t\n\
                        `-- \tautocfg v1.0.0\t\tMIT\t\n";
        let crates = parse(text).unwrap();
        let of = |side| {
            let nodes = crates.nodes.iter().filter(move |node| node.side == side);
            nodes.map(|node| node.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of(Side::Target), ["app", "serde", "blog"]);
        assert_eq!(of(Side::Host), ["derive", "syn", "autocfg", "serde"]);
        assert_eq!(crates.nodes[0].origin.as_deref(), Some("/some where/(x)/app"));
        assert_eq!(crates.nodes[1].features, ["default", "std"]);
        assert_eq!(crates.nodes[2].origin, None);
        let names = |reached: BTreeSet<usize>| {
            reached.into_iter().map(|i| crates.nodes[i].name.as_str()).collect::<Vec<_>>()
        };
        let blog = crates.find("blog", "0.1.0");
        assert_eq!(
            names(crates.reach(blog.iter().copied())),
            ["serde", "derive", "syn", "autocfg", "blog"]
        );
        let without = |name: &str| names(crates.without(|i| crates.nodes[i].name == name));
        assert_eq!(without("blog").len(), 6);
        assert_eq!(without("serde").last(), Some(&"blog"));
    }
}
