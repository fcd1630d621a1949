use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use plugo::Status;
use plugo_admin::{
    Actor, Change, Following, InstanceQuery, RegisteredItem, RegisteredType, Registry, Store,
    SyncMode, Via, instances,
};
use tokio::runtime::{Builder, Runtime};

use super::services::{DISABLED, SELECTED, Service};

/// The argument by which this program starts itself.
pub(crate) const CHILD: &str = "--child";

/// `select <way> <times> <database>` prints how many nanoseconds so many selections
/// took; `follow <database>` prints each revision that comes into force, until its
/// stdin ends.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["select", way, times, database] => select(way, times.parse()?, database),
        ["follow", database] => follow(database),
        _ => bail!("what is to be done?"),
    }
}

fn select(way: &str, times: u64, database: &str) -> Result<()> {
    // While instructions are counted, nothing but the selections runs.
    let (mut of, way) = match way.strip_prefix("counted-") {
        Some(way) => (Builder::new_current_thread(), way),
        None => (Builder::new_multi_thread(), way),
    };
    let runtime = of.enable_all().build()?;
    let attached = match way {
        "plain" => None,
        "store" | "instances" => Some(attach(&runtime, database)?),
        _ => bail!("there is no way `{way}`"),
    };
    let first = match way {
        "instances" => instances::<dyn Service>().select()?.shared()?.answer(7),
        _ => plugo::select::<dyn Service>()?.answer(7),
    };
    if first != 7 * SELECTED {
        bail!("another one is selected, which answers {first}");
    }
    let mut answer = 0;
    let begin = Instant::now();
    if way == "instances" {
        for number in 0..black_box(times) {
            let service = instances::<dyn Service>().select()?.shared()?;
            answer ^= service.answer(number);
        }
    } else {
        for number in 0..black_box(times) {
            answer ^= plugo::select::<dyn Service>()?.answer(number);
        }
    }
    let took = begin.elapsed();
    black_box(answer);
    writeln!(std::io::stdout(), "{}", took.as_nanos())?;
    drop(attached);
    Ok(())
}

/// Follows a database in which an operator has disabled an item.
fn attach(runtime: &Runtime, database: &str) -> Result<Following> {
    runtime.block_on(async {
        let registry = Registry::of_program();
        let store = Store::open(database).await?;
        store.sync(&Actor::of_program(), &registry, SyncMode::Create).await?;
        let following = store.follow(&registry).await?;
        let rows = store.instances(&InstanceQuery::default()).await?.rows;
        let row = rows.iter().find(|row| row.name == DISABLED).context("it was not synced")?;
        let disabled = Change::Status(Some(Status::Disabled));
        let actor = Actor::new("benchmark", Via::App);
        store.edit(&actor, &[(row.id, None)], &disabled).await?;
        if plugo::items::<dyn Service>().get(DISABLED).is_ok() {
            bail!("the lookups do not go by the database");
        }
        Ok(following)
    })
}

/// What every process of a measurement has.
pub(crate) fn many(number: usize) -> Registry {
    let mut of = RegisteredType::new("Service", "benches");
    for number in 0..number {
        of = of.with_item(RegisteredItem::new(format!("item{number:05}")).description("one"));
    }
    Registry::by_hand().with_type(of)
}

/// So many items are followed.
pub(crate) const FOLLOWED: usize = 100;

fn follow(database: &str) -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(database).await?;
        let following = store.follow(&many(FOLLOWED)).await?;
        let mut changes = following.changes();
        let mut stdout = std::io::stdout();
        loop {
            let revision = *changes.borrow_and_update();
            writeln!(stdout, "{revision}")?;
            stdout.flush()?;
            changes.changed().await?;
        }
    })
}
