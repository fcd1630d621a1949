use std::path::PathBuf;

use plugo_build::{Id, Places};
use toml_edit::InlineTable;

use crate::app::App;
use crate::args::AppArgs;
use crate::context::Context;
use crate::edits::{Edits, Manifest, real, relative, slashes};
use crate::error::Error;
use crate::scaffold::finish::{finish, resolved};
use crate::scaffold::name::CrateName;
use crate::scaffold::program::Program;
use crate::scaffold::source::PlugoSource;
use crate::scaffold::templates::Kind;
use crate::scaffold::wire::Wire;
use crate::table::is_plain;

/// The arguments of the commands that make a plugin.
#[derive(clap::Args)]
pub(crate) struct NewArgs {
    /// What the plugin is called; "Price List" makes a crate `price-list`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The folder that the plugin's crate is put into
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Show every change, and make none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    app: AppArgs,
}

/// Makes a plugin, and its place in the app.
pub(crate) fn new_plugin(kind: Kind, context: &Context, args: &NewArgs) -> Result<(), Error> {
    let app = resolved(context.app(&args.app)?);
    let name = CrateName::new(&given_name(context, args)?)?;
    let mut edits = Edits::new(&app.workspace);
    let manifest = Manifest::read(&edits, &app.dir)?;
    if kind.has_routes() {
        check_axum(&app, &manifest)?;
    }
    let parent = folder(kind, context, args, &app)?;
    if parent.exists() && !parent.is_dir() {
        return Err(Error::usage(format!("`{}` is no folder", parent.display())));
    }
    let dir = parent.join(&name.name);
    let plugo = source(&app, &manifest, &edits, &dir)?.dependency("plugo", &dir).to_string();
    edits.folder(&dir, kind.files(&name, plugo.trim()))?;
    let path = slashes(&relative(&dir, &app.dir));
    let wire = Wire {
        package: name.name.clone(),
        dependency: InlineTable::from_iter([("path", path)]),
        plugins: vec![Id::new(plugo::DEFAULT_NAMESPACE, name.name.clone())],
        dir: Some(dir.clone()),
    };
    wire.plan(&app, &mut edits)?;
    let left = match kind.has_routes() {
        true => Program::read(&edits, &app.dir)?.serve(&mut edits)?,
        false => None,
    };
    if finish(context, &app.dir, &edits, args.dry_run)? {
        let what = match kind.page(&name).filter(|_| left.is_none()) {
            Some(page) => format!("; `cargo run` serves it at http://127.0.0.1:3000{page}"),
            None => "; `cargo run` loads it".to_owned(),
        };
        let what = if left.is_some() { String::new() } else { what };
        let place = edits.show(&dir);
        context.shell.status("Finished", format_args!("plugin `{name}` in {place}{what}"));
    }
    if let Some(left) = left {
        context.shell.warn(left);
    }
    Ok(())
}

/// The name: an argument, or what a person at a terminal answers.
fn given_name(context: &Context, args: &NewArgs) -> Result<String, Error> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    if !context.shell.can_ask() {
        return Err(Error::usage(
            "no name is given, and this is no terminal to ask at; `--name \"Price List\"` gives one",
        ));
    }
    context.shell.say("What is the plugin called?");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::environment(format!("the answer cannot be read: {error}")))?;
    Ok(answer)
}

/// The folder that the crate is put into.
fn folder(kind: Kind, context: &Context, args: &NewArgs, app: &App) -> Result<PathBuf, Error> {
    let dir = match (&args.output_dir, kind.folder()) {
        (Some(dir), _) => context.path(dir),
        (None, Some(folder)) => app.dir.join(folder),
        (None, None) => Places::read(&app.dir, &app.workspace)?.plugin_directory,
    };
    // It stands in manifests and in messages, a line each.
    if !is_plain(&dir.to_string_lossy()) {
        return Err(Error::usage(format!("the folder {dir:?} has control characters in its name")));
    }
    Ok(real(&dir))
}

/// The plugo that the app has.
fn source(
    app: &App,
    manifest: &Manifest,
    edits: &Edits,
    dir: &std::path::Path,
) -> Result<PlugoSource, Error> {
    let source = PlugoSource::of(manifest)?;
    // What the workspace says holds in the workspace only.
    match source {
        PlugoSource::Workspace if !dir.starts_with(&app.workspace) => {
            PlugoSource::of_workspace(&Manifest::read(edits, &app.workspace)?)
        }
        source => Ok(source),
    }
}

/// The version of axum that the templates are written for.
const AXUM: &str = "0.8";

/// A router of one axum is no router of another.
fn check_axum(app: &App, manifest: &Manifest) -> Result<(), Error> {
    let Some((key, item)) = manifest.dependency("dependencies", "axum") else { return Ok(()) };
    let version = item.as_str().or_else(|| item.get("version")?.as_str());
    let is_other = version.is_some_and(|version| {
        let version = version.trim_start_matches(['^', '~', '=', '>', ' ']);
        !(version == AXUM || version.starts_with(&format!("{AXUM}.")))
    });
    match version.filter(|_| is_other) {
        Some(version) => Err(Error::no(format!(
            "`{}` depends on `{key}` {version}, and the plugin would be written for axum {AXUM}: \
             its router would be another type than the app's",
            app.name
        ))),
        None => Ok(()),
    }
}
