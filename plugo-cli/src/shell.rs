use std::fmt;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use plugo_build::{Diagnostic, Severity};

/// Where a command writes: its answer to stdout, everything else to stderr, in
/// Cargo's manner.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    color: ColorChoice,
    quiet: bool,
    verbose: u8,
}

const STATUS: Style = AnsiColor::Green.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();

impl Shell {
    pub(crate) fn new(color: ColorChoice, quiet: bool, verbose: u8) -> Self {
        Shell { color, quiet, verbose }
    }

    /// Whether only errors and answers are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How often `-v` was given.
    pub fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Whether a person can be asked: stdin and stderr are a terminal.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether stderr shows colours.
    pub fn has_color(&self) -> bool {
        let choice = match self.color {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()),
            choice => choice,
        };
        choice != ColorChoice::Never
    }

    /// The answer of the command, as it is.
    ///
    /// # Errors
    ///
    /// What writing gave; a reader that went away is no error.
    pub fn answer(&self, answer: impl fmt::Display) -> io::Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.color);
        match write!(out, "{answer}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// A line such as `   Compiling shop`.
    pub fn status(&self, verb: &str, what: impl fmt::Display) {
        if !self.quiet {
            self.say(format_args!("{STATUS}{verb:>12}{STATUS:#} {what}"));
        }
    }

    /// Something worth knowing.
    pub fn note(&self, note: impl fmt::Display) {
        if !self.quiet {
            self.say(format_args!("{NOTE}note{NOTE:#}: {note}"));
        }
    }

    /// Something that may be wrong.
    pub fn warn(&self, warning: impl fmt::Display) {
        if !self.quiet {
            self.say(format_args!("{WARNING}warning{WARNING:#}: {warning}"));
        }
    }

    /// Something that is wrong.
    pub fn error(&self, error: impl fmt::Display) {
        self.say(format_args!("{ERROR}error{ERROR:#}: {error}"));
    }

    /// Problems, as the build script tells of them.
    pub fn problems<'p>(&self, problems: impl IntoIterator<Item = &'p Diagnostic>) {
        for problem in problems {
            match problem.severity {
                Severity::Warning => self.warn(problem),
                Severity::Error => self.error(problem),
            }
        }
    }

    /// Whether a line that says how far the work is can be written over and
    /// over: stderr is a terminal, and nothing else is wanted there.
    pub(crate) fn can_update(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        io::stderr().is_terminal() && !is_dumb && !self.quiet && self.verbose == 0
    }

    /// Writes over the last line, which [`Shell::update`] wrote too; with an
    /// empty one, the next line that is said stands in its place.
    pub(crate) fn update(&self, verb: &str, what: impl fmt::Display) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        let _ = match verb {
            "" => write!(stderr, "\r\x1b[K"),
            verb => write!(stderr, "\r\x1b[K{STATUS}{verb:>12}{STATUS:#} {what}"),
        };
        let _ = stderr.flush();
    }

    /// A line on stderr. When nobody can read it, nobody misses it.
    pub fn say(&self, line: impl fmt::Display) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        let _ = writeln!(stderr, "{line}");
    }
}
