use std::fmt;

/// The namespace of a plugin that names none.
pub const DEFAULT_NAMESPACE: &str = "plugins";

/// The most bytes a plugin name or a namespace may have.
pub const MAX_LENGTH: usize = 64;

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no character at all.
    Empty,
    /// The name has more than [`MAX_LENGTH`] bytes.
    TooLong,
    /// The first character is not an ASCII letter or digit.
    BadStart,
    /// A character is not an ASCII letter, a digit, `-` or `_` (in a
    /// namespace also `.`).
    BadCharacter,
}

impl NameError {
    /// The rule that the name breaks, with what is allowed.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::name;
    /// let error = name::check("price list").unwrap_err();
    /// assert!(error.message().contains("ASCII letters, digits, `-` and `_`"));
    /// ```
    pub const fn message(self) -> &'static str {
        match self {
            NameError::Empty => "a name must not be empty; a valid one is `price-list`",
            NameError::TooLong => "a name has at most 64 bytes; a valid one is `price-list`",
            NameError::BadStart => {
                "a name starts with an ASCII letter or a digit; a valid one is `price-list`"
            }
            NameError::BadCharacter => {
                "a name consists of ASCII letters, digits, `-` and `_` (a namespace also of `.`); \
                 a valid one is `price-list`"
            }
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for NameError {}

/// Checks the name of a plugin: 1 to 64 bytes, ASCII letters, digits, `-` and
/// `_`, with a letter or a digit first. Names are case-sensitive.
///
/// The name becomes part of a linker symbol and of file names, which is why
/// the alphabet is small.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::name::{check, NameError};
/// assert!(check("price-list").is_ok());
/// assert!(check("async").is_ok(), "Rust's keywords are ordinary names");
/// assert_eq!(check("../etc"), Err(NameError::BadStart));
/// ```
///
/// # Errors
///
/// The first rule that the name breaks, as a [`NameError`].
pub const fn check(name: &str) -> Result<(), NameError> {
    check_with(name, false)
}

/// Checks a namespace: like [`check`], and `.` is allowed after the first
/// character.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::name::check_namespace;
/// assert!(check_namespace("plugo.commands").is_ok());
/// ```
///
/// # Errors
///
/// The first rule that the namespace breaks, as a [`NameError`].
pub const fn check_namespace(namespace: &str) -> Result<(), NameError> {
    check_with(namespace, true)
}

const fn check_with(name: &str, dots: bool) -> Result<(), NameError> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    if bytes.len() > MAX_LENGTH {
        return Err(NameError::TooLong);
    }
    if !bytes[0].is_ascii_alphanumeric() {
        return Err(NameError::BadStart);
    }
    let mut i = 1;
    while i < bytes.len() {
        match bytes[i] {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'.' if dots => {}
            _ => return Err(NameError::BadCharacter),
        }
        i += 1;
    }
    Ok(())
}

/// The known name that is most like `name`, when it is alike at all: at most
/// a third of its characters have to change.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::name::nearest;
/// assert_eq!(nearest("blgo", ["auth", "blog"]), Some("blog"));
/// assert_eq!(nearest("shipping", ["auth", "blog"]), None);
/// ```
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|known| (distance(name, known), known))
        // A third may differ, and something has to be alike.
        .filter(|(distance, known)| {
            let length = known.chars().count();
            *distance <= length.div_ceil(3) && *distance < length.max(name.chars().count())
        })
        .min()
        .map(|(_, known)| known)
}

/// How many characters have to be inserted, removed, replaced, or swapped
/// with their neighbour to get from one name to the other (the
/// Damerau-Levenshtein distance, optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(previous[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

/// Whether a name is as long as most are: [`same_text`] compares no pieces of more than a word,
/// and calls nothing.
#[inline]
pub(crate) fn is_of_usual_length(name: &str) -> bool {
    matches!(name.len(), 4..=16)
}

/// `==` for names, which are short: where they are, a few words tell, and no
/// function is called.
#[inline]
pub(crate) fn same_text(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // The two pieces cover all bytes, some of them twice.
    match a.len() {
        8..=16 => ends::<8>(a) == ends::<8>(b),
        17..=32 => ends::<16>(a) == ends::<16>(b),
        4..=7 => ends::<4>(a) == ends::<4>(b),
        _ => a == b,
    }
}

#[inline]
fn ends<const N: usize>(text: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
    (text.first_chunk(), text.last_chunk())
}

/// Fails the compilation where `#[plugin]` has a bad name; the macro gives
/// the call the span of the literal, so rustc puts its caret there.
#[doc(hidden)]
#[track_caller]
pub const fn assert_plugin_name(name: &str) {
    if let Err(error) = check(name) {
        panic!("{}", error.message());
    }
}

#[doc(hidden)]
#[track_caller]
pub const fn assert_namespace(namespace: &str) {
    if let Err(error) = check_namespace(namespace) {
        panic!("{}", error.message());
    }
}

/// A plugin as people name it: `name`, or `namespace/name` where the namespace
/// is not the default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FullName<'n> {
    pub(crate) namespace: &'n str,
    pub(crate) name: &'n str,
}

impl<'n> FullName<'n> {
    pub(crate) fn parse(text: &'n str) -> Self {
        let (namespace, name) = text.split_once('/').unwrap_or((DEFAULT_NAMESPACE, text));
        FullName { namespace, name }
    }
}

/// The known name that is most alike, as people write it. A name without a
/// namespace is compared with the names in every namespace.
pub(crate) fn nearest_full<'k>(
    written: &str,
    known: impl IntoIterator<Item = FullName<'k>>,
) -> Option<String> {
    let known: Vec<FullName<'k>> = known.into_iter().collect();
    let shown: Vec<String> = known
        .iter()
        .map(|known| match written.contains('/') {
            true => format!("{}/{}", known.namespace, known.name),
            false => known.name.to_owned(),
        })
        .collect();
    let nearest = nearest(written, shown.iter().map(String::as_str))?;
    let at = shown.iter().position(|shown| shown == nearest)?;
    Some(known[at].to_string())
}

impl fmt::Display for FullName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace != DEFAULT_NAMESPACE {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_when_each_byte_is() {
        let text = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        for length in 0..text.len() {
            let a = &text[..length];
            assert!(same_text(a.as_bytes(), a.to_owned().as_bytes()), "{length}");
            assert!(!same_text(a.as_bytes(), &text.as_bytes()[..=length]));
            for at in 0..length {
                let mut other = a.to_owned();
                other.replace_range(at..=at, "-");
                assert!(!same_text(a.as_bytes(), other.as_bytes()), "{length} {at}");
            }
        }
    }

    #[test]
    fn hostile_names_are_refused_by_the_rule_they_break() {
        for (name, expected) in [
            ("", Err(NameError::Empty)),
            ("price list", Err(NameError::BadCharacter)),
            ("a/b", Err(NameError::BadCharacter)),
            ("a\\b", Err(NameError::BadCharacter)),
            ("a\0b", Err(NameError::BadCharacter)),
            ("..", Err(NameError::BadStart)),
            ("-x", Err(NameError::BadStart)),
            ("_x", Err(NameError::BadStart)),
            ("über", Err(NameError::BadStart)),
            ("naïve", Err(NameError::BadCharacter)),
            ("a.b", Err(NameError::BadCharacter)),
            ("fn", Ok(())),
            ("9lives", Ok(())),
            ("Upper_Case-2", Ok(())),
        ] {
            assert_eq!(check(name), expected, "{name:?}");
        }
        assert_eq!(check(&"x".repeat(MAX_LENGTH)), Ok(()));
        assert_eq!(check(&"x".repeat(MAX_LENGTH + 1)), Err(NameError::TooLong));
    }
}
