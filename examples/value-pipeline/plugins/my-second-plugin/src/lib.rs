//! Reads a property of `MyPlugin`.

#![forbid(unsafe_code)]

use pipeline_api::{Logger, PipelineError, PipelinePlugin, Run, Value};

#[plugo::plugin(
    name = "mysecondplugin",
    of = dyn PipelinePlugin,
    new = MySecondPlugin::new(logger: &Logger)
)]
struct MySecondPlugin;

impl MySecondPlugin {
    fn new(logger: &Logger) -> Self {
        logger.info("Plugin \"MySecondPlugin\" loaded");
        logger.info("Executing initial tasks for MySecondPlugin");
        logger.info("   Version set to v0.1");
        MySecondPlugin
    }
}

impl PipelinePlugin for MySecondPlugin {
    fn class(&self) -> &'static str {
        "MySecondPlugin"
    }

    fn version(&self) -> &'static str {
        "v0.1"
    }

    fn exec(&self, run: &mut Run<'_>) -> Result<Value, PipelineError> {
        let read = run.plugins.get("MyPlugin").and_then(|plugin| plugin.property("internal_value"));
        Ok(match read {
            Ok(value) => value.clone(),
            Err(error) => {
                run.logger.error(error);
                "Failed to retrieve the property from MyPlugin".into()
            }
        })
    }
}
