use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::environment::Environment;
use crate::known::Known;
use crate::lock::Lock;
use crate::plan::Plan;

/// The crates of a build, as `cargo tree` tells them for one package, one set
/// of features and one target.
///
/// `cargo metadata` and the lock file name more, and fewer, than is built;
/// `cargo tree` is exact, and works with the network off and with nothing
/// downloaded but what this build needs.
#[derive(Debug)]
pub(crate) struct Crates {
    /// Everything that is compiled, build scripts and macros included.
    pub(crate) built: Graph,
    /// What is linked into the app.
    pub(crate) linked: Graph,
}

/// The packages of a tree, the root first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Crate>,
    edges: Vec<BTreeSet<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// What Cargo shows behind the version: a folder, or a repository.
    pub(crate) origin: Option<String>,
    pub(crate) features: Vec<String>,
    pub(crate) license: String,
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

/// Both calls of `cargo tree`, under way.
pub(crate) struct Running {
    built: io::Result<Child>,
    linked: io::Result<Child>,
}

/// Starts Cargo, which works while the plan is made.
pub(crate) fn start(environment: &Environment) -> Running {
    let tree = |edges: &str| {
        let features: Vec<&str> = environment.features.iter().map(String::as_str).collect();
        Command::new(&environment.cargo)
            .current_dir(&environment.package_dir)
            .args(["tree", "--offline", "--locked", "--prefix", "depth"])
            .args(["--format", "\t{p}\t{f}\t{l}\t"])
            .args(["--edges", edges, "--target", &environment.target])
            .args(["--no-default-features", "--features", &features.join(",")])
            .arg("--manifest-path")
            .arg(environment.package_dir.join("Cargo.toml"))
            // The colours and the verbosity that the user gave the outer Cargo are not ours.
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("CARGO_TERM_VERBOSE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };
    Running { built: tree("normal,build"), linked: tree("normal,no-proc-macro") }
}

impl Running {
    pub(crate) fn finish(self, problems: &mut Problems) -> Option<Crates> {
        // The second one has to be ended too, whatever became of the first.
        let (built, linked) = (output(self.built), output(self.linked));
        let mut graph = |result: Result<String, String>| match result.and_then(|text| parse(&text))
        {
            Ok(graph) => Some(graph),
            Err(why) => {
                let mut lines = why.lines().filter(|line| !line.trim().is_empty());
                let first = lines.next().unwrap_or("it gave no reason").to_owned();
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
        };
        let (built, linked) = (graph(built), graph(linked));
        Some(Crates { built: built?, linked: linked? })
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

/// Reads lines such as `2⇥serde v1.0.228⇥default,std⇥MIT OR Apache-2.0⇥`. A
/// `(*)` at the end says that what is below stood there before.
fn parse(text: &str) -> Result<Graph, String> {
    let mut graph = Graph::default();
    let mut index: BTreeMap<Crate, usize> = BTreeMap::new();
    let mut path: Vec<usize> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let unknown = || format!("this line was not understood: {line}");
        let mut fields = line.split('\t');
        let depth: usize = fields.next().and_then(|d| d.parse().ok()).ok_or_else(unknown)?;
        let (package, features, license) = (fields.next(), fields.next(), fields.next());
        let package = package.ok_or_else(unknown)?;
        let (name, rest) = package.split_once(" v").ok_or_else(unknown)?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let rest = rest.strip_prefix("(proc-macro)").unwrap_or(rest).trim();
        let origin = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let node = Crate {
            name: name.to_owned(),
            version: version.to_owned(),
            origin: origin.map(str::to_owned),
            features: features
                .unwrap_or_default()
                .split(',')
                .filter(|feature| !feature.is_empty())
                .map(str::to_owned)
                .collect(),
            license: license.unwrap_or_default().to_owned(),
        };
        let at = *index.entry(node.clone()).or_insert_with(|| {
            graph.nodes.push(node);
            graph.edges.push(BTreeSet::new());
            graph.nodes.len() - 1
        });
        path.truncate(depth);
        if let Some(&parent) = path.last() {
            graph.edges[parent].insert(at);
        }
        path.push(at);
    }
    if graph.nodes.is_empty() { Err("it printed nothing".to_owned()) } else { Ok(graph) }
}

impl Graph {
    /// What is reached from the root when some of its direct dependencies are
    /// left out.
    pub(crate) fn without(&self, left_out: impl Fn(&Crate) -> bool) -> BTreeSet<usize> {
        let start = self.edges[0].iter().copied().filter(|&i| !left_out(&self.nodes[i]));
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
    pub(crate) fn find<'g>(
        &'g self,
        name: &'g str,
        version: &'g str,
    ) -> impl Iterator<Item = usize> + 'g {
        let found = move |node: &Crate| node.name == name && node.version == version;
        (0..self.nodes.len()).filter(move |&i| found(&self.nodes[i]))
    }

    /// What a package depends on directly.
    pub(crate) fn children(&self, i: usize) -> impl Iterator<Item = &Crate> {
        self.edges[i].iter().map(|&child| &self.nodes[child])
    }
}

/// The folder that the lock file and the paths of the manifest are relative to.
pub(crate) fn workspace_root(
    environment: &Environment,
    problems: &mut Problems,
) -> Option<std::path::PathBuf> {
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
    fn a_tree_is_read_with_origins_and_repeated_parts() {
        let text = "0\tapp v1.0.0 (/some where/(x)/app)\t\t\t\n\
                    1\tserde v1.0.2\tdefault,std\tMIT\t\n\
                    2\tderive v1.0.2 (proc-macro)\t\tMIT\t\n\
                    1\tblog v0.1.0 (https://example.org/blog?rev=1#abc)\t\t\t\n\
                    2\tserde v1.0.2\tdefault,std\tMIT\t (*)\n";
        let graph = parse(text).unwrap();
        let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["app", "serde", "derive", "blog"]);
        assert_eq!(graph.nodes[0].origin.as_deref(), Some("/some where/(x)/app"));
        assert_eq!(graph.nodes[2].origin, None);
        assert_eq!(graph.nodes[1].features, ["default", "std"]);
        assert_eq!(graph.reach([3]), BTreeSet::from([1, 2, 3]));
        assert_eq!(graph.without(|node| node.name == "serde"), BTreeSet::from([0, 1, 2, 3]));
        assert_eq!(graph.without(|node| node.name == "blog"), BTreeSet::from([0, 1, 2]));
    }
}
