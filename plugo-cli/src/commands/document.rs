use std::path::Path;

use crate::args::{AppArgs, SelectionArgs};
use crate::context::Context;
use crate::error::Error;
use crate::evidence::Evidence;

/// What is told of the build that the arguments name.
pub(crate) fn evidence(
    context: &Context,
    app: &AppArgs,
    selection: &SelectionArgs,
) -> Result<Evidence, Error> {
    let app = context.app(app)?;
    let project = context.project(&app, selection)?;
    let (plan, warnings) = project.plan()?;
    context.shell.problems(&warnings);
    Evidence::plan(&project, &plan)
}

/// Writes a document to a file, or as the answer.
pub(crate) fn give(context: &Context, document: &str, output: Option<&Path>) -> Result<(), Error> {
    let Some(path) = output.map(|path| context.path(path)) else { return context.answer(document) };
    let written =
        plugo_build::write(&path, document).map_err(|error| Error::io("written", &path, &error))?;
    let verb = if written { "Wrote" } else { "Unchanged" };
    context.shell.status(verb, path.display());
    Ok(())
}
