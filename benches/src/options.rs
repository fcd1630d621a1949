use anyhow::{Result, bail};

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Leave the largest size out.
    pub(crate) quick: bool,
    /// Write the report to the repository's documentation.
    pub(crate) write: bool,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Options::default();
        for argument in arguments {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                _ => bail!(
                    "unknown argument `{argument}`; there are `--quick`, `--write` and `reload`"
                ),
            }
        }
        Ok(options)
    }

    /// How many plugins there are, in turn.
    pub(crate) fn sizes(self) -> &'static [usize] {
        if self.quick { &[10, 100, 1_000] } else { &[10, 100, 1_000, 10_000] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_argument_is_refused() {
        let parse = |text: &str| Options::parse(text.split(' ').map(str::to_owned));
        assert!(parse("--quick --write").is_ok_and(|options| options.quick && options.write));
        assert!(parse("--quik").is_err());
    }
}
