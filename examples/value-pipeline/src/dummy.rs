//! The plugin that is built in: it shortens the word.

use pipeline_api::{Logger, PipelineError, PipelinePlugin, Run, Value};

#[plugo::plugin(name = "dummy", of = dyn PipelinePlugin, new = Dummy::new(logger: &Logger))]
struct Dummy;

impl Dummy {
    fn new(logger: &Logger) -> Self {
        logger.info("Plugin \"Dummy\" loaded");
        logger.info("Executing initial tasks for Dummy");
        Dummy
    }
}

impl PipelinePlugin for Dummy {
    fn class(&self) -> &'static str {
        "Dummy"
    }

    fn exec(&self, run: &mut Run<'_>) -> Result<Value, PipelineError> {
        let mut word = match run.values.get("random_word") {
            Some(Value::Text(word)) => word.clone(),
            _ => "not-found".to_owned(),
        };
        run.logger.debug(format_args!("current_word={word}"));
        let size = slice_size(run.parameters.get("slice_size"))?;
        run.logger.debug(format_args!("slice_size={size}"));
        if let Some((end, _)) = word.char_indices().nth(size) {
            word.truncate(end);
        }
        run.logger.debug(format_args!("POST PROCESSING: current_word={word}"));
        Ok(Value::Text(word))
    }
}

/// How many characters stay: 12, unless a parameter says another number.
fn slice_size(given: Option<&Value>) -> Result<usize, PipelineError> {
    let number = match given {
        None => Some(12),
        Some(Value::Number(number)) => usize::try_from(*number).ok(),
        Some(Value::Text(text)) => text.parse().ok(),
        Some(Value::List(_)) => None,
    };
    number.ok_or_else(|| PipelineError::Parameter {
        name: "slice_size",
        given: given.map(Value::to_string).unwrap_or_default(),
        wanted: "a whole number, 0 or more",
    })
}

#[cfg(test)]
mod tests {
    use pipeline_api::{Map, Plugins, Values};

    use super::*;

    fn shortened(size: Option<Value>) -> Result<String, String> {
        let mut values = Values::default();
        values.set("random_word", "wörterbuchartikel".into());
        let mut plugins = Plugins::new(Logger);
        plugins.register(Box::new(Dummy)).unwrap();
        let parameters = size.map_or_else(Map::new, |size| Map::new().with("slice_size", size));
        let run = plugins.execute("dummy", "random_word", &parameters, &mut values);
        run.map(|run| run.result.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_word_is_cut_after_as_many_characters_as_were_asked_for() {
        for (size, expected) in [
            (None, r#""wörterbuchar""#),
            (Some("3".into()), r#""wör""#),
            (Some(Value::Number(99)), r#""wörterbuchartikel""#),
            (Some(Value::Number(0)), r#""""#),
        ] {
            assert_eq!(shortened(size).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_size_that_is_none_is_an_error() {
        for (size, shown) in [(Value::Number(-2), "-2"), ("abc".into(), r#""abc""#)] {
            let expected = format!(
                "Parameter \"slice_size\" is {shown}, and must be a whole number, 0 or more"
            );
            assert_eq!(shortened(Some(size)), Err(expected));
        }
    }
}
