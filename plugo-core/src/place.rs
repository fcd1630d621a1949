use std::fmt;

/// Where something stands in a source file.
///
/// ```
/// # use plugo_core as plugo;
/// for plugin in plugo::tables().iter().flat_map(|table| table.iter()) {
///     let place = plugin.place();
///     println!("{} stands in {}, at {place}", plugin.name(), place.file());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    file: &'static str,
    position: Option<(u32, u32)>,
}

impl Place {
    pub(crate) const fn new(file: &'static str, position: Option<(u32, u32)>) -> Self {
        Place { file, position }
    }

    /// What the compiler says where a macro is called.
    #[doc(hidden)]
    pub const fn here(file: &'static str, line: u32, column: u32) -> Self {
        Place::new(file, Some((line, column)))
    }

    /// `file:line:column`, as an attribute says it; a file may have `:` in its name.
    pub(crate) fn said(text: &'static str) -> Self {
        let apart = || {
            let (rest, column) = text.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            Some(Place::here(file, line.parse().ok()?, column.parse().ok()?))
        };
        apart().unwrap_or(Place::new(text, None))
    }

    /// The file: relative to the workspace's root where it is inside.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// Line and column, both from 1, columns in characters; `None` for the file as a
    /// whole.
    pub const fn position(&self) -> Option<(u32, u32)> {
        self.position
    }
}

/// `file:line:column`, or the file alone.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_attribute_says_comes_back_as_it_was() {
        for (text, file, position) in [
            ("src/lib.rs:12:5", "src/lib.rs", Some((12, 5))),
            ("C:\\app\\src\\lib.rs:1:1", "C:\\app\\src\\lib.rs", Some((1, 1))),
            ("a:b.rs:1:2", "a:b.rs", Some((1, 2))),
            ("Cargo.toml", "Cargo.toml", None),
            ("", "", None),
        ] {
            let place = Place::said(text);
            assert_eq!((place.file(), place.position()), (file, position));
            assert_eq!(place.to_string(), text);
        }
    }
}
