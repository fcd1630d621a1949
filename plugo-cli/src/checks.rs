use std::collections::{BTreeMap, BTreeSet};

use plugo_build::{Client, Code, Diagnostic, Environment, Id, Project, Severity};

use crate::app::known;
use crate::error::Error;

/// Which builds are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The default one, and that of every client.
    All,
    /// Those of all clients.
    Clients,
    /// Those of some clients.
    These(Vec<String>),
}

/// What the build script would say to each build.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) builds: Vec<Build>,
    pub(crate) findings: Vec<Finding>,
}

/// A build: the default one, or a client's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Build {
    pub(crate) client: Option<String>,
    /// How many plugins it has; `None` when it is refused.
    pub(crate) plugins: Option<usize>,
}

/// A problem, and the builds that have it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) problem: Diagnostic,
    pub(crate) builds: BTreeSet<Option<String>>,
}

/// What decides about the plan of a client, beside the wording of its file:
/// whether its feature is right, what it contains, and the features that are on.
type Selection = (bool, BTreeSet<Id>, BTreeSet<String>);

impl Checks {
    /// Plans every build, and asks Cargo for its crates, as the build script
    /// does. Nothing is written.
    pub(crate) fn run(environment: &Environment, which: &Which) -> Result<Self, Error> {
        let mut checks = Checks::default();
        let base = match Project::read(environment.clone()) {
            Ok(base) => base,
            // Files that no build can read.
            Err(problems) => {
                checks.add(&[None], None, problems);
                return Ok(checks);
            }
        };
        let clients: Vec<Client> = base.clients().collect();
        let names: Vec<&str> = clients.iter().map(|client| client.name.as_str()).collect();
        if let Which::These(asked) = which
            && let Some(name) = asked.iter().find(|name| !names.contains(&name.as_str()))
        {
            let help = known("the clients are", name, &names);
            return Err(Error::usage(format!("there is no client `{name}`{help}")));
        }
        if *which == Which::All {
            let features = base.closure(["default"]);
            let (plugins, problems) = check(environment, features);
            checks.add(&[None], plugins, problems);
        }
        let asked = |client: &&Client| match which {
            Which::All | Which::Clients => true,
            Which::These(names) => names.contains(&client.name),
        };
        // A thousand clients with thirty selections are thirty builds.
        let mut same: BTreeMap<Selection, Vec<Option<String>>> = BTreeMap::new();
        for client in clients.iter().filter(asked) {
            let name = Some(client.name.clone());
            // Where the feature is wrong, that is the one error: the rest is looked
            // at as if it were right.
            let mut features = match client.is_met {
                true => base.closure([client.feature.as_str()]),
                false => base.closure(client.wanted.iter().map(String::as_str)),
            };
            features.remove(&client.feature);
            match &client.plugins {
                Ok(plugins) => {
                    let selection = (client.is_met, plugins.clone(), features);
                    same.entry(selection).or_default().push(name);
                }
                Err(_) => {
                    features.insert(client.feature.clone());
                    let (plugins, mut problems) = check(environment, features);
                    problems.retain(|problem| !follows(problem));
                    checks.add(&[name], plugins, problems);
                }
            }
        }
        for ((is_met, _, mut features), names) in same {
            let client = names.first().and_then(Option::as_ref).cloned().unwrap_or_default();
            features.insert(format!("client-{client}"));
            let (plugins, mut problems) = check(environment, features);
            problems.retain(|problem| is_met || !follows(problem));
            checks.add(&names, plugins, problems);
        }
        checks.builds.sort_by(|a, b| a.client.cmp(&b.client));
        Ok(checks)
    }

    fn add(
        &mut self,
        clients: &[Option<String>],
        plugins: Option<usize>,
        problems: Vec<Diagnostic>,
    ) {
        for problem in problems {
            match self.findings.iter_mut().find(|finding| finding.problem == problem) {
                Some(finding) => finding.builds.extend(clients.iter().cloned()),
                None => {
                    let builds = clients.iter().cloned().collect();
                    self.findings.push(Finding { problem, builds });
                }
            }
        }
        let build = |client: &Option<String>| Build { client: client.clone(), plugins };
        self.builds.extend(clients.iter().map(build));
    }

    /// How many builds are refused.
    pub(crate) fn refused(&self) -> usize {
        self.builds.iter().filter(|build| build.plugins.is_none()).count()
    }

    /// Whether Cargo lacks crates that it could download.
    pub(crate) fn lacks_crates(&self) -> bool {
        self.findings.iter().any(|finding| lacks_crates(&finding.problem))
    }

    /// The problems, with the builds that have them where not all do.
    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        let problem = |finding: &Finding| {
            let mut problem = finding.problem.clone();
            if problem.code == Code::ClientFeature && problem.severity == Severity::Error {
                problem = problem.note("`plugo check --fix` writes it");
            }
            match finding.builds.len() == self.builds.len() {
                true => problem,
                false => problem.note(format!("in {}", builds(&finding.builds))),
            }
        };
        self.findings.iter().map(problem).collect()
    }
}

/// Whether Cargo says that a crate is not on this machine.
pub(crate) fn lacks_crates(problem: &Diagnostic) -> bool {
    let offline = |text: &String| text.contains("--offline was specified");
    problem.code == Code::CargoFailed
        && (offline(&problem.message) || problem.notes.iter().any(offline))
}

/// Whether a problem follows from a client's feature that is wrong.
fn follows(problem: &Diagnostic) -> bool {
    problem.code == Code::FeatureOff
        || problem.code == Code::ClientFeature && problem.severity == Severity::Warning
}

/// The number of plugins, or `None` when the build is refused, and everything
/// that is said.
fn check(
    environment: &Environment,
    features: BTreeSet<String>,
) -> (Option<usize>, Vec<Diagnostic>) {
    let mut environment = environment.clone();
    environment.features = features;
    let checked = Project::read(environment).and_then(|project| {
        let (plan, mut problems) = project.plan()?;
        match project.documents(&plan) {
            Ok(_) => Ok((plan.plugins.len(), problems)),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    });
    match checked {
        Ok((plugins, warnings)) => (Some(plugins), warnings),
        Err(problems) => {
            let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
            debug_assert!(refused, "without an error nothing is refused");
            (None, problems)
        }
    }
}

/// How many builds are named before the rest is counted.
const NAMED: usize = 6;

/// `the default build and the builds for acme, zeta and 3 more`
pub(crate) fn builds(builds: &BTreeSet<Option<String>>) -> String {
    let mut parts = Vec::new();
    if builds.contains(&None) {
        parts.push("the default build".to_owned());
    }
    let clients: Vec<&str> = builds.iter().filter_map(Option::as_deref).collect();
    let more = clients.len().saturating_sub(NAMED);
    let named = clients.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match (clients.len(), more) {
        (0, _) => {}
        (1, _) => parts.push(format!("the build for {named}")),
        (_, 0) => parts.push(format!("the builds for {named}")),
        _ => parts.push(format!("the builds for {named} and {more} more")),
    }
    parts.join(" and ")
}
