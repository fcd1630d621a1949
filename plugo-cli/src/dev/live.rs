use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;

/// Tells pages in browsers to load themselves again, with server-sent events.
#[derive(Debug)]
pub(super) struct Live {
    address: SocketAddr,
    pages: Pages,
}

type Pages = Arc<Mutex<Vec<TcpStream>>>;

/// What a page brings in.
const SCRIPT: &str = "new EventSource(new URL('/events', document.currentScript.src))\
                      .addEventListener('reload', () => location.reload());\n";
/// How many pages there may be.
const MOST: usize = 100;
/// How long a request and an answer may take.
const LIMIT: Duration = Duration::from_secs(2);

impl Live {
    pub(super) fn open(address: &str) -> Result<Self, Error> {
        let cannot = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => Error::no(format!(
                "another program listens on {address} already; `--livereload` names another \
                 address, and with the port 0 any that is free"
            )),
            _ => Error::usage(format!(
                "`--livereload {address}`: {error}; an address is such as `127.0.0.1:35729`"
            )),
        };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        let local = listener.local_addr().map_err(cannot)?;
        let pages = Pages::default();
        let live = Live { address: local, pages: Arc::clone(&pages) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = Arc::clone(&pages);
                std::thread::spawn(move || answer(stream, &pages));
            }
        });
        Ok(live)
    }

    /// The address of the script.
    pub(super) fn script(&self) -> String {
        format!("http://{}/livereload.js", self.address)
    }

    /// Tells all pages. Those that went away are forgotten.
    pub(super) fn tell(&self, number: u32) {
        let event = format!("event: reload\ndata: {number}\n\n");
        lock(&self.pages).retain_mut(|page| page.write_all(event.as_bytes()).is_ok());
    }
}

fn lock(pages: &Pages) -> MutexGuard<'_, Vec<TcpStream>> {
    pages.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(mut stream: TcpStream, pages: &Pages) {
    let limits = stream.set_read_timeout(Some(LIMIT));
    let limits = limits.and_then(|()| stream.set_write_timeout(Some(LIMIT)));
    let Some(path) = limits.ok().and_then(|()| path(&stream)) else { return };
    let head = |status: &str, kind: &str, more: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\naccess-control-allow-origin: *\r\n\
             cache-control: no-store\r\n{more}connection: close\r\n\r\n"
        )
    };
    match path.as_str() {
        "/events" => {
            let head = head("200 OK", "text/event-stream", "");
            let mut pages = lock(pages);
            if stream.write_all(head.as_bytes()).is_ok() {
                if pages.len() >= MOST {
                    pages.remove(0);
                }
                pages.push(stream);
            }
        }
        "/livereload.js" => {
            let length = format!("content-length: {}\r\n", SCRIPT.len());
            let head = head("200 OK", "text/javascript", &length);
            let _ = stream.write_all((head + SCRIPT).as_bytes());
        }
        _ => {
            let head = head("404 Not Found", "text/plain", "content-length: 0\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    }
}

/// The path that is asked for, when all of the request's head is there.
fn path(stream: &TcpStream) -> Option<String> {
    let mut head = BufReader::new(stream).take(16 * 1024);
    let mut first = String::new();
    head.read_line(&mut first).ok()?;
    let mut line = String::new();
    while head.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let mut words = first.split(' ');
    let path = words.next().filter(|method| *method == "GET").and_then(|_| words.next())?;
    Some(path.split('?').next().unwrap_or(path).to_owned())
}
