use std::any::{Any, type_name};
use std::fmt;
use std::sync::OnceLock;

use plugo_core::Kwargs;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::problem::{Problem, Problems};
use crate::secrets::each_secret;
use crate::shape::join;

/// A type that an item's settings may have. Every type is one that derives
/// `Deserialize` and `JsonSchema` and can be shared between threads.
///
/// ```
/// use plugo_settings::{Secret, Settings};
/// # use plugo_settings::{schemars, serde};
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct StripeSettings {
///     api_key: Secret,
///     #[serde(default)]
///     retries: u8,
/// }
///
/// fn is_settings<S: Settings>() {}
/// is_settings::<StripeSettings>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the settings of an item",
    label = "settings derive `Deserialize` and `JsonSchema`, and are `Send + Sync + 'static`",
    note = "write `#[derive(serde::Deserialize, schemars::JsonSchema)]` on it; both crates are in \
            `plugo::settings`"
)]
pub trait Settings: DeserializeOwned + JsonSchema + Send + Sync + 'static {}

// An error about this would name whichever of the bounds comes first.
#[diagnostic::do_not_recommend]
impl<S: DeserializeOwned + JsonSchema + Send + Sync + 'static> Settings for S {}

/// What an item carries of its settings, for those who know neither the item nor
/// the type: the schema, and making an instance from a JSON value.
///
/// ```
/// # use plugo_settings as settings;
/// # use settings::{schemars, serde};
/// use settings::{Form, Secret, serde_json::json};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct StripeSettings {
///     api_key: Secret,
/// }
///
/// static FORM: Form = Form::of::<StripeSettings>();
/// assert_eq!(FORM.schema()["properties"]["api_key"]["writeOnly"], json!(true));
/// let problems = FORM.fits(&json!({})).unwrap_err();
/// assert_eq!(problems.to_string(), "/api_key is missing");
/// ```
pub struct Form {
    name: fn() -> &'static str,
    make_schema: fn() -> Value,
    schema: OnceLock<Value>,
    construct: Construct,
}

/// Calls a function with the arguments, once, if the value can be read.
type Construct =
    fn(&Value, Kwargs<'_>, &mut dyn FnMut(Kwargs<'_>)) -> Result<(), (String, Problem)>;

impl Form {
    /// The form of a type.
    pub const fn of<S: Settings>() -> Self {
        Form {
            name: type_name::<S>,
            make_schema: || {
                let generator = SchemaGenerator::default();
                generator.into_root_schema_for::<S>().to_value()
            },
            schema: OnceLock::new(),
            construct: |value, kwargs, call| {
                let settings: S = serde_path_to_error::deserialize(value)
                    .map_err(|error| refused(value, error.path(), &error.inner().to_string()))?;
                call(kwargs.with("settings", &settings));
                Ok(())
            },
        }
    }

    /// The form that an item carries, if it carries one of this crate.
    ///
    /// ```
    /// # use plugo_settings as settings;
    /// for known in plugo_core::plugin_types() {
    ///     for item in known.items() {
    ///         if let Some(form) = item.settings().and_then(settings::Form::carried) {
    ///             println!("{}: {}", item.plugin().name(), form.schema());
    ///         }
    ///     }
    /// }
    /// ```
    pub fn carried(by: &'static (dyn Any + Sync)) -> Option<&'static Form> {
        (by as &'static dyn Any).downcast_ref()
    }

    /// The name of the type, as the compiler writes it.
    pub fn type_name(&self) -> &'static str {
        (self.name)()
    }

    /// The JSON schema (2020-12) of the settings.
    pub fn schema(&self) -> &Value {
        self.schema.get_or_init(self.make_schema)
    }

    /// Whether a constructor could get these settings. The first problem is told;
    /// `check`, with the feature of that name, tells all.
    ///
    /// # Errors
    ///
    /// What does not fit, and where.
    pub fn fits(&self, settings: &Value) -> Result<(), Problems> {
        self.construct(settings, Kwargs::new(), |_| ())
    }

    /// Every problem of these settings: those that the schema tells, and the one that
    /// only the type knows. Names that the schema does not have are problems too,
    /// though a constructor would not mind them.
    ///
    /// # Errors
    ///
    /// What does not fit, and where.
    #[cfg(feature = "check")]
    pub fn check(&self, settings: &Value) -> Result<(), Problems> {
        self.check_hiding(settings, &[])
    }

    /// The same, where more is secret than the schema says: see
    /// [`check_hiding`](crate::check_hiding).
    ///
    /// # Errors
    ///
    /// What does not fit, and where.
    #[cfg(feature = "check")]
    pub fn check_hiding(&self, settings: &Value, hidden: &[String]) -> Result<(), Problems> {
        let by_schema = crate::check::check_hiding(self.schema(), settings, hidden);
        let mut problems: Vec<Problem> = by_schema.err().into_iter().flatten().collect();
        let by_type = self.construct_hiding(settings, hidden, Kwargs::new(), |_| ());
        for problem in by_type.err().into_iter().flatten() {
            // Mostly it is the same again, in the words of a parser.
            let place = problem.pointer();
            let is_near = |known: &Problem| {
                known.pointer().starts_with(place) || place.starts_with(known.pointer())
            };
            if !problems.iter().any(is_near) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }

    /// Reads the settings and calls a function with the arguments of the app and,
    /// as `settings`, a reference to them: what the constructor of the item takes.
    ///
    /// ```
    /// # use plugo_settings as settings;
    /// # use settings::{schemars, serde};
    /// use settings::{Form, serde_json::json};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Greeting {
    ///     text: String,
    /// }
    ///
    /// static FORM: Form = Form::of::<Greeting>();
    /// let text = FORM.construct(&json!({ "text": "hello" }), plugo_core::Kwargs::new(), |mut kwargs| {
    ///     let settings: &Greeting = kwargs.get("settings").expect("it is always there");
    ///     settings.text.clone()
    /// });
    /// assert_eq!(text.unwrap(), "hello");
    /// ```
    ///
    /// # Errors
    ///
    /// What does not fit, and where. The function is not called then. The value of a
    /// secret is not in it, whatever the type's own message is.
    pub fn construct<R>(
        &self,
        settings: &Value,
        kwargs: Kwargs<'_>,
        make: impl FnOnce(Kwargs<'_>) -> R,
    ) -> Result<R, Problems> {
        self.construct_hiding(settings, &[], kwargs, make)
    }

    /// The same, where more is secret than the schema says, as what was one when it was
    /// stored: what is said of these places, JSON pointers, does not show their values.
    ///
    /// # Errors
    ///
    /// Those of [`construct`](Self::construct).
    pub fn construct_hiding<R>(
        &self,
        settings: &Value,
        hidden: &[String],
        kwargs: Kwargs<'_>,
        make: impl FnOnce(Kwargs<'_>) -> R,
    ) -> Result<R, Problems> {
        let (mut make, mut made) = (Some(make), None);
        let result = (self.construct)(settings, kwargs, &mut |kwargs| {
            made = make.take().map(|make| make(kwargs));
        });
        let problem = match (result, made) {
            (Ok(()), Some(made)) => return Ok(made),
            (Ok(()), None) => Problem::new("", "was not read"),
            (Err((text, problem)), _) => self.without_secrets(settings, hidden, &text, problem),
        };
        Err(vec![problem].into())
    }

    /// A problem whose place ends at a secret, and whose text, which is the type's own,
    /// holds none.
    fn without_secrets(
        &self,
        settings: &Value,
        hidden: &[String],
        text: &str,
        problem: Problem,
    ) -> Problem {
        let mut secrets: Vec<String> = hidden.to_vec();
        let visited: Result<(), std::convert::Infallible> =
            each_secret(self.schema(), &mut settings.clone(), &mut |pointer, _| {
                secrets.push(pointer.to_owned());
                Ok(())
            });
        match visited {
            Ok(()) => {}
        }
        let is_around = |secret: &&String| {
            problem
                .pointer()
                .strip_prefix(secret.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let around = secrets.iter().filter(is_around).min_by_key(|secret| secret.len());
        let gives_away = around.is_some()
            || secrets
                .iter()
                .filter_map(|secret| settings.pointer(secret))
                .any(|secret| holds(text, secret));
        match gives_away {
            true => Problem::new(
                around.map_or(problem.pointer(), String::as_str),
                "does not fit; what the plugin says of it holds a secret, and is not shown",
            ),
            false => problem,
        }
    }
}

/// Whether a text holds a value, or one that is within it.
fn holds(text: &str, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(value) => {
            // As it is, and as `Debug` writes it.
            let escaped = format!("{value:?}");
            !value.is_empty() && (text.contains(value) || text.contains(escaped.trim_matches('"')))
        }
        Value::Bool(_) | Value::Number(_) => text.contains(&value.to_string()),
        Value::Array(all) => all.iter().any(|value| holds(text, value)),
        Value::Object(all) => {
            all.iter().any(|(name, value)| text.contains(name) || holds(text, value))
        }
    }
}

/// What the parser says, as a problem; with its own text.
fn refused(value: &Value, path: &Path, text: &str) -> (String, Problem) {
    let pointer = pointer(value, path);
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let problem = match missing {
        Some(field) => Problem::new(join(&pointer, field), "is missing"),
        None => Problem::new(pointer, format!("does not fit: {text}")),
    };
    (text.to_owned(), problem)
}

/// The place as a JSON pointer. The name of a variant is a step only where it
/// stands in the value.
fn pointer(mut value: &Value, path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let (step, inner) = match segment {
            Segment::Seq { index } => (index.to_string(), value.get(index)),
            Segment::Map { key } => (key.clone(), value.get(key)),
            Segment::Enum { variant } => match value.get(variant) {
                Some(inner) => (variant.clone(), Some(inner)),
                None => continue,
            },
            Segment::Unknown => break,
        };
        pointer = join(&pointer, &step);
        value = inner.unwrap_or(&Value::Null);
    }
    pointer
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({})", self.type_name())
    }
}

#[cfg(test)]
mod tests;
