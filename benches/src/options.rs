use anyhow::{Context as _, Result, bail};

use crate::contenders::Contender;
use crate::run_time_contenders::Chooser;

/// What can be measured on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Start-up, lookup and size.
    Start,
    /// Selection at run time, by instructions.
    Choosing,
    /// Selection at run time, by the clock.
    Times,
    /// The build script.
    Script,
    /// What compiling costs.
    Build,
    /// Builds for many clients.
    Clients,
    /// Peers in Python.
    Python,
}

impl Part {
    pub(crate) const ALL: [Part; 7] = [
        Part::Start,
        Part::Choosing,
        Part::Times,
        Part::Script,
        Part::Build,
        Part::Clients,
        Part::Python,
    ];

    /// The option that asks for it, and its name in the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Start => "start",
            Part::Choosing => "choosing",
            Part::Times => "times",
            Part::Script => "script",
            Part::Build => "build",
            Part::Clients => "clients",
            Part::Python => "python",
        }
    }
}

/// What the caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    parts: Vec<Part>,
    /// What has limits alone.
    pub(crate) quick: bool,
    /// Write the report to the repository's documentation.
    pub(crate) write: bool,
    /// Take what is measured for the limits of the runs to come.
    pub(crate) write_limits: bool,
    /// Say what there is, and measure nothing.
    pub(crate) help: bool,
    up_to: Option<usize>,
}

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// No limit is of more plugins than that.
const QUICK: usize = 1_000;

/// What there is.
pub(crate) const HELP: &str = "\
Without a part it measures everything: about an hour, and more where nothing is compiled yet.

  --start, --choosing, --times, --script, --build, --clients, --python
                      measures these parts alone
  --write             also writes docs/benchmarks.md, where other parts stay as they were, and what README.md
                      says of cost
  --up-to N           with at most N plugins: of 10, 100, 1,000 and 10,000
  --quick             what has limits, in a few minutes, against benches/limits.toml
  --write-limits      writes benches/limits.toml anew
  reload              hot reload, on Linux
  admin               databases, in a build with `--features admin`
";

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Options {
            parts: Vec::new(),
            quick: false,
            write: false,
            write_limits: false,
            help: false,
            up_to: None,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            if argument == "--help" {
                options.help = true;
                return Ok(options);
            }
            let part = argument
                .strip_prefix("--")
                .and_then(|name| Part::ALL.into_iter().find(|part| part.name() == name));
            match (argument.as_str(), part) {
                (_, Some(part)) => options.parts.push(part),
                ("--quick", _) => options.quick = true,
                ("--write", _) => options.write = true,
                ("--write-limits", _) => options.write_limits = true,
                ("--up-to", _) => {
                    let number = arguments.next().context("`--up-to` takes a number of plugins")?;
                    let number = number
                        .parse()
                        .with_context(|| format!("`--up-to {number}` is no number of plugins"))?;
                    if number < SIZES[0] {
                        bail!(
                            "`--up-to {number}` leaves nothing: the least are {} plugins",
                            SIZES[0]
                        );
                    }
                    options.up_to = Some(number);
                }
                _ => bail!("unknown argument `{argument}`; there are\n\n{HELP}"),
            }
        }
        // What stands in the page, and what has limits, is everything.
        if options.up_to.is_some() && (options.write || options.quick || options.write_limits) {
            bail!("`--up-to` goes with no `--write`, `--quick` or `--write-limits`");
        }
        if options.quick || options.write_limits {
            if options.write || !options.parts.is_empty() {
                bail!(
                    "`--quick` and `--write-limits` measure what has limits; they go with no part and no `--write`"
                );
            }
            options.quick = true;
            options.parts = vec![Part::Start, Part::Choosing];
            options.up_to = Some(QUICK);
        }
        if options.parts.is_empty() {
            options.parts = Part::ALL.to_vec();
        }
        Ok(options)
    }

    /// Whether a part is to be measured.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// How many plugins there are, in turn.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let fits = |size: &usize| self.up_to.is_none_or(|most| *size <= most);
        SIZES.into_iter().filter(fits).collect()
    }

    /// What is measured, in which sizes; 0 is the empty process.
    pub(crate) fn programs(&self) -> Vec<(Contender, usize)> {
        let contenders =
            if self.quick { Contender::QUICK.as_slice() } else { Contender::ALL.as_slice() };
        let sizes: Vec<usize> = [0].into_iter().chain(self.sizes()).collect();
        let each = |&size: &usize| {
            let fits = contenders.iter().filter(move |contender| size <= contender.most());
            fits.map(move |&contender| (contender, size))
        };
        sizes.iter().flat_map(each).collect()
    }

    pub(crate) fn choosers(&self) -> &'static [Chooser] {
        if self.quick { &[Chooser::Plugo, Chooser::Static] } else { &Chooser::ALL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn an_unknown_argument_is_refused() {
        assert!(parse("--quick").is_ok_and(|options| options.quick && !options.write));
        assert!(parse("--quik").is_err());
        assert!(parse("--up-to many").is_err());
        for options in ["--write-limits", "--quick", "--write", "--write --start"] {
            for up_to in [100, 10_000] {
                assert!(parse(&format!("{options} --up-to {up_to}")).is_err(), "{options} {up_to}");
            }
        }
        assert!(parse("--up-to 9").is_err() && parse("--up-to 10").is_ok());
        assert!(parse("--quick --help").is_ok_and(|options| options.help));
    }

    #[test]
    fn the_help_names_every_part() {
        let names = Part::ALL.map(|part| format!("--{}", part.name()));
        assert!(names.iter().all(|name| HELP.contains(name.as_str())), "{HELP}");
    }

    #[test]
    fn parts_are_measured_alone_and_without_any_all_are() {
        let all = parse("--write").unwrap();
        assert!(Part::ALL.into_iter().all(|part| all.has(part)));
        let one = parse("--build --write").unwrap();
        assert!(one.has(Part::Build) && !one.has(Part::Start) && one.write);
        let quick = parse("--write-limits").unwrap();
        assert!(quick.quick && quick.has(Part::Start) && !quick.has(Part::Build));
        assert!(parse("--quick --write").is_err(), "a page that is not whole would be written");
    }
}
