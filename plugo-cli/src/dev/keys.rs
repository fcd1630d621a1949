use std::io::{self, IsTerminal as _};
use std::sync::mpsc::Sender;

use super::event::Event;

/// What a person asks for. A line is asked for with Enter: the terminal stays
/// as it is, whatever becomes of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rebuild,
    /// Another client; an empty name is the default selection.
    Client(String),
    /// A client, whose name is still to come.
    AskClient,
    Quit,
    Help,
}

pub(super) const HELP: &str = "r rebuild, c switch client, q quit; then Enter";

/// Reads lines from stdin, if somebody is there. In the background, reading
/// from the terminal would stop this program.
pub(super) fn listen(sender: Sender<Event>) -> bool {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let foreground = rustix::termios::tcgetpgrp(&stdin).ok();
        if foreground != Some(rustix::process::getpgrp()) {
            return false;
        }
    }
    std::thread::spawn(move || {
        let mut is_asked = false;
        for line in io::stdin().lines().map_while(Result::ok) {
            let Some(key) = read(&line, is_asked) else { continue };
            is_asked = key == Key::AskClient;
            if sender.send(Event::Key(key)).is_err() {
                return;
            }
        }
    });
    stdin.is_terminal()
}

/// What a line asks for; the line after a question is the answer.
fn read(line: &str, is_answer: bool) -> Option<Key> {
    let line = line.trim();
    if is_answer {
        return Some(Key::Client(if line == "-" { String::new() } else { line.to_owned() }));
    }
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match (first, rest.trim()) {
        ("", _) => None,
        ("r", "") => Some(Key::Rebuild),
        ("c", "") => Some(Key::AskClient),
        ("c", "-") => Some(Key::Client(String::new())),
        ("c", name) => Some(Key::Client(name.to_owned())),
        ("q", "") => Some(Key::Quit),
        _ => Some(Key::Help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_letter_or_the_answer_to_a_question() {
        let client = |name: &str| Some(Key::Client(name.to_owned()));
        assert_eq!(read("r", false), Some(Key::Rebuild));
        assert_eq!(read(" q ", false), Some(Key::Quit));
        assert_eq!(read("c", false), Some(Key::AskClient));
        assert_eq!(read("c acme", false), client("acme"));
        assert_eq!(read("c -", false), client(""));
        assert_eq!(read("q", true), client("q"));
        assert_eq!(read("", true), client(""));
        assert_eq!(read("-", true), client(""));
        assert_eq!(read("", false), None);
        assert_eq!(read("quit now", false), Some(Key::Help));
    }
}
