use std::collections::BTreeSet;

use plugo_core::{DEFAULT_NAMESPACE, PluginInfo};

use crate::config::{Config, Switch};
use crate::error::Problem;
use crate::json::{did_you_mean, list};

/// A plugin that is enabled and does not run, which is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The plugin.
    pub plugin: &'static str,
    /// Why: what it depends on is disabled, or it is taken away by
    /// `DISABLED_PLUGINS`, a filter, a condition or itself.
    pub reason: String,
}

/// What a config asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The plugins that are to run, in load order, each with its place there.
    pub(crate) plugins: Vec<(usize, PluginInfo)>,
    pub(crate) left_out: Vec<LeftOut>,
    /// What is not wrong, and most likely not meant.
    pub(crate) warnings: Vec<Problem>,
}

/// What can run.
pub(crate) struct Built<'b> {
    pub(crate) namespace: &'b str,
    /// All plugins of the namespace.
    pub(crate) plugins: &'b [PluginInfo],
    /// The namespaces of which the program has plugins.
    pub(crate) namespaces: BTreeSet<&'b str>,
    /// Whether there may be more of them.
    pub(crate) has_more: bool,
}

impl Built<'_> {
    fn help(&self, name: &str) -> String {
        if self.plugins.is_empty() {
            return "no plugin is built in".to_owned();
        }
        let known: Vec<&str> = self.plugins.iter().map(PluginInfo::name).collect();
        let nearest = did_you_mean(name, known.iter().copied());
        format!("{nearest}built in are `{}`", known.join("`, `"))
    }

    /// The plugins that a config enables with what they depend on; or everything
    /// that is wrong with it. What depends on a disabled one goes with it. Names
    /// of other namespaces are theirs, if there are such.
    pub(crate) fn wanted(&self, config: &Config) -> Result<Wanted, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let mut left_out = Vec::new();
        let mut names: BTreeSet<&'static str> = BTreeSet::new();
        for (namespace, name, switch) in config.iter() {
            if namespace != self.namespace {
                let (to, unknown) = match switch.is_on {
                    true => (&mut problems, self.unknown_namespace(namespace, name)),
                    false => (&mut warnings, self.alike_namespace(namespace, name)),
                };
                to.extend(unknown.map(|problem| at(problem, switch)));
                continue;
            }
            let plugin = self.plugins.iter().find(|plugin| plugin.name() == name);
            match plugin {
                None if switch.is_on => {
                    let problem = Problem::new(format!("`{name}` is enabled, and not built in"));
                    problems.push(at(problem.help(self.help(name)), switch));
                }
                None => warnings.extend(self.alike(name, config).map(|it| at(it, switch))),
                Some(_) if !switch.is_on => {}
                Some(plugin) => match self.needs(*plugin, config) {
                    Ok(needed) => names.extend(needed),
                    Err(reason) => left_out.push(LeftOut { plugin: plugin.name(), reason }),
                },
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let plugins = self.plugins.iter().copied().enumerate();
        let plugins = plugins.filter(|(_, plugin)| names.contains(plugin.name())).collect();
        Ok(Wanted { plugins, left_out, warnings })
    }

    /// A plugin that is enabled in a namespace that nobody has: nobody would say
    /// so.
    fn unknown_namespace(&self, namespace: &str, name: &str) -> Option<Problem> {
        if self.namespaces.contains(namespace) {
            return None;
        }
        let shown = shown(namespace, name);
        let problem = Problem::new(format!(
            "`{shown}` is enabled, and no plugin of the namespace `{namespace}` is built in"
        ));
        let known = list(&self.namespaces);
        let nearest = did_you_mean(namespace, self.namespaces.iter().copied());
        if self.has_more && nearest.is_empty() {
            return None;
        }
        let all = match self.namespaces.len() {
            1 => format!("all that are built in are of {known}"),
            _ => format!("the namespaces are {known}"),
        };
        Some(problem.help(format!("{nearest}{all}")))
    }

    /// A plugin that is disabled in a namespace that nobody has, and that reads
    /// like one that is there.
    fn alike_namespace(&self, namespace: &str, name: &str) -> Option<Problem> {
        let nearest = did_you_mean(namespace, self.namespaces.iter().copied());
        if self.namespaces.contains(namespace) || nearest.is_empty() {
            return None;
        }
        let shown = shown(namespace, name);
        let message = format!("`{shown}` is disabled, and no plugin of that namespace is built in");
        Some(Problem::new(message).help(nearest.trim_end()))
    }

    /// A plugin that is disabled and not built in, and reads like one that is and
    /// that the file does not speak of. Others are the build's: it leaves out what
    /// the file disables, so that it is not known here is how it should be.
    fn alike(&self, name: &str, config: &Config) -> Option<Problem> {
        let known = self.plugins.iter().map(PluginInfo::name);
        let open = known.filter(|known| config.get(self.namespace, known).is_none());
        let nearest = did_you_mean(name, open);
        let problem = Problem::new(format!("`{name}` is disabled, and not built in"));
        (!nearest.is_empty()).then(|| problem.help(nearest.trim_end()))
    }

    /// The plugin with all that it depends on, through others too; or why it
    /// cannot run.
    fn needs(&self, plugin: PluginInfo, config: &Config) -> Result<BTreeSet<&'static str>, String> {
        let mut needed = BTreeSet::new();
        let mut open = vec![plugin];
        while let Some(next) = open.pop() {
            let switch = config.get(self.namespace, next.name());
            if let Some(switch) = switch.filter(|switch| !switch.is_on) {
                let place = switch.place.as_deref().unwrap_or_default();
                let name = next.name();
                return Err(format!("it depends on `{name}`, which is disabled at {place}"));
            }
            if needed.insert(next.name()) {
                open.extend(next.dependencies());
            }
        }
        Ok(needed)
    }
}

fn at(mut problem: Problem, switch: &Switch) -> Problem {
    problem.place.clone_from(&switch.place);
    problem
}

/// As people write it.
fn shown(namespace: &str, name: &str) -> String {
    match namespace {
        DEFAULT_NAMESPACE => name.to_owned(),
        _ => format!("{namespace}/{name}"),
    }
}
