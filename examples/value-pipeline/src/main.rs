//! Plugins that work on named values, one after the other. With the random word replaced,
//! `cargo run -p value-pipeline -- --word ABCDEFGHIJKLMNOPQRSTUVWXYZ` prints:
//!
//! ```text
//! INFO    : Plugin "Dummy" loaded
//! INFO    : Executing initial tasks for Dummy
//! INFO    : Registered plugin "Dummy" version v1
//! INFO    : Current values: {"random_word_length": 100, "random_word": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
//! INFO    : ================================================================================
//! DEBUG   : current_word=ABCDEFGHIJKLMNOPQRSTUVWXYZ
//! DEBUG   : slice_size=12
//! DEBUG   : POST PROCESSING: current_word=ABCDEFGHIJKL
//! INFO    : Current values: {"random_word_length": 100, "random_word": "ABCDEFGHIJKL"}
//! INFO    : ================================================================================
//! INFO    : Plugin "MyPlugin" loaded
//! INFO    : Executing initial tasks for MyPlugin
//! INFO    :    Version set to v0.2
//! INFO    : Registered plugin "MyPlugin" version v0.2
//! INFO    : Registered classes: ["dummy", "myplugin"]
//! INFO    : Plugin "MySecondPlugin" loaded
//! INFO    : Executing initial tasks for MySecondPlugin
//! INFO    :    Version set to v0.1
//! INFO    : Registered plugin "MySecondPlugin" version v0.1
//! INFO    : Registered classes: ["dummy", "myplugin", "mysecondplugin"]
//! INFO    : ================================================================================
//! INFO    : [MyPlugin:v0.2] result.result: ["random_word_length", "random_word"]
//! INFO    : Current values: {"random_word_length": 100, "random_word": "ABCDEFGHIJKL", "test": ["random_word_length", "random_word"]}
//! INFO    : ================================================================================
//! INFO    : [MySecondPlugin:v0.1] result.result: This is the value stored within MyPlugin
//! INFO    : Current values: {"random_word_length": 100, "random_word": "ABCDEFGHIJKL", "test": ["random_word_length", "random_word"], "test2": "This is the value stored within MyPlugin"}
//! INFO    : ================================================================================
//! INFO    : Plugin kind "Dummy" version: v1
//! INFO    : Plugin kind "MyPlugin" version: v0.2
//! INFO    : Plugin kind "MySecondPlugin" version: v0.1
//! ```
//!
//! Maps and lists are shown as JSON shows them. Without `--word`, the word has 100 random letters
//! and digits.

#![forbid(unsafe_code)]

mod dummy;
mod word;

use anyhow::Context as _;
use pipeline_api::{ExecutionResult, Logger, Map, PipelinePlugin, Plugins, Value, Values};

use crate::word::Word;

plugo::plugins!();

fn main() -> anyhow::Result<()> {
    let word = Word::from_arguments(std::env::args().skip(1))?;
    let logger = Logger;
    let mut values = Values::default();
    values.add_resolver("random_word", move |parameters| word.resolve(parameters));
    values.set("random_word_length", Value::Number(100));
    values.resolve("random_word", &Map::new())?;

    let mut plugins = Plugins::new(logger);
    start("dummy", &mut plugins, logger)?;
    show(logger, &values);
    plugins.execute("Dummy", "random_word", &Map::new(), &mut values)?;
    show(logger, &values);

    for name in ["myplugin", "mysecondplugin"] {
        start(name, &mut plugins, logger)?;
        logger.info(format_args!("Registered classes: {}", plugins.kinds()));
    }
    logger.info(line());
    for (kind, reference) in [("MyPlugin", "test"), ("MySecondPlugin", "test2")] {
        let run = plugins.execute(kind, reference, &Map::new(), &mut values)?;
        let ExecutionResult { class, version, result } = run;
        logger.info(format_args!("[{class}:{version}] result.result: {}", plain(&result)));
        show(logger, &values);
    }
    for plugin in plugins.iter() {
        let (class, version) = (plugin.class(), plugin.version());
        logger.info(format_args!("Plugin kind \"{class}\" version: {version}"));
    }
    Ok(())
}

/// Makes a plugin that this build contains, and registers it.
fn start(name: &str, plugins: &mut Plugins, logger: Logger) -> anyhow::Result<()> {
    let item = plugo::items::<dyn PipelinePlugin>().get(name)?;
    let plugin = item.create_with(plugo::kwargs! { logger: &logger })?;
    plugins.register(plugin).with_context(|| format!("cannot start `{name}`"))
}

fn show(logger: Logger, values: &Values) {
    logger.info(format_args!("Current values: {}", values.known()));
    logger.info(line());
}

fn line() -> String {
    "=".repeat(80)
}

/// A text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}
