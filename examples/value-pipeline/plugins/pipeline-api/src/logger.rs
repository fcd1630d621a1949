use std::fmt::Display;

/// Writes a line for each message, with its level in front.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logger;

#[expect(clippy::print_stdout, reason = "the example's output is its log")]
impl Logger {
    fn line(level: &str, message: impl Display) {
        println!("{level:<8}: {message}");
    }

    /// What goes on.
    pub fn info(self, message: impl Display) {
        Logger::line("INFO", message);
    }

    /// What helps to find a mistake.
    pub fn debug(self, message: impl Display) {
        Logger::line("DEBUG", message);
    }

    /// What may be a mistake.
    pub fn warning(self, message: impl Display) {
        Logger::line("WARNING", message);
    }

    /// What went wrong.
    pub fn error(self, message: impl Display) {
        Logger::line("ERROR", message);
    }
}
