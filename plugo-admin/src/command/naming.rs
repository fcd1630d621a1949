use plugo_core::name::nearest;

use super::failure::{Failure, Hint};
use crate::model::{InstanceQuery, InstanceRow, TypeRow};
use crate::registry::Registry;
use crate::store::Store;

/// So many rows are read at a time.
const ROWS: u32 = 1000;

/// Every instance that a query means, on all pages, as this program has its items.
pub(super) async fn instances(
    store: &Store,
    registry: &Registry,
    mut query: InstanceQuery,
) -> Result<Vec<InstanceRow>, Failure> {
    let (mut rows, own) = (Vec::new(), store.own(registry).await?);
    query.per_page = ROWS;
    for page in 1.. {
        query.page = page;
        let found = store.instances_by(&query, &own).await?;
        let is_last = found.page >= found.pages();
        rows.extend(found.rows);
        if is_last {
            break;
        }
    }
    Ok(rows)
}

/// The type of that name.
pub(super) async fn plugin_type(store: &Store, name: &str) -> Result<TypeRow, Failure> {
    let types = store.overview().await?;
    let mut found: Vec<&TypeRow> = types.iter().filter(|of| of.name == name).collect();
    if found.is_empty() {
        found = types.iter().filter(|of| format!("{}/{}", of.package, of.name) == name).collect();
    }
    match found[..] {
        [of] => Ok(of.clone()),
        [] => {
            let known = nearest(name, types.iter().map(|of| &*of.name));
            Err(unknown(format!("the database has no plugin type `{name}`"), known))
        }
        _ => {
            let names: Vec<String> =
                found.iter().map(|of| format!("{}/{}", of.package, of.name)).collect();
            Err(Failure::usage(format!(
                "several packages have a plugin type `{name}`; say one of `{}`",
                names.join("`, `")
            )))
        }
    }
}

/// How an instance is called here: the default one as its item.
pub(super) fn called(row: &InstanceRow) -> String {
    match row.is_default {
        true => row.item.full_name(),
        false => format!("{}/{}", row.item.full_name(), row.name),
    }
}

/// The instance that somebody means: by id, as [`called`], as the audit log has it, or by
/// any shorter name that no other one has.
pub(super) fn find<'r>(rows: &'r [InstanceRow], asked: &str) -> Result<&'r InstanceRow, Failure> {
    let whole = |row: &&InstanceRow| {
        row.id.to_string() == asked || called(row) == asked || row.subject() == asked
    };
    let short = |row: &&InstanceRow| {
        row.name == asked
            || row.item.name == asked
            || row.item.full_name() == asked
            || format!("{}/{}", row.item.name, row.name) == asked
    };
    let mut found: Vec<&InstanceRow> = rows.iter().filter(whole).collect();
    if found.is_empty() {
        found = rows.iter().filter(short).collect();
    }
    match found[..] {
        [row] => Ok(row),
        [] => {
            let names: Vec<String> = rows.iter().map(called).collect();
            let short = rows.iter().map(|row| &*row.name);
            let known = nearest(asked, names.iter().map(String::as_str).chain(short));
            Err(unknown(format!("there is no instance `{asked}`"), known))
        }
        _ => {
            let names: Vec<String> = found
                .iter()
                .map(|row| format!("{} {} ({})", row.item.of.name, called(row), row.id))
                .collect();
            Err(Failure::usage(format!(
                "`{asked}` is not clear: {}; name one of them in full, by its type with --type, \
                 or by its id",
                names.join(", ")
            )))
        }
    }
}

fn unknown(what: String, nearest: Option<&str>) -> Failure {
    match nearest {
        Some(nearest) => Failure::usage(format!("{what}; did you mean `{nearest}`?")),
        None => Failure::usage(what).hint(Hint::List),
    }
}
