use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plugo_admin::{Actor, Change, InstanceQuery, Store, SyncMode, Via};
use tokio::runtime::Runtime;

use super::child::{CHILD, FOLLOWED, many};
use super::databases::Database;
use crate::places::Places;
use crate::spread::Spread;

/// So many processes follow.
pub(crate) const PROCESSES: usize = 8;

/// So many changes.
pub(crate) const CHANGES: u32 = 40;

/// From the call of an edit until the last of eight processes goes by the change.
pub(crate) fn measure(
    runtime: &Runtime,
    places: &Places,
    database: &Database<'_>,
) -> Result<Spread> {
    let url = database.fresh()?;
    let (store, id) = runtime.block_on(async {
        let store = Store::open(&url).await?;
        store.sync(&Actor::of_program(), &many(FOLLOWED), SyncMode::Create).await?;
        let rows = store.instances(&InstanceQuery::default()).await?.rows;
        let id = rows.first().context("there are none")?.id;
        anyhow::Ok((store, id))
    })?;
    let followers = Followers::start(places, &url)?;
    let actor = Actor::new("benchmark", Via::App);
    followers.all_at(runtime.block_on(store.revision())?)?;
    let mut times = Vec::new();
    for change in 0..CHANGES {
        // At any time between two looks.
        std::thread::sleep(Duration::from_millis(u64::from(150 + change * 37 % 100)));
        let (target, nudge) = ([(id, None)], Change::Nudge(1));
        // When it is committed only the database knows, and some may see it before this one does.
        let begin = Instant::now();
        let edit = runtime.block_on(store.edit(&actor, &target, &nudge))?;
        let last = followers.all_at(edit.revision)?;
        times.push(last.saturating_duration_since(begin));
    }
    runtime.block_on(store.close());
    Ok(Spread::of(times))
}

/// Processes that follow; each ends when its stdin does, with this one at the latest.
struct Followers {
    children: Vec<Child>,
    heard: Receiver<(usize, i64, Instant)>,
}

impl Followers {
    fn start(places: &Places, url: &str) -> Result<Self> {
        let (tell, heard) = channel();
        let mut followers = Followers { children: Vec::new(), heard };
        for number in 0..PROCESSES {
            let mut command = Command::new(&places.program);
            command.args(["admin", CHILD, "follow", url]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().context("this program does not start")?;
            let stdout = child.stdout.take().context("it has no stdout")?;
            followers.children.push(child);
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let at = Instant::now();
                    let Ok(revision) = line.parse() else { break };
                    if tell.send((number, revision, at)).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(followers)
    }

    /// When the last one came to a revision.
    fn all_at(&self, revision: i64) -> Result<Instant> {
        let mut reached = [None; PROCESSES];
        while reached.iter().any(Option::is_none) {
            let (number, seen, at) = self
                .heard
                .recv_timeout(Duration::from_secs(30))
                .context("a process does not see the change")?;
            if seen >= revision {
                reached[number].get_or_insert(at);
            }
        }
        reached.into_iter().flatten().max().context("there are none")
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}
