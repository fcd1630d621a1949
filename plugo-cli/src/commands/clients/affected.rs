use std::collections::BTreeMap;

use plugo_build::Project;
use serde_json::{Value, json};

use crate::args::{AppArgs, Format, FormatArgs};
use crate::building::count;
use crate::changes::{Reason, affected};
use crate::context::Context;
use crate::error::Error;
use crate::table::Table;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The revision of git that is compared with; what HEAD and it have in common counts
    #[arg(long, value_name = "REVISION")]
    since: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<(), Error> {
    let app = context.app(&args.app)?;
    let environment = context.environment(&app, None)?;
    let project = Project::read(environment.clone())?;
    let found = affected(&app, &environment, &project, &args.since)?;
    match args.format.format {
        Format::Json => context.json(&json(&found)),
        Format::Table => {
            if found.is_empty() {
                let all = count(project.clients().len(), "client");
                context.shell.note(format_args!("none of {all} is touched"));
                return Ok(());
            }
            context.answer(table(&found))
        }
    }
}

fn json(found: &BTreeMap<String, Vec<Reason>>) -> Value {
    let client = |(client, reasons): (&String, &Vec<Reason>)| {
        let reason = |reason: &Reason| json!({ "path": reason.path, "why": reason.why });
        json!({ "client": client, "reasons": reasons.iter().map(reason).collect::<Vec<_>>() })
    };
    found.iter().map(client).collect()
}

/// The files that a table shows for each client.
const SHOWN: usize = 3;

fn table(found: &BTreeMap<String, Vec<Reason>>) -> Table {
    let mut table = Table::new(["client", "because of", ""]);
    for (client, reasons) in found {
        let mut name = client.clone();
        for reason in reasons.iter().take(SHOWN) {
            table.row([std::mem::take(&mut name), reason.path.clone(), reason.why.clone()]);
        }
        if let Some(more) = reasons.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            table.row([name, format!("and {}", count(more, "other file")), String::new()]);
        }
    }
    table
}
