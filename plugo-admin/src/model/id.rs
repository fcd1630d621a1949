use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdError {
    /// The text.
    pub text: String,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no id, which is a UUID in lower case with its hyphens", self.text)
    }
}

impl Error for IdError {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, which no row has.
            pub(crate) fn new() -> Self {
                $name(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // One way of writing, so that an id in a text can be compared.
                let id = Uuid::try_parse(text).ok().filter(|id| id.to_string() == text);
                id.map($name).ok_or_else(|| IdError { text: text.to_owned() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )+};
}

ids! {
    /// Names a plugin type; it never changes.
    TypeId,
    /// Names an item; it never changes.
    ItemId,
    /// Names an instance; it never changes.
    InstanceId,
    /// Names a plain plugin; it never changes.
    PluginId,
    /// Names a user; it never changes.
    UserId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_told_with_what_one_looks_like() {
        let id = InstanceId::new().to_string();
        assert_eq!(id.parse::<InstanceId>().unwrap().to_string(), id);
        for wrong in ["7", &id.to_uppercase(), &id.replace('-', "")] {
            let error = wrong.parse::<InstanceId>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{wrong}` is no id, which is a UUID in lower case with its hyphens")
            );
            assert!(serde_json::from_value::<InstanceId>(wrong.into()).is_err());
        }
    }
}
