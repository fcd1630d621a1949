use std::collections::BTreeSet;

use plugo_core::PluginInfo;

use crate::config::Config;
use crate::error::Problem;

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
}

/// The plugins that a config enables with what they depend on; or everything
/// that is wrong with it. What depends on a disabled one goes with it.
pub(crate) fn wanted(all: &[PluginInfo], config: &Config) -> Result<Wanted, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut left_out = Vec::new();
    let mut names: BTreeSet<&'static str> = BTreeSet::new();
    for (name, switch) in config.iter().filter(|(_, switch)| switch.is_on) {
        let Some(plugin) = all.iter().find(|plugin| plugin.name() == name) else {
            let mut problem = Problem::new(format!("`{name}` is enabled, and not built in"));
            problem.place.clone_from(&switch.place);
            problems.push(problem.help(what_is_there(name, all)));
            continue;
        };
        match needs(*plugin, config) {
            Ok(needed) => names.extend(needed),
            Err(reason) => left_out.push(LeftOut { plugin: plugin.name(), reason }),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let plugins = all.iter().copied().enumerate();
    let plugins = plugins.filter(|(_, plugin)| names.contains(plugin.name())).collect();
    Ok(Wanted { plugins, left_out })
}

fn what_is_there(name: &str, all: &[PluginInfo]) -> String {
    let known: Vec<&str> = all.iter().map(PluginInfo::name).collect();
    if known.is_empty() {
        return "no plugin is built in".to_owned();
    }
    let nearest = plugo_core::name::nearest(name, known.iter().copied());
    let nearest = nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default();
    format!("{nearest}built in are `{}`", known.join("`, `"))
}

/// The plugin with all that it depends on, through others too; or why it
/// cannot run.
fn needs(plugin: PluginInfo, config: &Config) -> Result<BTreeSet<&'static str>, String> {
    let mut needed = BTreeSet::new();
    let mut open = vec![plugin];
    while let Some(next) = open.pop() {
        if let Some(switch) = config.get(next.name()).filter(|switch| !switch.is_on) {
            let place = switch.place.as_deref().unwrap_or_default();
            return Err(format!("it depends on `{}`, which is disabled at {place}", next.name()));
        }
        if needed.insert(next.name()) {
            open.extend(next.dependencies());
        }
    }
    Ok(needed)
}
