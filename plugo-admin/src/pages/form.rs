//! A form for settings, from their JSON schema. What a schema describes beyond
//! texts, numbers, choices, objects and lists of those gets a field for JSON.

use askama::Template;

use super::fields::Fields;
use super::text;

/// What stands at a place, as far as a form can show it.
mod shape;
/// A form for values.
mod fill;
/// Values from a form.
mod read;

pub(super) use self::fill::{Filled, fields};
pub(super) use self::read::read;

/// The longest list that has a field for each element; a longer one has one for JSON.
const LONGEST: usize = 200;

/// One field, with those in it.
#[derive(Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    pointer: String,
    label: String,
    help: String,
    error: Option<String>,
    is_required: bool,
    kind: Kind,
}

enum Kind {
    Text {
        value: String,
        input: &'static str,
        hint: String,
        is_long: bool,
    },
    Secret {
        is_set: bool,
        may_be_taken: bool,
        may_edit: bool,
    },
    Check {
        is_on: bool,
    },
    Choice {
        options: Vec<(String, String, bool)>,
    },
    Group {
        fields: Vec<Field>,
    },
    /// A group that may be absent.
    Optional {
        is_on: bool,
        fields: Vec<Field>,
    },
    List {
        elements: Vec<Field>,
        is_full: bool,
    },
    Json {
        text: String,
        /// Whether what was typed is not shown, as there may be a secret in it.
        is_held_back: bool,
        may_edit: bool,
    },
}

impl Field {
    fn name(&self) -> String {
        name(&self.pointer)
    }

    /// The id in the page, which no other field has.
    fn id(&self) -> String {
        let mut id = String::from("s");
        for c in self.pointer.chars() {
            match c {
                c if c.is_ascii_alphanumeric() => id.push(c),
                '/' => id.push('-'),
                c => id.push_str(&format!("_{:x}", u32::from(c))),
            }
        }
        id
    }

    fn described(&self) -> String {
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.id()));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.id()));
        }
        ids.join(" ")
    }

    /// The field as HTML, for the one around it.
    pub(super) fn html(&self) -> String {
        self.render().unwrap_or_default()
    }
}

/// The name of a field in the form.
fn name(pointer: &str) -> String {
    format!("s:{pointer}")
}

fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Whether a button only asks for another form, and nothing is to be saved.
pub(super) fn is_only_another_form(posted: &Fields) -> bool {
    posted.names().any(|name| name == "add:" || name.starts_with("remove:"))
}

#[cfg(test)]
mod tests;
