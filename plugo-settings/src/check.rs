use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;
use plugo_core::name::nearest;
use serde_json::Value;

use crate::problem::{Problem, Problems};
use crate::secrets::each_secret;
use crate::shape::{Shape, join};

/// Every problem that a schema tells of a value, in plain words, and beside what
/// the schema says:
///
/// - a number that the type which `format` names cannot hold,
/// - a member that it does not name, unless it says that there may be others; a
///   program would ignore that, and an operator has mistyped it,
/// - a secret that is empty: in a form that means "as it was", and there was none.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({
///     "type": "object",
///     "properties": { "retries": { "type": "integer" }, "url": { "type": "string" } },
///     "required": ["url"]
/// });
/// let problems = settings::check(&schema, &json!({ "retires": 3, "retries": "3" })).unwrap_err();
/// let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
/// assert_eq!(lines, [
///     "/retires is unknown; did you mean `retries`?",
///     "/retries is \"3\", where a whole number is wanted",
///     "/url is missing",
/// ]);
/// ```
///
/// # Errors
///
/// The problems, each with the JSON pointer of its place.
pub fn check(schema: &Value, value: &Value) -> Result<(), Problems> {
    check_hiding(schema, value, &[])
}

/// The same, where more is secret than the schema says, as what was one when it was
/// stored: what is said of these places, JSON pointers, does not show their values.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({ "properties": { "pin": { "type": "integer" } } });
/// let value = json!({ "pin": "hunter2" });
/// let problems = settings::check_hiding(&schema, &value, &["/pin".to_owned()]).unwrap_err();
/// let said = "/pin is not what it should be, where a whole number is wanted";
/// assert_eq!(problems.to_string(), said);
/// ```
///
/// # Errors
///
/// Those of [`check`].
pub fn check_hiding(schema: &Value, value: &Value, hidden: &[String]) -> Result<(), Problems> {
    let mut found = Found { shape: Shape::of(schema), hidden, problems: Vec::new() };
    // What the schema refers to is in it: nothing is read from anywhere.
    match jsonschema::options().should_validate_formats(true).offline().build(schema) {
        Ok(validator) => {
            validator.iter_errors(value).for_each(|error| found.report(&error));
        }
        Err(error) => {
            let message = format!("cannot be looked at: the plugin's schema is wrong: {error}");
            found.add(String::new(), message);
        }
    }
    unknown(&Shape::of(schema), "", value, &mut found);
    let _ = each_secret(schema, &mut value.clone(), &mut |pointer, secret| {
        if secret.as_str() == Some("") {
            found.add(pointer.to_owned(), no_secret(is_in_list(value, pointer)).to_owned());
        }
        Ok::<(), std::convert::Infallible>(())
    });
    match found.problems.is_empty() {
        true => Ok(()),
        false => Err(found.problems.into()),
    }
}

/// What an empty secret is told, for which [`merge`](crate::merge) found none.
fn no_secret(is_in_list: bool) -> &'static str {
    match is_in_list {
        false => "is empty, and there is none to keep",
        true => {
            "is empty, and there is none to keep: what was changed in a list needs its secrets \
             again, and in a list of nothing but secrets all of them"
        }
    }
}

/// Whether an element of a list is on the way to a place.
fn is_in_list(value: &Value, pointer: &str) -> bool {
    let parents = pointer.match_indices('/').map(|(at, _)| &pointer[..at]);
    parents.filter_map(|parent| value.pointer(parent)).any(Value::is_array)
}

struct Found<'s> {
    shape: Shape<'s>,
    /// What is secret beside what the schema says.
    hidden: &'s [String],
    problems: Vec<Problem>,
}

impl<'s> Found<'s> {
    /// The first word about a place stands. What is within a secret, names too, is part
    /// of it.
    fn add(&mut self, pointer: String, message: String) {
        let (pointer, message) = match self.secret_around(&pointer) {
            Some(secret) if secret != pointer => (secret.to_owned(), is(None)),
            _ => (pointer, message),
        };
        if !self.problems.iter().any(|known| known.pointer() == pointer) {
            self.problems.push(Problem::new(pointer, message));
        }
    }

    /// What the validator says, in other words.
    fn report(&mut self, error: &ValidationError<'_>) {
        let pointer = error.instance_path().to_string();
        match error.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.add(join(&pointer, name), "is missing".to_owned());
            }
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let known = self.at(&pointer).names().collect::<BTreeSet<_>>();
                for name in unexpected {
                    self.add(join(&pointer, name), unknown_name(name, &known));
                }
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.report_branches(&pointer, error.instance(), context);
            }
            Kind::PropertyNames { error } => {
                let name = error.instance().as_str().unwrap_or_default();
                let message =
                    format!("has a name that is not allowed here: {}", words(error, None));
                self.add(join(&pointer, name), message);
            }
            _ => {
                let shown = self.may_be_shown(&pointer).then_some(&**error.instance());
                self.add(pointer, words(error, shown));
            }
        }
    }

    /// A value fits none of several forms: what is wrong with the form that it
    /// resembles most, or what it could be.
    fn report_branches(
        &mut self,
        pointer: &str,
        value: &Value,
        branches: &[Vec<ValidationError<'static>>],
    ) {
        // Whether a form is another one altogether: by its type, or by its tag.
        let names: BTreeSet<&str> = self.at(pointer).names().collect();
        let is_other = |error: &ValidationError<'_>| {
            let path = error.instance_path().to_string();
            match error.kind() {
                // The value has what another form has.
                Kind::AdditionalProperties { unexpected } => {
                    path == pointer && unexpected.iter().any(|name| names.contains(&**name))
                }
                Kind::Type { .. } => path == pointer,
                Kind::Constant { .. } | Kind::Enum { .. } => {
                    path.strip_prefix(pointer).is_some_and(|rest| rest.matches('/').count() < 2)
                }
                _ => false,
            }
        };
        let alike = branches.iter().filter(|errors| !errors.iter().any(is_other));
        if let Some(nearest) = alike.min_by_key(|errors| errors.len()) {
            nearest.iter().for_each(|error| self.report(error));
            return;
        }
        let others = branches.iter().flatten().filter(|error| is_other(error));
        let mut wanted: Vec<(String, String)> = Vec::new();
        for error in others {
            let pair = (error.instance_path().to_string(), self::wanted(error));
            if !wanted.contains(&pair) {
                wanted.push(pair);
            }
        }
        // A tag tells more than the type of the whole.
        let place = wanted.iter().map(|(path, _)| path.clone()).max_by_key(String::len);
        let place = place.unwrap_or_else(|| pointer.to_owned());
        let texts = wanted.into_iter().filter(|(path, _)| *path == place).map(|(_, text)| text);
        let texts = texts.collect::<Vec<_>>().join(" or ");
        let instance = value.pointer(place.strip_prefix(pointer).unwrap_or_default());
        let shown = instance.filter(|_| self.may_be_shown(&place));
        self.add(place, format!("{}, where {texts} is wanted", is(shown)));
    }

    fn at(&self, pointer: &str) -> Shape<'s> {
        let steps =
            pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        steps.fold(self.shape.clone(), |shape, step| {
            let member = shape.property(&step);
            match step.parse() {
                Ok(index) if !member.is_described() => shape.element(index),
                _ => member,
            }
        })
    }

    /// The secret that a place is, or is within.
    fn secret_around<'p>(&self, pointer: &'p str) -> Option<&'p str> {
        let mut ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
        let end = ends.find(|end| {
            let place = &pointer[..*end];
            self.hidden.iter().any(|hidden| hidden == place) || self.at(place).is_secret()
        });
        end.map(|end| &pointer[..end])
    }

    /// Whether a value may be shown: also one that stands where there may be a secret
    /// within, since somebody may have typed that one level too high.
    fn may_be_shown(&self, pointer: &str) -> bool {
        self.secret_around(pointer).is_none() && !self.at(pointer).leads_to_secret()
    }
}

/// Names that the schema does not have, and numbers that are too large for their type.
fn unknown(shape: &Shape<'_>, pointer: &str, value: &Value, found: &mut Found<'_>) {
    if shape.is_secret() || found.hidden.iter().any(|hidden| hidden == pointer) {
        return;
    }
    match value {
        Value::Object(members) => {
            let known: BTreeSet<&str> = shape.names().collect();
            for (name, member) in members {
                let place = join(pointer, name);
                if !known.contains(name.as_str()) && !shape.is_open() {
                    found.add(place, unknown_name(name, &known));
                } else {
                    unknown(&shape.property(name), &place, member, found);
                }
            }
        }
        Value::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                unknown(&shape.element(i), &join(pointer, &i.to_string()), element, found);
            }
        }
        Value::Number(number) => {
            if let Some(limits) = number.as_f64().and_then(|number| beyond(number, shape)) {
                let shown = value.to_string();
                found.add(pointer.to_owned(), format!("is {shown}, and must be {limits}"));
            }
        }
        _ => {}
    }
}

/// Between what a number has to be that its type cannot hold; `None` where some type that
/// may stand there can. A number that is too large for an `f32` would become infinite.
fn beyond(number: f64, shape: &Shape<'_>) -> Option<String> {
    let mut limits = None;
    for format in shape.formats() {
        let (least, most) = match format {
            "float" => (f64::from(f32::MIN), f64::from(f32::MAX)),
            "int32" => (f64::from(i32::MIN), f64::from(i32::MAX)),
            "uint32" => (0.0, f64::from(u32::MAX)),
            _ => return None,
        };
        if (least..=most).contains(&number) {
            return None;
        }
        limits = Some(match format {
            "float" => format!("from {least:e} to {most:e}"),
            _ => format!("from {least} to {most}"),
        });
    }
    limits
}

fn unknown_name(name: &str, known: &BTreeSet<&str>) -> String {
    let all: Vec<&str> = known.iter().copied().collect();
    match nearest(name, all.iter().copied()) {
        Some(nearest) => format!("is unknown; did you mean `{nearest}`?"),
        None if all.is_empty() => "is unknown; there is nothing to set here".to_owned(),
        None => format!("is unknown; there is `{}`", all.join("`, `")),
    }
}

/// What is wrong, as the rest of a sentence. A value is shown unless it is secret.
fn words(error: &ValidationError<'_>, shown: Option<&Value>) -> String {
    let is = is(shown);
    match error.kind() {
        Kind::Type { .. } => format!("{is}, where {} is wanted", wanted(error)),
        Kind::Constant { .. } | Kind::Enum { .. } => format!("{is}, and must be {}", wanted(error)),
        Kind::Minimum { limit } => format!("{is}, and must be at least {limit}"),
        Kind::Maximum { limit } => format!("{is}, and must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{is}, and must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{is}, and must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => {
            format!("{is}, and must be a multiple of {multiple_of}")
        }
        Kind::MinLength { limit: 1 } => "is empty".to_owned(),
        Kind::MinLength { limit } => format!("is too short: it has at least {limit} characters"),
        Kind::MaxLength { limit } => format!("is too long: it has at most {limit} characters"),
        Kind::MinItems { limit } => format!("has too few elements: it has at least {limit}"),
        Kind::MaxItems { limit } => format!("has too many elements: it has at most {limit}"),
        Kind::AdditionalItems { limit } => format!("has too many elements: it has {limit}"),
        Kind::MinProperties { limit } => format!("has too few members: it has at least {limit}"),
        Kind::MaxProperties { limit } => format!("has too many members: it has at most {limit}"),
        Kind::UniqueItems => "has an element twice".to_owned(),
        Kind::Pattern { pattern } => format!("{is}, which does not match the pattern `{pattern}`"),
        Kind::Format { format } => format!("{is}, which is no valid `{format}`"),
        Kind::OneOfMultipleValid { .. } => "fits several forms, and must fit one".to_owned(),
        Kind::FalseSchema => "must not be here".to_owned(),
        other => format!("{is}, which `{}` in the schema refuses", other.keyword()),
    }
}

/// What a place has to be.
fn wanted(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => noun(*kind).to_owned(),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            kinds.into_iter().map(noun).collect::<Vec<_>>().join(" or ")
        }
        Kind::Constant { expected_value } => expected_value.to_string(),
        Kind::Enum { options } => {
            let all = options.as_array().into_iter().flatten();
            all.map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        }
        other => format!("something that `{}` in the schema allows", other.keyword()),
    }
}

fn noun(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "nothing (null)",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Array => "a list",
        JsonType::Object => "an object",
    }
}

/// "is …", with the value if it may be shown and is not long.
fn is(shown: Option<&Value>) -> String {
    const LONG: usize = 60;
    match shown {
        None => "is not what it should be".to_owned(),
        Some(Value::Array(_)) => "is a list".to_owned(),
        Some(Value::Object(_)) => "is an object".to_owned(),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(LONG) {
                Some((end, _)) => format!("is {}…", &text[..end]),
                None => format!("is {text}"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
