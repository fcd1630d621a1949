use anyhow::{Context as _, Result, bail};

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Restart,
    Selection,
    Idle,
    Reloads,
}

/// What the caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// How many edits are measured of each contender.
    pub(crate) edits: usize,
    /// How many reloads there are in a row; none, when zero.
    pub(crate) reloads: usize,
    /// Only this is measured.
    pub(crate) only: Option<Part>,
    /// Write the report to the repository's documentation.
    pub(crate) write: bool,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Options { edits: 10, reloads: 0, only: None, write: false };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("`{argument}` of what?"));
            match argument.as_str() {
                "--edits" => options.edits = number(&value()?)?,
                "--reloads" => options.reloads = number(&value()?)?,
                "--only" => options.only = Some(part(&value()?)?),
                "--write" => options.write = true,
                _ => bail!(
                    "unknown argument `{argument}`; there are `--edits N`, `--reloads N`, `--only \
                     PART` and `--write`"
                ),
            }
        }
        if options.write && options.only.is_some() {
            bail!("`--write` writes the whole page, so it does not go with `--only`");
        }
        if options.only == Some(Part::Reloads) && options.reloads == 0 {
            bail!("how many? `--only reloads --reloads 1000`");
        }
        Ok(options)
    }

    pub(crate) fn does(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

fn number(text: &str) -> Result<usize> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("`{text}` is no number from 1 on"))
}

fn part(text: &str) -> Result<Part> {
    Ok(match text {
        "restart" => Part::Restart,
        "selection" => Part::Selection,
        "idle" => Part::Idle,
        "reloads" => Part::Reloads,
        _ => bail!("there is no part `{text}`; there are restart, selection, idle and reloads"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_written_whole_or_not_at_all() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(str::to_owned));
        let options = parse("--reloads 1000 --write").unwrap();
        assert_eq!((options.edits, options.reloads, options.write), (10, 1000, true));
        assert!(options.does(Part::Idle));
        assert!(!parse("--only selection").unwrap().does(Part::Idle));
        for wrong in [
            "--only selection --write",
            "--only reloads",
            "--only all",
            "--edits 0",
            "--edits",
            "x",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
