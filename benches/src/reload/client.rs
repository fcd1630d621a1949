use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a client waits for one thing.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A client that asks one thing after the other.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    /// It keeps its connection, unless the server says that it closes it.
    keeps: bool,
    kept: Option<BufReader<TcpStream>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, keeps: bool) -> Self {
        Client { address, keeps, kept: None }
    }

    /// Asks once. A connection that was kept and turns out to be closed is a
    /// failure like any other: a client may not ask again for everything.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, LIMIT)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(LIMIT))?;
                BufReader::new(stream)
            }
        };
        let connection = if self.keeps { "keep-alive" } else { "close" };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: {connection}\r\n\r\n",
            self.address
        );
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length, mut closes) = (None, None, !self.keeps);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            closes |= line == "connection: close";
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|digits| digits.parse().ok());
            } else if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse().ok();
            }
        }
        let (Some(status), Some(length)) = (status, length) else {
            return Err(io::Error::new(ErrorKind::InvalidData, "not an answer"));
        };
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        self.kept = (!closes).then_some(stream);
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
