use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use plugo_core::{EntryPoint, PluginInfo};
use serde::Serialize;

use super::{Patched, all, code};

/// The variable that names the socket.
const SOCKET: &str = "PLUGO_PATCH";

#[derive(Serialize)]
struct Hello {
    aslr_reference: usize,
}

/// What became of a patch.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// These plugins are of the new code.
    Patched(Vec<&'static str>),
    /// They did not come up, and everything is as it was.
    Failed(String),
    /// It cannot be done in this process.
    Refused(String),
}

/// Follows `plugo dev`, if that is there and asks for it.
pub(super) fn start() {
    let Some(path) = std::env::var_os(SOCKET) else { return };
    let thread = std::thread::Builder::new().name("plugo-patch".to_owned());
    // When the connection ends, so does `plugo dev`.
    let _ = thread.spawn(move || follow(path));
}

fn follow(path: OsString) -> io::Result<()> {
    let mut stream = UnixStream::connect(path)?;
    say(&mut stream, &Hello { aslr_reference: code::aslr_reference() })?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let answer = patch(&line?).unwrap_or_else(Answer::Refused);
        say(&mut stream, &answer)?;
    }
    Ok(())
}

fn say(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(what)?;
    line.push('\n');
    stream.write_all(line.as_bytes())
}

fn patch(line: &str) -> Result<Answer, String> {
    let table = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let reloaders: Vec<Arc<dyn Patched>> = all().iter().filter_map(|one| one.upgrade()).collect();
    let entries = code::take_in(table)?;
    let plugins: Vec<Vec<PluginInfo>> = reloaders.iter().map(|one| one.plugins()).collect();
    refuse(&entries, &plugins.concat())?;
    let mut renewed = Vec::new();
    for (reloader, plugins) in reloaders.iter().zip(plugins) {
        let changed = plugins.into_iter().filter(|one| entries.contains_key(&one.linked_at()));
        let changed: Vec<PluginInfo> = changed.collect();
        let names: Vec<&'static str> = changed.iter().map(PluginInfo::name).collect();
        let new = |plugin: &PluginInfo| entries.get(&plugin.linked_at()).copied();
        let before: Vec<_> = changed.iter().map(|plugin| plugin.replace(new(plugin))).collect();
        if let Err(error) = reloader.renew(&names) {
            for (plugin, before) in changed.iter().zip(before) {
                plugin.replace(before);
            }
            return Ok(Answer::Failed(error.to_string()));
        }
        renewed.extend(names);
    }
    Ok(Answer::Patched(renewed))
}

/// What is known of these plugins elsewhere would stay of the old code.
fn refuse(entries: &BTreeMap<usize, EntryPoint>, reloaded: &[PluginInfo]) -> Result<(), String> {
    let all = plugo_core::tables()
        .into_iter()
        .flat_map(|table| table.iter())
        .chain(reloaded.iter().copied());
    for plugin in all.filter(|plugin| entries.contains_key(&plugin.linked_at())) {
        let name = plugin.name();
        if plugin.is_item() {
            return Err(format!(
                "`{name}` is an item of a plugin type, whose instance lives as long as the process"
            ));
        }
        if !reloaded.iter().any(|other| other.linked_at() == plugin.linked_at()) {
            return Err(format!("no `Reloader` of the app has `{name}`"));
        }
    }
    let is_known = |plugin: &PluginInfo| entries.contains_key(&plugin.linked_at());
    match reloaded.iter().any(is_known) {
        true => Ok(()),
        false => Err("no `Reloader` of the app has a plugin of this crate".to_owned()),
    }
}
