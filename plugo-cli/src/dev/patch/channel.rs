use std::io::{BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use serde_json::Value;

use super::super::event::Event;
use crate::child;

/// What a process of the app says.
#[derive(Debug)]
pub(crate) enum Said {
    /// It is there, and can be patched: `main` is at this address.
    Hello { stream: UnixStream, main: u64 },
    /// These plugins are of the new code.
    Patched(Vec<String>),
    /// They did not come up.
    Failed(String),
    /// It cannot take the patch in.
    Refused(String),
    /// The connection has ended.
    Gone,
}

/// Listens to the process with this number at the socket, which is made now.
pub(crate) fn listen(path: PathBuf, process: u32, sender: Sender<Event>) -> std::io::Result<()> {
    let listener = UnixListener::bind(&path)?;
    std::thread::spawn(move || {
        // A process that never connects leaves this thread waiting until the end.
        let stream = listener.accept().map(|(stream, _)| stream);
        let _ = std::fs::remove_file(&path);
        if let Ok(stream) = stream {
            follow(stream, |said| sender.send(Event::App(process, said)).is_ok());
        }
    });
    Ok(())
}

fn follow(stream: UnixStream, mut tell: impl FnMut(Said) -> bool) {
    let Ok(writer) = stream.try_clone() else { return };
    let mut writer = Some(writer);
    child::lines(BufReader::new(stream), |line| match read(&line, &mut writer) {
        Some(said) => tell(said),
        None => false,
    });
    tell(Said::Gone);
}

fn read(line: &str, writer: &mut Option<UnixStream>) -> Option<Said> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    if let Some(main) = value["aslr_reference"].as_u64() {
        return Some(Said::Hello { stream: writer.take()?, main });
    }
    if let Some(plugins) = value["patched"].as_array() {
        let names = plugins.iter().filter_map(Value::as_str).map(str::to_owned);
        return Some(Said::Patched(names.collect()));
    }
    text("failed").map(Said::Failed).or_else(|| text("refused").map(Said::Refused))
}

/// Tells the app of a patch.
pub(crate) fn tell(stream: &mut UnixStream, table: &str) -> std::io::Result<()> {
    stream.write_all(format!("{table}\n").as_bytes())
}
