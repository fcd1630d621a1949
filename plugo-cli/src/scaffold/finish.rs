use std::path::Path;

use crate::app::App;
use crate::cargo;
use crate::context::Context;
use crate::edits::{Edits, real};
use crate::error::Error;
use crate::interrupt;

/// The app with its folders as they are, without links: paths between them
/// are written into files.
pub(crate) fn resolved(mut app: App) -> App {
    app.dir = real(&app.dir);
    app.workspace = real(&app.workspace);
    app
}

/// Shows the edits, or makes them and has Cargo read the result; what Cargo
/// does not accept is undone. Says whether they were made.
pub(crate) fn finish(
    context: &Context,
    dir: &Path,
    edits: &Edits,
    dry_run: bool,
) -> Result<bool, Error> {
    if dry_run {
        context.answer(edits)?;
        context.shell.note("nothing was written, since this is a dry run");
        return Ok(false);
    }
    // From here on, Ctrl-C ends this program when all or nothing is done.
    interrupt::listen()?;
    let nothing = || "nothing was changed".to_owned();
    let applied = edits.apply().map_err(|error| ended(context, error, &nothing()))?;
    let accepted = cargo::workspace(dir, None);
    // Ctrl-C ends Cargo too, so what that says is not the reason.
    if let Err(error) = interrupt::check().and(accepted) {
        let after = applied.undo().err().unwrap_or_else(nothing);
        return Err(match error {
            Error::Said(_) => ended(context, error, &after),
            error => Error::no(format!("Cargo does not accept the result, so {after}: {error}")),
        });
    }
    applied.keep()?;
    for (verb, what) in edits.summary() {
        context.shell.status(verb, what);
    }
    Ok(true)
}

/// Says what is left after Ctrl-C; other errors say it themselves.
fn ended(context: &Context, error: Error, after: &str) -> Error {
    if matches!(error, Error::Said(_)) {
        context.shell.error(format_args!("interrupted, so {after}"));
    }
    error
}
