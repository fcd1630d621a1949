use serde_json::{Value, json};

use super::{Built, Job};
use crate::table::{Table, grouped};

/// What became of one build.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) job: Job,
    /// Or why there is none.
    pub(crate) built: Result<Built, String>,
}

/// What became of each build, for people.
pub(crate) fn table(outcomes: &[Outcome]) -> Table {
    let header = ["client", "plugins", "crates", "compiled", "bytes", "seconds", "shared with"];
    let mut table = Table::new(header).right([1, 2, 3, 4, 5]);
    for Outcome { job, built } in outcomes {
        let name = job.name().to_owned();
        let shared = job.shared_with.clone().unwrap_or_default();
        match built {
            Ok(built) => table.row([
                name,
                built.plugins.len().to_string(),
                built.crates.to_string(),
                built.compiled.to_string(),
                grouped(built.bytes),
                format!("{:.1}", built.seconds),
                shared,
            ]),
            Err(_) => {
                let nothing = String::new;
                table.row([
                    name,
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    "not built".to_owned(),
                ]);
            }
        }
    }
    table
}

/// What became of each build, for programs.
pub(crate) fn json(outcomes: &[Outcome]) -> Value {
    outcomes.iter().map(outcome).collect()
}

fn outcome(Outcome { job, built }: &Outcome) -> Value {
    let (done, error) = match built {
        Ok(built) => (Some(built), None),
        Err(error) => (None, Some(error)),
    };
    json!({
        "client": job.client,
        "state": if done.is_some() { "built" } else { "failed" },
        "error": error,
        "folder": done.map(|built| built.dir.to_string_lossy()),
        "programs": done.map(|built| {
            built.programs.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>()
        }),
        "plugins": done.map(|built| &built.plugins),
        "crates": done.map(|built| built.crates),
        "compiled": done.map(|built| built.compiled),
        "bytes": done.map(|built| built.bytes),
        "seconds": done.map(|built| (built.seconds * 10.0).round() / 10.0),
        "shared_with": job.shared_with,
    })
}
