//! A password is asked for at a terminal, and whoever ends that finds the terminal as it
//! was.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tests::repository;

use crate::databases::{LONG, missing};
use crate::notify::{PASSWORD, Place, plugo, program};

/// A shell at a terminal, in which a command runs; then it says the exit code, and what
/// the terminal does.
struct Shell {
    child: Child,
    said: String,
    lines: Receiver<Vec<u8>>,
}

impl Shell {
    /// `None` where nothing makes a terminal.
    fn start(place: &Place, command: &Command) -> Option<Self> {
        if Command::new("script").arg("--version").output().is_err() {
            missing("at a terminal: there is no `script`");
            return None;
        }
        let mut line = format!("exec {}", command.get_program().display());
        for argument in command.get_args() {
            line.push_str(&format!(" '{}'", argument.display()));
        }
        let pid = place.folder.path().join("pid");
        let script = format!(
            "sh -c 'echo $$ > {}; {}'; echo \"code=$?\"; stty -a; echo end=1",
            pid.display(),
            line.replace('\'', "'\\''"),
        );
        let mut shell = Command::new("script");
        place.set(&mut shell);
        shell.args(["--quiet", "--command", &script, "/dev/null"]).current_dir(repository());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Shell { child, said: String::new(), lines })
    }

    fn until(&mut self, text: &str) {
        let start = Instant::now();
        while !self.said.contains(text) {
            assert!(start.elapsed() < 3 * LONG, "no {text} in {}", self.said);
            if let Ok(more) = self.lines.recv_timeout(Duration::from_millis(50)) {
                self.said.push_str(&String::from_utf8_lossy(&more));
            }
        }
    }

    /// Until the terminal shows nothing of what is typed, which it does once it was asked.
    fn until_hidden(&self, place: &Place) {
        let pid = fs::read_to_string(place.folder.path().join("pid")).unwrap();
        let terminal = format!("/proc/{}/fd/0", pid.trim());
        let start = Instant::now();
        let shows = || {
            let modes = Command::new("stty").args(["-F", &terminal, "-a"]).output().unwrap();
            String::from_utf8_lossy(&modes.stdout).split_whitespace().any(|word| word == "echo")
        };
        while shows() {
            assert!(start.elapsed() < LONG, "it is shown: {}", self.said);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// The exit code, and whether the terminal shows what is typed.
    fn end(mut self) -> (u8, bool, String) {
        self.until("end=1");
        let code = self.said.split("code=").nth(1).unwrap();
        let code = code.split(['\r', '\n']).next().unwrap().parse().unwrap();
        let shows = self.said.split_whitespace().any(|word| word == "echo");
        (code, shows, std::mem::take(&mut self.said))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A signal to the command itself.
fn signal(place: &Place, name: &str) {
    let pid = fs::read_to_string(place.folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").args([name, pid.trim()]).status().unwrap().success());
}

fn adds(place: &Place) -> Command {
    let mut command = Command::new(program("default"));
    place.set(command.args(["db", "user", "add", "ann"]));
    command
}

#[test]
fn who_is_ended_at_the_question_leaves_the_terminal_as_it_was() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    for (how, code) in
        [("ctrl-c", 130), ("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-QUIT", 131)]
    {
        let Some(mut shell) = Shell::start(&place, &adds(&place)) else { return };
        shell.until("Password of ann: ");
        shell.until_hidden(&place);
        match how {
            "ctrl-c" => shell.type_in("abc\x03"),
            signal_name => signal(&place, signal_name),
        }
        let (found, shows, said) = shell.end();
        assert_eq!((found, shows), (code, true), "{how}: {said}");
        assert!(said.contains("error: interrupted"), "{said}");
        let beside = place.folder.path().join("notify.sqlite3-wal");
        assert!(!beside.exists(), "nothing is open while it asks");
    }
    let users = place.command("default", &["db", "user", "list"]).ok().stdout;
    assert_eq!(users, "nobody may log in yet; `notify db user add` adds a user\n");
}

#[test]
fn a_password_is_typed_twice() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    let Some(mut shell) = Shell::start(&place, &adds(&place)) else { return };
    shell.until("Password of ann: ");
    shell.type_in(&format!("{PASSWORD}\n"));
    shell.until("The same again: ");
    shell.type_in("another password\n");
    let (code, shows, said) = shell.end();
    assert_eq!((code, shows), (2, true), "{said}");
    assert!(said.contains("these are two passwords"), "{said}");

    let mut shell = Shell::start(&place, &adds(&place)).unwrap();
    for question in ["Password of ann: ", "The same again: "] {
        shell.until(question);
        shell.until_hidden(&place);
        shell.type_in(&format!("{PASSWORD}\n"));
    }
    let (code, shows, said) = shell.end();
    assert_eq!((code, shows), (0, true), "{said}");
    assert!(said.contains("ann may log in") && !said.contains(PASSWORD), "{said}");
}

#[test]
fn through_plugo_it_is_the_same() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    for (how, code) in [("ctrl-c", 130), ("-INT", 130), ("-TERM", 130)] {
        let mut command = plugo(&["-q", "db", "--package", "notify", "user", "add", "ann"]);
        place.set(&mut command);
        command.current_dir(repository());
        let Some(mut shell) = Shell::start(&place, &command) else { return };
        shell.until("Password of ann: ");
        shell.until_hidden(&place);
        match how {
            "ctrl-c" => shell.type_in("abc\x03"),
            signal_name => signal(&place, signal_name),
        }
        let (found, shows, said) = shell.end();
        assert_eq!((found, shows), (code, true), "{how}: {said}");
    }
}

#[test]
fn a_wrong_name_is_refused_before_anything_is_asked() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    let length = "a user's name has 1 to 100 characters";
    for (name, why) in [("", length), ("  ", length), ("a\tb", "U+0009")] {
        // There is no line on stdin to read.
        let run = place.command("default", &["db", "user", "add", name]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
}

#[test]
fn a_password_that_is_no_text_is_a_wrong_call() {
    let place = Place::new();
    place.command("default", &["db", "migrate"]).ok();
    let mut command = adds(&place);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\xff\xfe not a text of any kind\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is not UTF-8"), "{said}");
}
