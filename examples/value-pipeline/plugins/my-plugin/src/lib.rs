//! Lists the names of the values, and has a property for others to read.

#![forbid(unsafe_code)]

use pipeline_api::{Logger, Map, PipelineError, PipelinePlugin, Run, Value};

#[plugo::plugin(name = "myplugin", of = dyn PipelinePlugin, new = MyPlugin::new(logger: &Logger))]
struct MyPlugin {
    properties: Map,
}

impl MyPlugin {
    fn new(logger: &Logger) -> Self {
        logger.info("Plugin \"MyPlugin\" loaded");
        logger.info("Executing initial tasks for MyPlugin");
        logger.info("   Version set to v0.2");
        let value = "This is the value stored within MyPlugin";
        MyPlugin { properties: Map::new().with("internal_value", value.into()) }
    }
}

impl PipelinePlugin for MyPlugin {
    fn class(&self) -> &'static str {
        "MyPlugin"
    }

    fn version(&self) -> &'static str {
        "v0.2"
    }

    fn properties(&self) -> &Map {
        &self.properties
    }

    fn exec(&self, run: &mut Run<'_>) -> Result<Value, PipelineError> {
        Ok(Value::List(run.values.known().names().map(Value::from).collect()))
    }
}
