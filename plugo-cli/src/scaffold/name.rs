use std::fmt;

use crate::error::Error;

/// The name of a new plugin: of its crate, its feature and the plugin itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrateName {
    /// `price-list`.
    pub(crate) name: String,
    /// `Price List`: letters, digits and blanks, for every text.
    pub(crate) title: String,
}

/// The longest name of a plugin.
const LONGEST: usize = plugo::name::MAX_LENGTH;

/// Words that Rust keeps for itself, in any edition.
const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else \
    enum extern false final fn for gen if impl in let loop macro match mod move mut override priv \
    pub ref return self static struct super trait true try type typeof unsafe unsized use virtual \
    where while yield";

/// Crates of Rust's own, under which a plugin could not be told from them.
const RUST: &str = "alloc core proc_macro std test";

/// Crates that scaffolds depend on.
const USED: &str = "axum http_body_util maud plugo plugo_build plugo_core plugo_macros serde serde_json \
                    tokio tower";

/// Names that Cargo keeps for its own folders.
const CARGO: &str = "build deps examples incremental target";

/// Names that Windows gives to devices, whatever follows them.
const WINDOWS: &str = "aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 \
    lpt4 lpt5 lpt6 lpt7 lpt8 lpt9";

impl CrateName {
    /// Makes a crate's name of what a person calls it: `Price List` becomes
    /// `price-list`.
    pub(crate) fn new(given: &str) -> Result<Self, Error> {
        if let Some(letter) = given.chars().find(|c| !c.is_ascii() && c.is_alphanumeric()) {
            return Err(refuse(
                given,
                format_args!("a crate's name has ASCII letters only, and `{letter}` is none"),
            ));
        }
        let words: Vec<&str> = given
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.contains(|c: char| c.is_ascii_alphanumeric()))
            .map(|word| word.trim_matches('_'))
            .collect();
        let name = words.join("-").to_ascii_lowercase();
        let Some(first) = name.chars().next() else {
            return Err(refuse(given, "nothing is left of it for a crate's name"));
        };
        if first.is_ascii_digit() {
            return Err(refuse(given, "a crate's name cannot begin with a digit"));
        }
        if name.len() > LONGEST {
            let long = format_args!("it is longer than {LONGEST} characters");
            return Err(refuse(given, long));
        }
        if let Some(reason) = reserved(&name) {
            return Err(refuse(given, reason));
        }
        let title = words.join(" ").replace('_', " ");
        let title: Vec<String> = title.split(' ').map(capital).collect();
        Ok(CrateName { name, title: title.join(" ") })
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Why a name that has the right form cannot be taken.
fn reserved(name: &str) -> Option<String> {
    let ident = name.replace('-', "_");
    let is_in = |list: &str| list.split_whitespace().any(|word| word == ident);
    let reason = if is_in(KEYWORDS) {
        "it is a keyword of Rust"
    } else if is_in(RUST) {
        "a crate of Rust itself is called that"
    } else if is_in(USED) {
        "a crate that plugins depend on is called that"
    } else if is_in(CARGO) {
        "Cargo keeps that name for a folder of its own"
    } else if is_in(WINDOWS) {
        "Windows keeps that name for a device"
    } else if ident == "default" {
        "the cargo feature of that name is the one that is on by default"
    } else if name.starts_with("client-") {
        "a cargo feature that begins with `client-` is a client's"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

fn refuse(given: &str, why: impl fmt::Display) -> Error {
    Error::usage(format!("`{given}` cannot be the name of a plugin: {why}; take another `--name`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(given: &str) -> (String, String) {
        let made = CrateName::new(given).unwrap();
        (made.name, made.title)
    }

    fn refused(given: &str) -> String {
        CrateName::new(given).unwrap_err().to_string()
    }

    #[test]
    fn c09_what_people_call_a_plugin_becomes_a_crates_name() {
        let pair = |name: &str, title: &str| (name.to_owned(), title.to_owned());
        assert_eq!(made("Price List"), pair("price-list", "Price List"));
        assert_eq!(made("  two   spaces "), pair("two-spaces", "Two Spaces"));
        assert_eq!(made("my.plugin"), pair("my-plugin", "My Plugin"));
        assert_eq!(made("A/B"), pair("a-b", "A B"));
        assert_eq!(made("quo\"te"), pair("quo-te", "Quo Te"));
        assert_eq!(made("Upper_Case"), pair("upper_case", "Upper Case"));
        assert_eq!(made("API docs 🎉"), pair("api-docs", "API Docs"));
        assert_eq!(made("../../etc/passwd"), pair("etc-passwd", "Etc Passwd"));
    }

    #[test]
    fn c09_a_name_that_no_crate_can_have_is_refused_with_the_reason() {
        for (given, why) in [
            ("", "nothing is left"),
            ("🎉 _", "nothing is left"),
            ("Größe", "`ö` is none"),
            ("価格", "`価` is none"),
            ("9lives", "begin with a digit"),
            ("match", "a keyword"),
            ("Std", "a crate of Rust"),
            ("proc macro", "a crate of Rust"),
            ("serde-json", "plugins depend on"),
            ("plugo core", "plugins depend on"),
            ("plugo-macros", "plugins depend on"),
            ("deps", "Cargo keeps"),
            ("con", "Windows"),
            ("default", "on by default"),
            ("client acme", "a client's"),
            (&"a".repeat(65), "longer than 64"),
        ] {
            let refused = refused(given);
            assert!(refused.contains(why) && refused.contains("--name"), "{given}: {refused}");
        }
    }
}
