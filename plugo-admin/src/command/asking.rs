use std::future::Future;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read};
use std::time::Duration;

use tokio::sync::oneshot;

use super::answer::plain;
use super::failure::Failure;

/// No line with a password is longer.
const LONGEST: u64 = 4096;

/// What asking takes from the question to hiding the answer, and more.
const MOMENT: Duration = Duration::from_millis(100);

/// Does what asks at a terminal. Where somebody wants the program to end meanwhile, it is
/// not done, and the terminal shows again what is typed.
pub(super) async fn unless_ended<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    if !io::stdin().is_terminal() {
        return work.await;
    }
    let terminal = Terminal::now();
    let ended = Ended::listen();
    tokio::select! {
        failure = ended.wait() => {
            terminal.restore();
            // The question may have been on its way to hide what is typed.
            tokio::time::sleep(MOMENT).await;
            terminal.restore();
            Err(failure)
        }
        done = work => done,
    }
}

/// At a terminal a password is asked for twice and not shown; otherwise it is the first
/// line of stdin. It is no argument, since everybody on the machine can read those.
pub(super) async fn password(name: &str) -> Result<String, Failure> {
    let name = plain(name);
    let (sender, answer) = oneshot::channel();
    // Nobody waits for this thread at the end, whatever it waits for.
    let asking = std::thread::Builder::new().name("password".to_owned()).spawn(move || {
        let _ = sender.send(match io::stdin().is_terminal() {
            true => ask(&name),
            false => first_line(),
        });
    });
    asking.map_err(|error| Failure::environment(error.to_string()))?;
    answer.await.map_err(|_| Failure::environment("the password was not asked for"))?
}

fn ask(name: &str) -> Result<String, Failure> {
    let lost = |error: io::Error| match error.kind() {
        // Ctrl-C is a key to the one who asks.
        ErrorKind::Interrupted => Failure::ended(INTERRUPT),
        _ => Failure::environment(format!("the password cannot be asked for: {error}")),
    };
    let first = rpassword::prompt_password(format!("Password of {name}: ")).map_err(lost)?;
    let again = rpassword::prompt_password("The same again: ").map_err(lost)?;
    match first == again {
        true => Ok(first),
        false => Err(Failure::usage("these are two passwords; nothing was changed")),
    }
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Failure::usage("the password on stdin is not UTF-8"),
        _ => Failure::environment(format!("stdin cannot be read: {error}")),
    })?;
    let line = line.trim_end_matches(['\n', '\r']);
    match line.is_empty() {
        true => Err(Failure::usage("the password is the first line of stdin, and there is none")),
        false => Ok(line.to_owned()),
    }
}

/// The number of the signal that Ctrl-C is.
const INTERRUPT: u8 = 2;

/// The signals by which somebody ends a program.
struct Ended {
    #[cfg(unix)]
    signals: Vec<(u8, tokio::signal::unix::Signal)>,
}

impl Ended {
    /// From here on they are heard. What cannot be heard ends the program at once.
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let all = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ];
        let signals = all.into_iter().filter_map(|kind| {
            let number = u8::try_from(kind.as_raw_value()).ok()?;
            Some((number, signal(kind).ok()?))
        });
        Ended { signals: signals.collect() }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Ended {}
    }

    #[cfg(unix)]
    async fn wait(mut self) -> Failure {
        std::future::poll_fn(|context| {
            let heard = self.signals.iter_mut().find_map(|(number, signal)| {
                signal.poll_recv(context).is_ready().then_some(*number)
            });
            heard.map_or(std::task::Poll::Pending, |number| {
                std::task::Poll::Ready(Failure::ended(number))
            })
        })
        .await
    }

    #[cfg(not(unix))]
    async fn wait(self) -> Failure {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Failure::ended(INTERRUPT),
            Err(_) => std::future::pending().await,
        }
    }
}

/// How the terminal was before anything was asked: who is ended at the prompt does not
/// come to set it back.
struct Terminal {
    #[cfg(unix)]
    before: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl Terminal {
    #[cfg(unix)]
    fn now() -> Self {
        let before = std::fs::File::open("/dev/tty").ok().and_then(|file| {
            let modes = rustix::termios::tcgetattr(&file).ok()?;
            Some((file, modes))
        });
        Terminal { before }
    }

    #[cfg(unix)]
    fn restore(&self) {
        if let Some((file, modes)) = &self.before {
            // A terminal that is gone needs nothing.
            let _ = rustix::termios::tcsetattr(file, rustix::termios::OptionalActions::Now, modes);
        }
    }

    #[cfg(not(unix))]
    fn now() -> Self {
        Terminal {}
    }

    #[cfg(not(unix))]
    fn restore(&self) {}
}
