use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::Client;

/// Requests a second, of all clients together.
pub(crate) const RATE: u32 = 300;
pub(crate) const CLIENTS: u32 = 12;
/// What a page may wait for one thing before that is said to have stalled.
pub(crate) const STALLED: Duration = Duration::from_millis(500);

/// How clients connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connections {
    /// A new one for each request.
    New,
    /// One for many requests.
    Kept,
    /// Half of the clients each.
    Both,
}

/// A bounded load: each client asks, waits for the answer, and asks again when
/// its turn comes; turns that it missed are not made up for. It ends with the
/// value.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Served>>,
}

/// What became of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    /// How many failed, by how they did.
    pub(crate) failed: BTreeMap<String, u64>,
    pub(crate) slowest: Duration,
    /// How many took longer than [`STALLED`].
    pub(crate) stalled: u64,
}

impl Load {
    /// Asks for these paths in turn, of which each has the answers that are
    /// right.
    pub(crate) fn start(
        address: SocketAddr,
        connections: Connections,
        paths: &'static [(&'static str, &'static [u16])],
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let every = Duration::from_secs(1) * CLIENTS / RATE;
        let clients = (0..CLIENTS).map(|number| {
            let stop = Arc::clone(&stop);
            let keeps = match connections {
                Connections::New => false,
                Connections::Kept => true,
                Connections::Both => number % 2 == 0,
            };
            let mut client = Client::new(address, keeps);
            std::thread::spawn(move || {
                let mut served = Served::default();
                let mut turn = Instant::now() + every * number / CLIENTS;
                for (path, right) in paths.iter().cycle().skip(number as usize % paths.len()) {
                    std::thread::sleep(turn.saturating_duration_since(Instant::now()));
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    served.ask(&mut client, path, right);
                    let now = Instant::now();
                    while turn <= now {
                        turn += every;
                    }
                }
                served
            })
        });
        Load { clients: clients.collect(), stop }
    }

    pub(crate) fn end(mut self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Served::default();
        for client in self.clients.drain(..) {
            match client.join() {
                Ok(served) => all.add(served),
                // What it asked is not known; that it is gone is no success.
                Err(_) => all.fail("not asked, since a client panicked"),
            }
        }
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Served {
    fn ask(&mut self, client: &mut Client, path: &str, right: &[u16]) {
        let begun = Instant::now();
        let answer = client.get(path);
        let took = begun.elapsed();
        self.requests += 1;
        self.slowest = self.slowest.max(took);
        self.stalled += u64::from(took > STALLED);
        match answer {
            Ok(answer) if right.contains(&answer.status) => {}
            Ok(answer) => self.fail(&format!("answered {}", answer.status)),
            Err(error) => self.fail(&how(&error)),
        }
    }

    pub(crate) fn fail(&mut self, how: &str) {
        *self.failed.entry(how.to_owned()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Served) {
        self.requests += other.requests;
        for (how, number) in other.failed {
            *self.failed.entry(how).or_default() += number;
        }
        self.slowest = self.slowest.max(other.slowest);
        self.stalled += other.stalled;
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// How a request failed, in a word or two.
pub(crate) fn how(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "reset".to_owned(),
        ErrorKind::UnexpectedEof => "closed".to_owned(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "not answered".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// A server that gives these answers, one to a connection, and is gone then.
    fn server(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn what_fails_is_counted_by_how_it_did() {
        let answers = &[
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        ];
        let mut client = Client::new(server(answers), false);
        let mut served = Served::default();
        for _ in answers {
            served.ask(&mut client, "/", &[200, 404]);
        }
        let failed = [("answered 503".to_owned(), 1), ("closed".to_owned(), 2)];
        assert_eq!((served.requests, &served.failed), (5, &BTreeMap::from(failed)));
        let mut all = Served::default();
        all.fail("closed");
        all.add(served);
        assert_eq!((all.failures(), all.failed["closed"]), (4, 3));
    }
}
