use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::Command;

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::Error;

/// The sockets that the app is reached at. They are open as long as `plugo dev`
/// works, and each process of the app gets them: who connects is served by
/// the one that takes the connection first, and is refused by none.
#[derive(Debug)]
pub(super) struct Sockets(Vec<(TcpListener, SocketAddr)>);

impl Sockets {
    pub(super) fn open(addresses: &[String]) -> Result<Self, Error> {
        addresses.iter().map(|address| open(address)).collect::<Result<_, _>>().map(Sockets)
    }

    /// Gives them to a program as `LISTEN_FDS` says: from 3 on.
    pub(super) fn hand_to(&self, command: &mut Command) -> Result<(), Error> {
        let mappings = (3..).zip(&self.0).map(|(number, (socket, _))| {
            let parent_fd: OwnedFd = socket.as_fd().try_clone_to_owned()?;
            Ok(FdMapping { parent_fd, child_fd: number })
        });
        let mappings = mappings.collect::<io::Result<Vec<_>>>();
        let cannot = |why: String| Error::environment(format!("a socket cannot be passed: {why}"));
        let mappings = mappings.map_err(|error| cannot(error.to_string()))?;
        command.fd_mappings(mappings).map_err(|error| cannot(error.to_string()))?;
        // Whose number it is is known when the process is there.
        command.env("LISTEN_FDS", self.0.len().to_string()).env_remove("LISTEN_PID");
        command.env_remove("LISTEN_FDNAMES");
        Ok(())
    }

    /// Whether somebody has connected, and no process has taken it.
    pub(super) fn has_waiting(&self) -> bool {
        let mut waiting: Vec<PollFd<'_>> =
            self.0.iter().map(|(socket, _)| PollFd::new(socket, PollFlags::IN)).collect();
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut waiting, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// `http://127.0.0.1:8080`, for each.
    pub(super) fn urls(&self) -> String {
        let urls: Vec<String> =
            self.0.iter().map(|(_, address)| format!("http://{address}")).collect();
        urls.join(", ")
    }
}

fn open(address: &str) -> Result<(TcpListener, SocketAddr), Error> {
    let wrong = |why: &str| {
        Error::usage(format!("`--listen {address}`: {why}; an address is such as `127.0.0.1:8080`"))
    };
    let mut addresses = address.to_socket_addrs().map_err(|error| wrong(&error.to_string()))?;
    let found = addresses.next().ok_or_else(|| wrong("it has no address"))?;
    let socket = TcpListener::bind(found).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Error::no(format!(
            "another program listens on {found} already; `--listen` names another address, and \
             with the port 0 any that is free"
        )),
        _ => Error::environment(format!("cannot listen on {found}: {error}")),
    })?;
    let local = socket.local_addr().unwrap_or(found);
    Ok((socket, local))
}
