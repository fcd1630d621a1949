use crate::error::PipelineError;
use crate::logger::Logger;
use crate::value::{Map, Value};
use crate::values::Values;

/// Works on the values of a pipeline.
#[plugo::plugin_type(name = "pipeline-plugin")]
pub trait PipelinePlugin: Send + Sync {
    /// What it is called in the log. In lower case it is the plugin's kind.
    fn class(&self) -> &'static str;

    /// Its version.
    fn version(&self) -> &'static str {
        "v1"
    }

    /// The properties that other plugins may read. Their names are in lower
    /// case.
    fn properties(&self) -> &Map {
        static NONE: Map = Map::new();
        &NONE
    }

    /// Does its work, and gives the result.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that.
    fn exec(&self, run: &mut Run<'_>) -> Result<Value, PipelineError>;
}

impl dyn PipelinePlugin + '_ {
    /// A property, whatever the case of the name.
    ///
    /// # Errors
    ///
    /// [`PipelineError::NoProperty`].
    pub fn property(&self, name: &str) -> Result<&Value, PipelineError> {
        let found = self.properties().get(&name.to_lowercase());
        found.ok_or_else(|| PipelineError::NoProperty(name.to_owned()))
    }
}

/// What a plugin works with.
pub struct Run<'r> {
    /// The values, to read and to write.
    pub values: &'r mut Values,
    /// The parameters of this run.
    pub parameters: &'r Map,
    /// The plugins that are registered.
    pub plugins: &'r Plugins,
    /// Where it says what it does.
    pub logger: Logger,
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionResult {
    /// The class of the plugin that ran.
    pub class: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it gave.
    pub result: Value,
}

/// The plugins that are registered, by kind.
pub struct Plugins {
    logger: Logger,
    register: Vec<(String, Box<dyn PipelinePlugin>)>,
}

impl Plugins {
    /// None are registered.
    pub fn new(logger: Logger) -> Self {
        Plugins { logger, register: Vec::new() }
    }

    /// Registers a plugin.
    ///
    /// # Errors
    ///
    /// [`PipelineError::RegisteredTwice`]; the one that is there stays.
    pub fn register(&mut self, plugin: Box<dyn PipelinePlugin>) -> Result<(), PipelineError> {
        let (class, version) = (plugin.class(), plugin.version());
        let kind = class.to_lowercase();
        if self.register.iter().any(|(known, _)| *known == kind) {
            return Err(PipelineError::RegisteredTwice(class.to_owned()));
        }
        self.register.push((kind, plugin));
        self.logger.info(format_args!("Registered plugin \"{class}\" version {version}"));
        Ok(())
    }

    /// The plugin of that kind, whatever the case.
    ///
    /// # Errors
    ///
    /// [`PipelineError::NotRegistered`].
    pub fn get(&self, kind: &str) -> Result<&dyn PipelinePlugin, PipelineError> {
        let wanted = kind.to_lowercase();
        let found = self.register.iter().find(|(known, _)| *known == wanted);
        let found = found.ok_or_else(|| PipelineError::NotRegistered(kind.to_owned()))?;
        Ok(&*found.1)
    }

    /// Every plugin, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &dyn PipelinePlugin> {
        self.register.iter().map(|(_, plugin)| &**plugin)
    }

    /// The kinds, in the order in which they were registered.
    pub fn kinds(&self) -> Value {
        Value::List(self.register.iter().map(|(kind, _)| kind.as_str().into()).collect())
    }

    /// Runs a plugin, and sets the value `reference` to what it gives.
    ///
    /// # Errors
    ///
    /// [`PipelineError::NoHandler`], and whatever the plugin gives.
    pub fn execute(
        &self,
        kind: &str,
        reference: &str,
        parameters: &Map,
        values: &mut Values,
    ) -> Result<ExecutionResult, PipelineError> {
        let plugin = self.get(kind).map_err(|_| PipelineError::NoHandler(kind.to_owned()))?;
        let mut run = Run { values, parameters, plugins: self, logger: self.logger };
        let result = plugin.exec(&mut run)?;
        values.set(reference, result.clone());
        Ok(ExecutionResult { class: plugin.class(), version: plugin.version(), result })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo(Map);

    impl PipelinePlugin for Echo {
        fn class(&self) -> &'static str {
            "Echo"
        }

        fn properties(&self) -> &Map {
            &self.0
        }

        fn exec(&self, run: &mut Run<'_>) -> Result<Value, PipelineError> {
            run.values.set("written", Value::Number(1));
            Ok(run.parameters.get("say").cloned().unwrap_or_else(|| "nothing".into()))
        }
    }

    fn plugins() -> Plugins {
        let mut plugins = Plugins::new(Logger);
        let properties = Map::new().with("loud", Value::Number(3));
        plugins.register(Box::new(Echo(properties))).unwrap();
        plugins
    }

    #[test]
    fn kinds_and_properties_are_found_whatever_their_case() {
        let plugins = plugins();
        let echo = plugins.get("ECHO").unwrap();
        assert_eq!(echo.property("Loud"), Ok(&Value::Number(3)));
        let missing = echo.property("Quiet").unwrap_err();
        assert_eq!(missing.to_string(), "Property reference \"Quiet\" not found");
    }

    #[test]
    fn an_unknown_kind_is_an_error() {
        let plugins = plugins();
        let mut values = Values::default();
        let error = plugins.execute("Ecko", "out", &Map::new(), &mut values).unwrap_err();
        assert_eq!(error.to_string(), "No plugin handler for \"Ecko\" kind found");
        let error = plugins.get("Ecko").map(PipelinePlugin::class).unwrap_err();
        assert_eq!(error.to_string(), "Plugin kind \"Ecko\" not registered");
    }

    #[test]
    fn what_a_plugin_gives_and_writes_is_in_the_values() {
        let mut values = Values::default();
        let parameters = Map::new().with("say", "hi".into());
        let result = plugins().execute("echo", "out", &parameters, &mut values).unwrap();
        assert_eq!((result.class, result.version), ("Echo", "v1"));
        assert_eq!(values.known().to_string(), r#"{"written": 1, "out": "hi"}"#);
    }

    #[test]
    fn a_kind_is_registered_once() {
        let mut plugins = plugins();
        let error = plugins.register(Box::new(Echo(Map::new()))).unwrap_err();
        assert_eq!(error, PipelineError::RegisteredTwice("Echo".to_owned()));
        assert_eq!(plugins.get("echo").unwrap().property("loud"), Ok(&Value::Number(3)));
    }
}
