/// What `#[plugin]` knows about a plugin without a plan: the arguments of the
/// attribute and the package it stands in. A table that is listed by hand has
/// nothing else.
///
/// It is one text, since what has several parts takes the compiler longer in each
/// plugin, and few are in a list.
#[derive(Clone, Copy)]
pub(crate) struct Declared(pub(crate) &'static str);

/// What [`Declared`] says, in the order in which the text does, with a byte 0 between
/// the parts.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// By default the package's name.
    Name,
    /// By default [`DEFAULT_NAMESPACE`](crate::DEFAULT_NAMESPACE).
    Namespace,
    /// A number, by default 0.
    Priority,
    Package,
    /// The package's.
    Version,
    /// The package's, or nothing.
    Description,
    /// The package's, with `:` between them.
    Authors,
    /// File, line and column of the attribute, as the compiler names them.
    Place,
    /// An attribute says none, so the text ends before it.
    Identifier,
}

impl Declared {
    pub(crate) fn part(self, part: Part) -> &'static str {
        self.0.split('\0').nth(part as usize).unwrap_or_default()
    }

    /// Whether another one has the same name in the same namespace.
    pub(crate) const fn is_called_like(self, other: Declared) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        let (mut i, mut ends) = (0, 0);
        while i < a.len() && i < b.len() && a[i] == b[i] {
            ends += (a[i] == 0) as usize;
            if ends == Part::Priority as usize {
                return true;
            }
            i += 1;
        }
        false
    }
}

/// Not public API: the text of a `Declared`, of which `#[plugin]` knows the beginning.
#[doc(hidden)]
#[macro_export]
macro_rules! __declared {
    ($begin:expr) => {
        ::core::concat!(
            $begin,
            ::core::env!("CARGO_PKG_DESCRIPTION"),
            "\0",
            ::core::env!("CARGO_PKG_AUTHORS"),
            "\0",
            ::core::file!(),
            ":",
            ::core::line!(),
            ":",
            ::core::column!()
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `|` for the bytes between the parts.
    fn declared(text: &str) -> Declared {
        Declared(text.replace('|', "\0").leak())
    }

    #[test]
    fn what_an_attribute_says_is_taken_apart() {
        let declared = declared("blog|plugins|-3|web|0.1.0||Ann:Bob|src/lib.rs:1:2");
        let parts = [Part::Name, Part::Namespace, Part::Priority, Part::Package, Part::Version];
        assert_eq!(
            parts.map(|part| declared.part(part)),
            ["blog", "plugins", "-3", "web", "0.1.0"]
        );
        let parts = [Part::Description, Part::Authors, Part::Place, Part::Identifier];
        assert_eq!(parts.map(|part| declared.part(part)), ["", "Ann:Bob", "src/lib.rs:1:2", ""]);
    }

    #[test]
    fn a_plugin_is_called_like_another_one_of_its_namespace() {
        let blog = declared("blog|plugins|0|web|0.1.0|||a:1:1");
        for (other, same) in [
            ("blog|plugins|7|other|2.0.0|||b:1:1", true),
            ("blog|pages|0|web|0.1.0|||a:1:1", false),
            ("blogs|plugins|0|web|0.1.0|||a:1:1", false),
            ("blo|plugins|0|web|0.1.0|||a:1:1", false),
            ("blog|plugin|0|web|0.1.0|||a:1:1", false),
        ] {
            assert_eq!(blog.is_called_like(declared(other)), same, "{other}");
        }
    }
}
