use std::error::Error;
use std::fmt;

use crate::argument_error::ArgumentError;

/// The error type that plugins' errors are kept in.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a plugin failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The app's arguments do not satisfy a parameter.
    Argument(ArgumentError),
    /// The plugin gave an error.
    Error(BoxError),
    /// The plugin panicked, with this message.
    Panic(String),
    /// The plugin is being loaded already: it loads the plugins itself.
    Recursive,
    /// It waits for itself, through those named here. The last is the first again.
    /// In another namespace than the default one a name is `namespace/name`.
    Circle(Vec<String>),
    /// The plugin is `async`, and what called it is not.
    Async,
    /// What awaited the plugin was dropped before it was done.
    Cancelled,
}

impl Failure {
    /// The plugin's own error, or the one about an argument.
    pub(crate) fn as_error(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Error(error) => Some(&**error),
            Failure::Argument(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Argument(error) => write!(f, "{error}"),
            Failure::Error(error) => f.write_str(&with_causes(&**error)),
            Failure::Panic(message) => write!(f, "it panicked: {message}"),
            Failure::Recursive => f.write_str("it loads the plugins, itself among them"),
            Failure::Circle(names) => write_circle(f, names),
            Failure::Async => f.write_str(
                "it is async, which needs `load_plugins_async` instead of `load_plugins`, or the \
                 manager's functions that end in `_async`",
            ),
            Failure::Cancelled => f.write_str("what awaited it was dropped before it was done"),
        }
    }
}

/// The text of an error with those of its causes. A cause that the text ends
/// with was said: many errors say their causes themselves.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// `a` waits for `b`, which waits for `a`.
pub(crate) fn write_circle(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    match names {
        [first, second, rest @ ..] => {
            write!(f, "`{first}` waits for `{second}`")?;
            rest.iter().try_for_each(|name| write!(f, ", which waits for `{name}`"))
        }
        _ => f.write_str("it waits for itself"),
    }
}
