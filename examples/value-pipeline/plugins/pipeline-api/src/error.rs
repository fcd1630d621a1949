use std::error::Error;
use std::fmt;

/// What goes wrong in a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineError {
    /// No plugin of that kind was registered when one was to run.
    NoHandler(String),
    /// No plugin of that kind is registered.
    NotRegistered(String),
    /// A plugin of that kind is registered already.
    RegisteredTwice(String),
    /// A plugin has no such property.
    NoProperty(String),
    /// No value and no resolver has that name.
    NoResolver(String),
    /// A parameter is not what the plugin needs.
    Parameter {
        /// Its name.
        name: &'static str,
        /// What was given.
        given: String,
        /// What is needed.
        wanted: &'static str,
    },
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PipelineError::NoHandler(kind) => {
                write!(f, "No plugin handler for \"{kind}\" kind found")
            }
            PipelineError::NotRegistered(kind) => {
                write!(f, "Plugin kind \"{kind}\" not registered")
            }
            PipelineError::RegisteredTwice(kind) => {
                write!(f, "Plugin kind \"{kind}\" is registered already")
            }
            PipelineError::NoProperty(name) => {
                write!(f, "Property reference \"{name}\" not found")
            }
            PipelineError::NoResolver(name) => {
                write!(f, "No value and no resolver for \"{name}\"")
            }
            PipelineError::Parameter { name, given, wanted } => {
                write!(f, "Parameter \"{name}\" is {given}, and must be {wanted}")
            }
        }
    }
}

impl Error for PipelineError {}
