use std::collections::HashMap;

use plugo_core::{DEFAULT_NAMESPACE, Status, TypeReport};
use plugo_settings::Form;
use serde_json::Value;

use crate::model::ItemRow;

/// What a program has: plugin types with their items, and plain plugins.
///
/// ```
/// use plugo_admin::{RegisteredItem, RegisteredType, Registry};
/// let registry = Registry::by_hand().with_type(
///     RegisteredType::new("Otp", "shop").with_item(RegisteredItem::new("sms").priority(20)),
/// );
/// assert_eq!(registry.types().len(), 1);
/// assert!(!registry.is_of_program());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    types: Vec<RegisteredType>,
    plugins: Vec<RegisteredPlugin>,
    of_program: bool,
}

/// A plugin type, as its code has it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredType {
    /// The name that `#[plugin_type]` gives it.
    pub name: String,
    /// The package that its trait is in.
    pub package: String,
    /// The trait's documentation.
    pub description: String,
    items: Vec<RegisteredItem>,
    /// Where each name of a namespace stands among the items.
    at: HashMap<String, HashMap<String, usize>>,
}

/// An item of a plugin type, as its code has it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredItem {
    /// The plugin's namespace.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// The package that it is in.
    pub package: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// The status that the code says.
    pub status: Status,
    /// The priority that the code says; the lower number comes first.
    pub priority: i32,
    /// The JSON schema of its settings, where it has any.
    pub schema: Option<Value>,
}

/// A plugin that is no item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredPlugin {
    /// The plugin's namespace.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// The package that it is in.
    pub package: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
}

impl Registry {
    /// What this program has, from its tables.
    pub fn of_program() -> Self {
        let mut registry = Registry { of_program: true, ..Registry::default() };
        for known in plugo_core::plugin_types() {
            let info = known.info();
            let mut registered = RegisteredType::new(info.name(), info.package());
            registered.description = info.description().to_owned();
            for item in known.items() {
                let plugin = item.plugin();
                registered.add(RegisteredItem {
                    namespace: plugin.namespace().to_owned(),
                    name: plugin.name().to_owned(),
                    package: plugin.package().to_owned(),
                    version: plugin.version().to_owned(),
                    description: plugin.description().to_owned(),
                    status: item.declared_status(),
                    priority: plugin.priority(),
                    schema: item
                        .settings()
                        .and_then(Form::carried)
                        .map(|form| form.schema().clone()),
                });
            }
            registry = registry.with_type(registered);
        }
        let plugins = plugo_core::tables().into_iter().flat_map(|table| table.iter());
        for plugin in plugins.filter(|plugin| plugin.plugin_type().is_none()) {
            registry = registry.with_plugin(RegisteredPlugin {
                namespace: plugin.namespace().to_owned(),
                name: plugin.name().to_owned(),
                package: plugin.package().to_owned(),
                version: plugin.version().to_owned(),
                description: plugin.description().to_owned(),
            });
        }
        registry
    }

    /// Nothing yet. A registry by hand does not stand for this program: a
    /// [`Following`](crate::Following) of it leaves the program's lookups alone.
    pub fn by_hand() -> Self {
        Registry::default()
    }

    /// With this type; the items of a type that is there already are added to it,
    /// as two tables of a program may share a type.
    #[must_use]
    pub fn with_type(mut self, new: RegisteredType) -> Self {
        let same = |known: &&mut RegisteredType| {
            (&known.name, &known.package) == (&new.name, &new.package)
        };
        match self.types.iter_mut().find(same) {
            Some(known) => {
                for item in new.items {
                    known.add(item);
                }
            }
            None => self.types.push(new),
        }
        self
    }

    /// With this plugin, unless it has it already.
    #[must_use]
    pub fn with_plugin(mut self, new: RegisteredPlugin) -> Self {
        let same = |known: &RegisteredPlugin| {
            (&known.namespace, &known.name) == (&new.namespace, &new.name)
        };
        if !self.plugins.iter().any(same) {
            self.plugins.push(new);
        }
        self
    }

    /// The plugin types.
    pub fn types(&self) -> &[RegisteredType] {
        &self.types
    }

    /// The plugins that are no items.
    pub fn plugins(&self) -> &[RegisteredPlugin] {
        &self.plugins
    }

    /// The type of this name and package.
    pub fn find_type(&self, name: &str, package: &str) -> Option<&RegisteredType> {
        self.types.iter().find(|known| known.name == name && known.package == package)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.plugins.is_empty()
    }

    /// Whether it is what this program has, rather than one by hand.
    pub fn is_of_program(&self) -> bool {
        self.of_program
    }
}

impl RegisteredType {
    /// A type without items.
    pub fn new(name: impl Into<String>, package: impl Into<String>) -> Self {
        let (name, package) = (name.into(), package.into());
        RegisteredType {
            name,
            package,
            description: String::new(),
            items: Vec::new(),
            at: HashMap::new(),
        }
    }

    /// With what it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With this item, unless it has it already.
    #[must_use]
    pub fn with_item(mut self, item: RegisteredItem) -> Self {
        self.add(item);
        self
    }

    fn add(&mut self, new: RegisteredItem) {
        // Two apps in one program may share a plugin.
        if self.item(&new.namespace, &new.name).is_none() {
            let names = self.at.entry(new.namespace.clone()).or_default();
            names.insert(new.name.clone(), self.items.len());
            self.items.push(new);
        }
    }

    /// Its items.
    pub fn items(&self) -> &[RegisteredItem] {
        &self.items
    }

    /// The item of this namespace and name.
    pub fn item(&self, namespace: &str, name: &str) -> Option<&RegisteredItem> {
        let at = *self.at.get(namespace)?.get(name)?;
        self.items.get(at)
    }
}

impl RegisteredItem {
    /// An active item of the default namespace, with priority 0 and without
    /// settings.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        RegisteredItem {
            namespace: DEFAULT_NAMESPACE.to_owned(),
            package: name.clone(),
            name,
            version: "0.1.0".to_owned(),
            description: String::new(),
            status: Status::Active,
            priority: 0,
            schema: None,
        }
    }

    /// With this namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// With this status by its code.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// With this priority by its code.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// With what it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With settings of this JSON schema.
    #[must_use]
    pub fn schema(mut self, schema: Value) -> Self {
        self.schema = Some(schema);
        self
    }
}

impl RegisteredPlugin {
    /// A plugin of the default namespace.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        RegisteredPlugin {
            namespace: DEFAULT_NAMESPACE.to_owned(),
            package: name.clone(),
            name,
            version: "0.1.0".to_owned(),
            description: String::new(),
        }
    }
}

/// What this program's code says of an item, if it has the item.
pub(crate) fn declared(item: &ItemRow) -> Option<(Status, i32)> {
    let types = plugo_core::plugin_types();
    let same = |of: &&TypeReport| {
        of.info().name() == item.of.name && of.info().package() == item.of.package
    };
    let items = types.iter().filter(same).flat_map(|of| of.items());
    let mut found = items.filter(|found| {
        let plugin = found.plugin();
        plugin.namespace() == item.namespace && plugin.name() == item.name
    });
    found.next().map(|found| (found.declared_status(), found.plugin().priority()))
}

/// What this program makes of the settings of an item, if it has the item.
pub(crate) fn form(item: &ItemRow) -> Option<&'static Form> {
    let types = plugo_core::plugin_types();
    let of = types
        .iter()
        .find(|of| of.info().name() == item.of.name && of.info().package() == item.of.package)?;
    let found = of.items().iter().find(|found| {
        let plugin = found.plugin();
        plugin.namespace() == item.namespace && plugin.name() == item.name
    })?;
    found.settings().and_then(Form::carried)
}
