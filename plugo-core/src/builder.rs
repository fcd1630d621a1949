use std::any::Any;
use std::fmt;

use crate::environment::{disabled_in, listed};
use crate::error::BuildError;
use crate::failure::BoxError;
use crate::filter::{Filters, Rule};
use crate::inner::{Condition, Dependency, Inner, Managed};
use crate::kwargs::Provided;
use crate::listener::Listener;
use crate::manager::PluginManager;
use crate::registry::tables;
use crate::report::unknown_names;
use crate::slots::{Life, Slots};
use crate::state::DisabledBy;
use crate::sync::Mutex;
use crate::table::{PluginInfo, Table};

/// Says what a [`PluginManager`] manages, and how.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Event, Moment, PluginManager, Rule};
/// let manager = PluginManager::builder("plugins")
///     .provide("greeting", String::from("hello"))
///     .include(Rule::package("acme-*"))
///     .exclude(Rule::name("*-preview"))
///     .condition(|plugin| Ok(plugin.version() != "0.0.0"))
///     .listener(|event: &Event<'_>| {
///         if event.moment() == Moment::Failed {
///             eprintln!("{} failed in {}", event.plugin().name(), event.phase());
///         }
///         Ok(())
///     })
///     .build()?;
/// # Ok::<(), plugo::BuildError>(())
/// ```
#[must_use = "a builder builds nothing before `build`"]
pub struct PluginManagerBuilder {
    namespace: String,
    /// None: those of the program's tables.
    plugins: Option<Vec<PluginInfo>>,
    provided: Vec<(&'static str, Provided)>,
    listeners: Vec<Box<dyn Listener>>,
    include: Vec<Rule>,
    exclude: Vec<Rule>,
    conditions: Vec<Condition>,
}

impl PluginManager {
    /// Builds a manager of the plugins of a namespace that are in this program's
    /// tables, with nothing else to say about it.
    ///
    /// A namespace without plugins is no error; where it is called much like
    /// another one, [`Report::warnings`](crate::Report::warnings) says so.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// let manager = plugo::PluginManager::new("plugins")?;
    /// assert!(manager.names().len() == 0, "this program has no `plugins!()`");
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError::Twice`] when two tables have different plugins of one name in
    /// the namespace.
    pub fn new(namespace: impl Into<String>) -> Result<Self, BuildError> {
        PluginManager::builder(namespace).build()
    }

    /// Begins a manager of which there is more to say; [`PluginManagerBuilder`] has
    /// an example.
    pub fn builder(namespace: impl Into<String>) -> PluginManagerBuilder {
        PluginManagerBuilder {
            namespace: namespace.into(),
            plugins: None,
            provided: Vec::new(),
            listeners: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

impl PluginManagerBuilder {
    /// Manages the plugins of a table instead of those of all tables, as
    /// [`plugins`](Self::plugins) does with a list.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{BuildError, PluginManager, Table};
    /// fn of_this_app(table: &'static Table) -> Result<PluginManager, BuildError> {
    ///     PluginManager::builder("plugins").table(table).build()
    /// }
    /// ```
    pub fn table(self, table: &'static Table) -> Self {
        self.plugins(table)
    }

    /// Manages the plugins that are listed here, if they are in the namespace,
    /// instead of those of all tables. Further calls add to the list.
    ///
    /// They load in the order of their table, whatever the order here. A plugin that
    /// depends on one that is not listed is skipped.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{BuildError, PluginManager, Table};
    /// fn of_acme(table: &'static Table) -> Result<PluginManager, BuildError> {
    ///     let plugins = table.iter().filter(|plugin| plugin.package().starts_with("acme-"));
    ///     PluginManager::builder("plugins").plugins(plugins).build()
    /// }
    /// ```
    pub fn plugins(mut self, plugins: impl IntoIterator<Item = PluginInfo>) -> Self {
        self.plugins.get_or_insert_default().extend(plugins);
        self
    }

    /// Keeps an argument for every plugin, which gets it as `&T`; a `String` also as
    /// `&str`. A name that is already there gets the new value.
    ///
    /// What is to be taken as `&mut T` comes with a call:
    /// [`PluginManager::with`]. The argument `manager` is always the manager itself.
    pub fn provide<T: Any + Send + Sync>(mut self, name: &'static str, value: T) -> Self {
        // A parameter `r#type` is called `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.provided.retain(|(known, _)| *known != name);
        self.provided.push((name, Provided::new(value)));
        self
    }

    /// Adds a listener, which hears of every event after those that are there.
    pub fn listener(mut self, listener: impl Listener + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Lets in only plugins that match this rule, or another one that is included.
    /// The others are disabled by [`DisabledBy::Filter`].
    pub fn include(mut self, rule: Rule) -> Self {
        self.include.push(rule);
        self
    }

    /// Keeps out plugins that match this rule, even if another one includes them.
    /// They are disabled by [`DisabledBy::Filter`].
    pub fn exclude(mut self, rule: Rule) -> Self {
        self.exclude.push(rule);
        self
    }

    /// Asks this about a plugin each time before it is initialised, when those that
    /// it depends on have loaded.
    ///
    /// All conditions have to hold, and are asked in the order in which they were
    /// added. Where one says no, the plugin is disabled by
    /// [`DisabledBy::Condition`]; an error or a panic fails it in
    /// [`Phase::Condition`](crate::Phase::Condition).
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::PluginManager;
    /// let manager = PluginManager::builder("plugins")
    ///     .condition(|plugin| {
    ///         let licences = std::fs::read_to_string("licences.txt")?;
    ///         Ok(licences.lines().any(|name| name == plugin.name()))
    ///     })
    ///     .build()?;
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn condition(
        mut self,
        condition: impl Fn(PluginInfo) -> Result<bool, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.conditions.push(Box::new(condition));
        self
    }

    /// Builds the manager. Nothing of any plugin runs; listeners hear of each plugin
    /// that it is resolved. `DISABLED_PLUGINS` is read here, and not again.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{BuildError, PluginManager, Rule};
    /// let result = PluginManager::builder("plugins").exclude(Rule::name("a/b")).build();
    /// assert!(matches!(result, Err(BuildError::Pattern(_))));
    /// ```
    ///
    /// # Errors
    ///
    /// - [`BuildError::Pattern`]: a pattern of a filter is empty, or has a character
    ///   that no name has.
    /// - [`BuildError::Twice`]: two different plugins in the namespace have one name.
    pub fn build(self) -> Result<PluginManager, BuildError> {
        let filters = Filters::new(&self.include, &self.exclude)?;
        let (infos, tables) = match self.plugins {
            Some(listed) => (in_load_order(listed), 1),
            None => {
                let tables = tables();
                (tables.iter().flat_map(|table| table.iter()).collect(), tables.len())
            }
        };
        let namespace = self.namespace;
        let listed = listed();
        let is_known = infos.iter().any(|info| info.namespace() == namespace);
        let warnings = unknown_names(&namespace, is_known, &listed, infos.iter().copied());
        let infos: Vec<PluginInfo> =
            infos.into_iter().filter(|info| info.namespace() == namespace).collect();
        let plugins = managed(infos)?;
        let mut by_name: Vec<usize> = (0..plugins.len()).collect();
        by_name.sort_by_key(|&i| plugins[i].info.name());
        let disabled = disabled_in(&listed, &namespace);
        let life = |plugin: &Managed| {
            let info = plugin.info;
            if disabled.iter().any(|name| name == info.name()) {
                return Life::Disabled(DisabledBy::Environment, "DISABLED_PLUGINS".into());
            }
            match filters.refusal(info) {
                Some(reason) => Life::Disabled(DisabledBy::Filter, reason.into()),
                None => Life::Resolved,
            }
        };
        let slots = Slots::new(plugins.iter().map(life).collect());
        Ok(PluginManager::own(|me, handle| Inner {
            warnings: Mutex::new(warnings),
            namespace,
            tables,
            plugins,
            by_name,
            slots,
            provided: self.provided,
            listeners: self.listeners,
            conditions: self.conditions,
            me,
            handle,
        }))
    }
}

/// Plugins of one table in the order of that table, tables in the order in
/// which they appear.
fn in_load_order(plugins: Vec<PluginInfo>) -> Vec<PluginInfo> {
    let mut ordered: Vec<PluginInfo> = Vec::with_capacity(plugins.len());
    let mut left = plugins;
    while let Some(first) = left.first().copied() {
        let (mut same, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|plugin| plugin.table_is_of(first));
        same.sort_by_key(PluginInfo::order);
        ordered.extend(same);
        left = rest;
    }
    ordered
}

/// Each plugin once, with those it depends on.
fn managed(infos: Vec<PluginInfo>) -> Result<Vec<Managed>, BuildError> {
    let mut plugins: Vec<Managed> = Vec::with_capacity(infos.len());
    let mut by_name: std::collections::HashMap<&'static str, usize> =
        std::collections::HashMap::with_capacity(infos.len());
    for info in infos {
        if let Some(&earlier) = by_name.get(info.name()) {
            let earlier = plugins[earlier].info;
            // Two apps in one program may share a plugin.
            if earlier.identity() == info.identity() {
                continue;
            }
            let places = [earlier.place(), info.place()];
            return Err(BuildError::Twice { name: info.name(), places });
        }
        let index = plugins.len();
        let dependency = |other: PluginInfo| match by_name.get(other.name()) {
            Some(&at) => Dependency::Here(at),
            None => Dependency::Missing(other.name()),
        };
        let dependencies: Vec<Dependency> = info.dependencies().map(dependency).collect();
        for dependency in &dependencies {
            if let Dependency::Here(other) = *dependency {
                plugins[other].dependents.push(index);
            }
        }
        by_name.insert(info.name(), index);
        plugins.push(Managed { info, dependencies, dependents: Vec::new() });
    }
    Ok(plugins)
}

impl fmt::Debug for PluginManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginManagerBuilder")
            .field("namespace", &self.namespace)
            .field("include", &self.include)
            .field("exclude", &self.exclude)
            .finish_non_exhaustive()
    }
}
