use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::app::{App, write};
use super::client::Client;
use super::load::{Connections, Load, Served, how};
use crate::spread::Spread;
use crate::status::status;

/// For how long the file has to be left alone.
pub(crate) const DEBOUNCE: Duration = Duration::from_millis(20);
/// How often the plugin is switched off or on.
pub(crate) const TOGGLES: usize = 100;
/// What is asked for meanwhile: the plugin that comes and goes, and one that stays.
const LOAD: &[(&str, &[u16])] = &[("/clock", &[200, 404]), ("/blog", &[200])];
const PAUSE: Duration = Duration::from_millis(80);
const LIMIT: Duration = Duration::from_secs(10);

/// Changes of the file that a running app follows.
#[derive(Debug)]
pub(crate) struct Selection {
    /// From the write until a client sees it.
    pub(crate) times: Spread,
    pub(crate) served: Served,
}

/// The app with what follows a file, and that file.
pub(crate) fn start(
    app: &App,
) -> Result<(super::processes::Group, std::net::SocketAddr, std::path::PathBuf)> {
    // Whoever was here before may have left what does not compile.
    app.edit()?;
    app.build(&["--features", "reload"])?;
    let file = app.log("selection").with_extension("json");
    save(&file, true)?;
    let (group, address) = app.start("following", &["--reload".into(), file.clone().into()])?;
    Ok((group, address, file))
}

pub(crate) fn measure(app: &App) -> Result<Selection> {
    status("Measuring", "the selection of a running app");
    let (group, address, file) = start(app)?;
    let mut client = Client::new(address, true);
    let load = Load::start(address, Connections::Both, LOAD);
    let mut times = Vec::new();
    // Who looks for the change asks like others, and what fails counts.
    let mut looked = Served::default();
    let mut is_on = true;
    for _ in 0..TOGGLES {
        std::thread::sleep(PAUSE);
        is_on = !is_on;
        let wanted = if is_on { 200 } else { 404 };
        let begun = Instant::now();
        save(&file, is_on)?;
        loop {
            looked.requests += 1;
            match client.get("/clock") {
                Ok(answer) if answer.status == wanted => break,
                Ok(_) => {}
                Err(error) => looked.fail(&how(&error)),
            }
            if begun.elapsed() > LIMIT {
                bail!("`/clock` is not {wanted}:\n{}", group.said_last());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(begun.elapsed());
    }
    let mut served = load.end();
    served.add(looked);
    group.end();
    Ok(Selection { times: Spread::of(times), served })
}

/// Whole, or not at all.
fn save(file: &std::path::Path, is_on: bool) -> Result<()> {
    let text = format!(
        "{{ \"plugins\": [\n  {{ \"name\": \"blog\", \"enabled\": true }},\n  \
         {{ \"name\": \"clock\", \"enabled\": {is_on} }}\n] }}\n"
    );
    let new = file.with_extension("json~");
    write(&new, &text)?;
    Ok(std::fs::rename(&new, file)?)
}
