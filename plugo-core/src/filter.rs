use std::fmt;

use crate::glob::{Glob, PatternError};
use crate::table::PluginInfo;

/// Which plugins a filter means: those that every pattern of the rule matches.
///
/// A pattern is over the namespace, the name, or the Cargo package. `*` stands
/// for any characters or none, `?` for one; case counts. Patterns are checked
/// when the manager is built. A rule without patterns matches every plugin.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{PluginManager, Rule};
/// let ours = Rule::namespace("plugins").and_package("acme-*");
/// let manager = PluginManager::builder("plugins")
///     .include(ours.clone())
///     .exclude(ours.and_name("*-preview"))
///     .exclude(Rule::name("debug-?"))
///     .exclude(Rule::package("acme-labs").and_namespace("plugins"))
///     .build()?;
/// # Ok::<(), plugo::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rule {
    namespace: Option<String>,
    name: Option<String>,
    package: Option<String>,
}

impl Rule {
    /// Makes a rule for plugins whose name matches.
    pub fn name(pattern: impl Into<String>) -> Self {
        Rule::default().and_name(pattern)
    }

    /// Makes a rule for plugins whose namespace matches.
    pub fn namespace(pattern: impl Into<String>) -> Self {
        Rule::default().and_namespace(pattern)
    }

    /// Makes a rule for plugins whose Cargo package matches.
    pub fn package(pattern: impl Into<String>) -> Self {
        Rule::default().and_package(pattern)
    }

    /// Narrows the rule to plugins whose name matches, in place of an earlier
    /// pattern over names.
    #[must_use]
    pub fn and_name(mut self, pattern: impl Into<String>) -> Self {
        self.name = Some(pattern.into());
        self
    }

    /// Narrows the rule to plugins whose namespace matches, in place of an earlier
    /// pattern over namespaces.
    #[must_use]
    pub fn and_namespace(mut self, pattern: impl Into<String>) -> Self {
        self.namespace = Some(pattern.into());
        self
    }

    /// Narrows the rule to plugins whose Cargo package matches, in place of an
    /// earlier pattern over packages.
    #[must_use]
    pub fn and_package(mut self, pattern: impl Into<String>) -> Self {
        self.package = Some(pattern.into());
        self
    }
}

/// A [`Rule`] whose patterns are sound.
#[derive(Debug)]
struct Checked {
    namespace: Option<Glob>,
    name: Option<Glob>,
    package: Option<Glob>,
}

impl Checked {
    fn new(rule: &Rule) -> Result<Self, PatternError> {
        let glob = |pattern: &Option<String>| pattern.as_deref().map(Glob::new).transpose();
        Ok(Checked {
            namespace: glob(&rule.namespace)?,
            name: glob(&rule.name)?,
            package: glob(&rule.package)?,
        })
    }

    fn matches(&self, plugin: PluginInfo) -> bool {
        let each = [
            (&self.namespace, plugin.namespace()),
            (&self.name, plugin.name()),
            (&self.package, plugin.package()),
        ];
        each.iter().all(|(glob, text)| glob.as_ref().is_none_or(|glob| glob.matches(text)))
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each =
            [("namespace", &self.namespace), ("name", &self.name), ("package", &self.package)];
        let mut between = "";
        for (what, glob) in each {
            if let Some(glob) = glob {
                write!(f, "{between}{what} `{glob}`")?;
                between = " and ";
            }
        }
        Ok(())
    }
}

/// What is let in and what is kept out.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    include: Vec<Checked>,
    exclude: Vec<Checked>,
}

impl Filters {
    pub(crate) fn new(include: &[Rule], exclude: &[Rule]) -> Result<Self, PatternError> {
        Ok(Filters {
            include: include.iter().map(Checked::new).collect::<Result<_, _>>()?,
            exclude: exclude.iter().map(Checked::new).collect::<Result<_, _>>()?,
        })
    }

    /// Why a plugin is kept out.
    pub(crate) fn refusal(&self, plugin: PluginInfo) -> Option<String> {
        if let Some(rule) = self.exclude.iter().find(|rule| rule.matches(plugin)) {
            return Some(format!("{rule} is excluded"));
        }
        let included =
            self.include.is_empty() || self.include.iter().any(|rule| rule.matches(plugin));
        (!included).then(|| "it is not among those included".to_owned())
    }
}
