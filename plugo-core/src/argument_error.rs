use std::fmt;

use crate::name::nearest;

/// A parameter that the app's arguments do not satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
// One pointer, so that what gives a parameter or an error fits into registers.
pub struct ArgumentError(Box<Unsatisfied>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unsatisfied {
    parameter: &'static str,
    wanted: String,
    given: Option<String>,
    /// The names that the app gives, where this one is not among them.
    offered: Vec<&'static str>,
}

impl ArgumentError {
    /// With the names of all arguments, which tell a mistake in one.
    pub(crate) fn beside(mut self, offered: Vec<&'static str>) -> Self {
        self.0.offered = offered;
        self
    }

    // Not generic and never inlined: each plugin has code that may fail, and what it
    // does then should stand in the program once.
    #[cold]
    #[inline(never)]
    pub(crate) fn missing(parameter: &'static str, reference: &str, wanted: &str) -> Self {
        let wanted = format!("{reference}{wanted}");
        let unsatisfied = Unsatisfied { parameter, wanted, given: None, offered: Vec::new() };
        ArgumentError(Box::new(unsatisfied))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn mistyped(
        parameter: &'static str,
        reference: &str,
        wanted: &str,
        given: String,
    ) -> Self {
        let mut error = ArgumentError::missing(parameter, reference, wanted);
        error.0.given = Some(given);
        error
    }

    /// The name of the parameter.
    pub fn parameter(&self) -> &'static str {
        self.0.parameter
    }

    /// The type that the init function wants.
    pub fn wanted(&self) -> &str {
        &self.0.wanted
    }

    /// The type that the app gave; `None` when it gave nothing by that name.
    pub fn given(&self) -> Option<&str> {
        self.0.given.as_deref()
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsatisfied { parameter, wanted, given, offered } = &*self.0;
        if let Some(given) = given {
            return write!(f, "argument `{parameter}` is `{given}` (wanted: `{wanted}`)");
        }
        write!(f, "the app gives no argument `{parameter}` (wanted: `{wanted}`)")?;
        if *parameter == "manager" && wanted.ends_with("PluginManager") {
            return f.write_str("; a `PluginManager` gives it to the plugins that it loads");
        }
        if !offered.is_empty() {
            write!(f, "; it gives `{}`", offered.join("`, `"))?;
        }
        match nearest(parameter, offered.iter().copied()) {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ArgumentError {}
