use std::path::Path;

use crate::app::App;
use crate::cargo;
use crate::context::Context;
use crate::edits::{Edits, real};
use crate::error::Error;

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
    let applied = edits.apply()?;
    if let Err(error) = cargo::workspace(dir, None) {
        let after = applied.undo().err().unwrap_or_else(|| "nothing was changed".to_owned());
        return Err(Error::no(format!("Cargo does not accept the result, so {after}: {error}")));
    }
    applied.keep()?;
    for (verb, what) in edits.summary() {
        context.shell.status(verb, what);
    }
    Ok(true)
}
