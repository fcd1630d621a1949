use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::Places;
use toml_edit::Item;

use crate::app::App;
use crate::args::AppArgs;
use crate::command::Command;
use crate::context::Context;
use crate::edits::{Edits, Manifest, relative, slashes};
use crate::error::Error;
use crate::scaffold::{BUILD, PlugoSource, Program, finish, resolved};

#[plugo::plugin(name = "init", namespace = "plugo.commands", of = dyn Command, priority = 1)]
#[derive(Default)]
struct Init;

#[derive(clap::Args)]
struct Args {
    /// A checkout of plugo's repository to depend on, in place of the released
    /// version
    #[arg(long, value_name = "DIR", env = "PLUGO_PATH", hide_env_values = true)]
    plugo_path: Option<PathBuf>,
    /// Show every change, and make none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    app: AppArgs,
}

impl Command for Init {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Make an app of a package: its plugins are loaded when it starts")
            .after_help("Example: plugo init")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let package = resolved(App::find_package(&context.dir, &args.app)?);
        let source = match args.plugo_path.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => PlugoSource::checkout(&context.path(path))?,
            None => PlugoSource::Released,
        };
        let mut edits = Edits::new(&package.workspace);
        let mut left = manifest(&package, &source, &mut edits)?;
        left.extend(Program::read(&edits, &package.dir)?.load(&mut edits)?);
        if edits.is_empty() {
            context.shell.status("Finished", format_args!("`{}` is an app already", package.name));
        } else if finish(context, &package.dir, &edits, args.dry_run)? {
            let next = "`plugo new-base-plugin --name hello` makes a first plugin";
            context.shell.status("Finished", format_args!("`{}` is an app; {next}", package.name));
        }
        left.iter().for_each(|left| context.shell.warn(left));
        Ok(())
    }
}

/// The dependencies, the build script, the plugin directory and the workspace.
/// Says what is left for a person to add.
fn manifest(package: &App, source: &PlugoSource, edits: &mut Edits) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    let mut manifest = Manifest::read(edits, &package.dir)?;
    let script = match manifest.get(&["package", "build"]) {
        None => "build.rs".to_owned(),
        Some(item) if item.as_bool() == Some(true) => "build.rs".to_owned(),
        Some(item) => item.as_str().map(str::to_owned).ok_or_else(|| {
            Error::no(
                "`Cargo.toml` says `build = false`, and the plugins are planned by a build script",
            )
        })?,
    };
    let script = package.dir.join(script);
    for (table, krate) in [("dependencies", "plugo"), ("build-dependencies", "plugo-build")] {
        if manifest.dependency(table, krate).is_none() {
            let root = Manifest::read(edits, &package.workspace)?;
            let source = match root.get(&["workspace", "dependencies", krate]) {
                Some(_) => &PlugoSource::Workspace,
                None => source,
            };
            manifest.add_dependency(table, krate, source.dependency(krate, &package.dir))?;
        }
    }
    match edits.read(&script)? {
        None => edits.write(&script, BUILD.to_owned())?,
        Some(text) if text.contains("plugo_build::") => {}
        Some(_) => left.push(format!(
            "`{}` is there already, and was left alone; add this line to its `main`:\n    \
             plugo_build::build();",
            edits.show(&script)
        )),
    }
    let folder = Places::read(&package.dir, &package.workspace)?.plugin_directory;
    if !folder.exists() {
        // Cargo takes a pattern of members that matches nothing for a mistake, and git keeps no
        // empty folder.
        edits.write(&folder.join(".gitkeep"), String::new())?;
    }
    let is_root = package.workspace == package.dir;
    if is_root && manifest.get(&["workspace"]).is_none_or(Item::is_none) {
        manifest.add_member(&format!("{}/*", slashes(&relative(&folder, &package.dir))))?;
    }
    manifest.save(edits)?;
    Ok(left)
}
