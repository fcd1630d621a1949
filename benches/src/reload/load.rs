use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::Client;

/// Requests a second, of all clients together.
pub(crate) const RATE: u32 = 300;
const CLIENTS: u32 = 12;
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
        for served in self.clients.drain(..).filter_map(|client| client.join().ok()) {
            all.add(served);
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
        let how = match answer {
            Ok(answer) if right.contains(&answer.status) => return,
            Ok(answer) => format!("answered {}", answer.status),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionRefused => "refused".to_owned(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "reset".to_owned(),
                ErrorKind::UnexpectedEof => "closed".to_owned(),
                ErrorKind::TimedOut | ErrorKind::WouldBlock => "not answered".to_owned(),
                _ => error.to_string(),
            },
        };
        *self.failed.entry(how).or_default() += 1;
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
