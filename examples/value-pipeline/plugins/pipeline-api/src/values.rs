use crate::error::PipelineError;
use crate::value::{Map, Value};

type Resolver = Box<dyn Fn(&Map) -> Value + Send + Sync>;

/// Named values: those that are known, and resolvers for those that are made
/// when they are first asked for.
#[derive(Default)]
pub struct Values {
    resolvers: Vec<(String, Resolver)>,
    cache: Map,
}

impl Values {
    /// Says how a value is made, out of parameters.
    pub fn add_resolver(
        &mut self,
        name: &str,
        resolver: impl Fn(&Map) -> Value + Send + Sync + 'static,
    ) {
        self.resolvers.retain(|(known, _)| known != name);
        self.resolvers.push((name.to_owned(), Box::new(resolver)));
    }

    /// Sets a value, over what was there.
    pub fn set(&mut self, name: &str, value: Value) {
        self.cache.set(name, value);
    }

    /// Makes a value, unless it is known. The resolver gets the parameters,
    /// and after them every known value of another name.
    ///
    /// # Errors
    ///
    /// [`PipelineError::NoResolver`].
    pub fn resolve(&mut self, name: &str, parameters: &Map) -> Result<&Value, PipelineError> {
        if self.cache.get(name).is_none() {
            let resolver = self.resolvers.iter().find(|(known, _)| known == name);
            let (_, resolver) =
                resolver.ok_or_else(|| PipelineError::NoResolver(name.to_owned()))?;
            let value = resolver(&parameters.or(&self.cache));
            self.cache.set(name, value);
        }
        self.cache.get(name).ok_or_else(|| PipelineError::NoResolver(name.to_owned()))
    }

    /// A value if it is known.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.cache.get(name)
    }

    /// Every known value.
    pub fn known(&self) -> &Map {
        &self.cache
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths() -> Values {
        let mut values = Values::default();
        values.add_resolver("word", |parameters| match parameters.get("length") {
            Some(Value::Number(length)) => Value::Text("x".repeat(*length as usize)),
            _ => "default".into(),
        });
        values
    }

    #[test]
    fn a_resolver_gets_the_parameters_that_were_given_and_then_what_is_known() {
        let mut values = lengths();
        assert_eq!(values.resolve("word", &Map::new()), Ok(&"default".into()));
        let mut values = lengths();
        values.set("length", Value::Number(2));
        assert_eq!(values.resolve("word", &Map::new()), Ok(&"xx".into()));
        let mut values = lengths();
        values.set("length", Value::Number(2));
        let given = Map::new().with("length", Value::Number(3));
        assert_eq!(values.resolve("word", &given), Ok(&"xxx".into()), "what is given wins");
        assert_eq!(values.resolve("word", &Map::new()), Ok(&"xxx".into()), "and is made once");
    }

    #[test]
    fn a_value_that_nobody_makes_is_an_error() {
        let error = lengths().resolve("wrd", &Map::new()).unwrap_err();
        assert_eq!(error, PipelineError::NoResolver("wrd".to_owned()));
    }

    #[test]
    fn setting_a_value_again_keeps_its_place() {
        let mut values = Values::default();
        for (name, value) in [("a", 1), ("b", 2), ("a", 3)] {
            values.set(name, Value::Number(value));
        }
        assert_eq!(values.known().to_string(), r#"{"a": 3, "b": 2}"#);
    }
}
