use spdx::Expression;

/// A licence as an SPDX expression in its usual form; what is not understood
/// stays as it was written.
pub(crate) fn canonical(text: &str) -> String {
    match Expression::canonicalize(text) {
        Ok(Some(canonical)) => canonical,
        Ok(None) | Err(_) => text.to_owned(),
    }
}

/// Whether a text is an SPDX expression.
pub(crate) fn is_expression(text: &str) -> bool {
    Expression::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_written_as_spdx_writes_them() {
        for (text, expected) in [
            ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"),
            ("gpl-3.0+", "GPL-3.0-or-later"),
            ("our own", "our own"),
        ] {
            assert_eq!(canonical(text), expected);
            assert_eq!(is_expression(expected), text != "our own");
        }
    }
}
