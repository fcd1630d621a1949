use anyhow::{Context as _, Result, bail};

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Restart,
    Selection,
    Idle,
    Reloads,
}

const PARTS: [(&str, Part); 4] = [
    ("restart", Part::Restart),
    ("selection", Part::Selection),
    ("idle", Part::Idle),
    ("reloads", Part::Reloads),
];

/// How many edits there are unless something else is said.
const EDITS: usize = 10;

/// What the caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// How many edits are measured of each contender.
    pub(crate) edits: usize,
    /// How many reloads there are in a row; none, when zero.
    pub(crate) reloads: usize,
    /// Only these are measured; all, where none is named.
    pub(crate) only: Vec<Part>,
    /// Write the report to the repository's documentation.
    pub(crate) write: bool,
}

impl Options {
    /// What the program is called with to do the same.
    pub(crate) fn command(&self) -> String {
        let mut command = "cargo run --release -p benches -- reload".to_owned();
        if self.edits != EDITS {
            command.push_str(&format!(" --edits {}", self.edits));
        }
        if self.reloads > 0 {
            command.push_str(&format!(" --reloads {}", self.reloads));
        }
        if !self.only.is_empty() {
            let names = PARTS.iter().filter(|(_, part)| self.only.contains(part));
            let names: Vec<&str> = names.map(|(name, _)| *name).collect();
            command.push_str(&format!(" --only {}", names.join(",")));
        }
        command + " --write"
    }

    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Options { edits: EDITS, reloads: 0, only: Vec::new(), write: false };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("`{argument}` of what?"));
            match argument.as_str() {
                "--edits" => options.edits = number(&value()?)?,
                "--reloads" => options.reloads = number(&value()?)?,
                "--only" => {
                    options.only = value()?.split(',').map(part).collect::<Result<_>>()?;
                }
                "--write" => options.write = true,
                _ => bail!(
                    "unknown argument `{argument}`; there are `--edits N`, `--reloads N`, `--only \
                     PARTS` and `--write`"
                ),
            }
        }
        if options.only.contains(&Part::Reloads) && options.reloads == 0 {
            bail!("how many? `--only reloads --reloads 1000`");
        }
        Ok(options)
    }

    pub(crate) fn does(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn number(text: &str) -> Result<usize> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("`{text}` is no number from 1 on"))
}

fn part(text: &str) -> Result<Part> {
    let found = PARTS.iter().find(|(name, _)| *name == text);
    let names = PARTS.map(|(name, _)| name).join(", ");
    found.map(|(_, part)| *part).with_context(|| format!("no part `{text}`; there are {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_and_reloads_are_counted() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(str::to_owned));
        let options = parse("--reloads 1000 --write").unwrap();
        assert_eq!((options.edits, options.reloads, options.write), (10, 1000, true));
        let text = options.command();
        assert_eq!(text, "cargo run --release -p benches -- reload --reloads 1000 --write");
        assert!(options.does(Part::Idle));
        let some = parse("--only selection,idle").unwrap();
        assert!(some.does(Part::Idle) && !some.does(Part::Restart));
        for wrong in ["--only idle,", "--only reloads", "--only all", "--edits 0", "--edits", "x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
