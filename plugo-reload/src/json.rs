use std::collections::BTreeSet;
use std::fmt;

use plugo_core::name::nearest;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::Problem;

/// A value of a JSON file that knows where it stands. What is wrong with it is
/// said in the words in which a build says it.
#[derive(Clone, Copy)]
pub(crate) struct Value<'t> {
    /// The name of the file, for messages.
    shown: &'t str,
    file: &'t str,
    raw: &'t str,
}

impl<'t> Value<'t> {
    /// All of a file.
    pub(crate) fn of(file: &'t str, shown: &'t str) -> Result<Self, Problem> {
        match serde_json::from_str::<&RawValue>(file) {
            Ok(raw) => Ok(Value { shown, file, raw: raw.get() }),
            Err(error) => {
                let lines = file.split_inclusive('\n').take(error.line().saturating_sub(1));
                let at = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
                let message = format!("`{shown}` is not JSON: {}", without_place(&error));
                let problem = Problem::new(message).at(place(shown, file, at));
                Err(match common_mistake(file, at, error.is_eof()) {
                    Some(help) => problem.help(help),
                    None => problem,
                })
            }
        }
    }

    /// `file:line:column`.
    pub(crate) fn place(&self) -> String {
        place(self.shown, self.file, offset(self.file, self.raw))
    }

    pub(crate) fn bool(&self, what: &str) -> Result<bool, Problem> {
        serde_json::from_str(self.raw).map_err(|_| self.mistyped(what, "true or false"))
    }

    pub(crate) fn string(&self, what: &str) -> Result<String, Problem> {
        serde_json::from_str(self.raw).map_err(|_| self.mistyped(what, "a string"))
    }

    pub(crate) fn array(&self, what: &str, of: &str) -> Result<Vec<Value<'t>>, Problem> {
        let items: Vec<&'t RawValue> = serde_json::from_str(self.raw)
            .map_err(|_| self.mistyped(what, &format!("an array of {of}")))?;
        Ok(items.into_iter().map(|raw| Value { raw: raw.get(), ..*self }).collect())
    }

    /// The values of these fields; what else there is, is wrong.
    pub(crate) fn object<const N: usize>(
        &self,
        what: &str,
        fields: [&str; N],
        problems: &mut Vec<Problem>,
    ) -> Option<[Option<Value<'t>>; N]> {
        let Ok(Entries(entries)) = serde_json::from_str::<Entries<'t>>(self.raw) else {
            problems.push(self.mistyped(what, "an object"));
            return None;
        };
        let mut values = [None; N];
        let mut seen = BTreeSet::new();
        for (key, raw) in entries {
            let key = Value { raw: key.get(), ..*self };
            // It is a string, or the file would not be JSON.
            let name = key.string("a key").unwrap_or_default();
            if !seen.insert(name.clone()) {
                let message = format!("the key `{name}` stands here for the second time");
                problems.push(Problem::new(message).at(key.place()));
            } else if let Some(at) = fields.iter().position(|field| *field == name) {
                values[at] = Some(Value { raw: raw.get(), ..*self });
            } else {
                let help =
                    format!("{}the fields are {}", did_you_mean(&name, fields), list(fields));
                let problem = Problem::new(format!("{what} has no field `{name}`"));
                problems.push(problem.at(key.place()).help(help));
            }
        }
        Some(values)
    }

    fn mistyped(&self, what: &str, wanted: &str) -> Problem {
        let is = match self.raw.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "an array".to_owned(),
            Some(b'"') => {
                let text: String = serde_json::from_str(self.raw).unwrap_or_default();
                format!("the string {:?}", text.chars().take(40).collect::<String>())
            }
            Some(b't' | b'f') => format!("the boolean {}", self.raw),
            Some(b'n') => "null".to_owned(),
            _ => format!("the number {}", self.raw),
        };
        Problem::new(format!("{what} must be {wanted}, and is {is}")).at(self.place())
    }
}

/// "did you mean `x`? ", where a known name is alike.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(name, known).map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default()
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn list<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.pop() {
        None => "none".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

/// The error without its place, which is told apart.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// What people mean who write what other languages allow, and what else is often
/// the matter.
fn common_mistake(file: &str, at: usize, is_cut_off: bool) -> Option<String> {
    if file.trim().is_empty() {
        return Some("the file is empty; an empty selection is `{ \"plugins\": [] }`".to_owned());
    }
    let (before, rest) = file.split_at_checked(at)?;
    if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') {
        return Some("JSON has no comments".to_owned());
    }
    let before = before.trim_end();
    if rest.starts_with([']', '}']) && before.ends_with(',') {
        let comma = line_and_column(file, before.len() - 1);
        return Some(format!("JSON has no comma behind the last entry: remove the one at {comma}"));
    }
    is_cut_off.then(|| {
        "its end is missing; write the file beside its place and rename it into it, so that nobody \
         reads half of it"
            .to_owned()
    })
}

/// Where a part of a text begins in it. serde_json borrows raw values from what it
/// reads.
fn offset(file: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(file.as_ptr() as usize)
}

fn place(shown: &str, file: &str, at: usize) -> String {
    format!("{shown}:{}", line_and_column(file, at))
}

/// `line:column`, both from 1.
fn line_and_column(file: &str, at: usize) -> String {
    let before = file.get(..at).unwrap_or(file);
    let line = before.rsplit('\n').next().unwrap_or_default();
    format!("{}:{}", before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// An object as it stands in the file: keys in order, repeated ones and all.
struct Entries<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Entries<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(All)
    }
}
