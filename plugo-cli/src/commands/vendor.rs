use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::{Plan, Project};
use serde_json::json;

use crate::app::App;
use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::cargo;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::interrupt;
use crate::table::grouped;
use crate::vendored::{self, Package};

#[plugo::plugin(name = "vendor", namespace = "plugo.commands", of = dyn Command, priority = 46)]
#[derive(Default)]
struct Vendor;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// The folder that the sources are laid into [default: `vendor` in the workspace]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Vendor {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about(
                "Lay the sources that a build needs, and no others, into a folder to build offline",
            )
            .after_help("Example: plugo vendor --client acme --output vendor >> .cargo/config.toml")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let output = match &args.output {
            Some(output) => context.path(output),
            None => app.workspace.join("vendor"),
        };
        vendored::check_free(&output)?;
        let project = context.project(&app, &args.selection)?;
        let (plan, warnings) = project.plan()?;
        context.shell.problems(&warnings);

        // What is half done does not stay.
        let _work = interrupt::Work::begin()?;
        // Beside where it belongs, so that one step puts it there.
        let parent = output.parent().unwrap_or(&output);
        fs::create_dir_all(parent).map_err(|error| Error::io("written", parent, &error))?;
        let temporary = tempfile::Builder::new().prefix(".plugo-vendor-").tempdir_in(parent);
        let temporary = temporary.map_err(|error| Error::io("written", parent, &error))?;
        let made = temporary.path().join("vendor");

        context.shell.status("Vendoring", format_args!("all crates of `{}`", app.name));
        let mut vendor = context.cargo(&app);
        vendor.args(["vendor", "--locked", "--versioned-dirs", "--manifest-path"]);
        let config = cargo::output(vendor.arg(app.manifest()).arg(&made))?;
        // Without any dependency from elsewhere, Cargo makes no folder.
        fs::create_dir_all(&made).map_err(|error| Error::io("written", &made, &error))?;

        let settings = temporary.path().join("config.toml");
        fs::write(&settings, at(&config, &made))
            .map_err(|error| Error::io("written", &settings, &error))?;
        // From here on Cargo sees nothing but these, whatever an older folder has.
        let alone = ["--frozen".into(), "--config".into(), settings.into()];
        let build = Build { context, app: &app, project: &project, plan: &plan };
        let needed = build.crates(&alone)?;
        let whose = match &plan.client {
            Some(client) => format!("the client `{client}`"),
            None => format!("this build of `{}`", app.name),
        };
        let trimmed = vendored::trim(&made, &needed, &whose)?;
        context.shell.status("Checking", "that Cargo resolves with these, offline");
        let found = build.crates(&alone)?;
        if found != needed {
            return Err(Error::no("with the vendored sources, Cargo would build other crates"));
        }
        vendored::mark(
            &made,
            &json!({
                "app": app.name,
                "client": plan.client,
                "crates": trimmed.kept.len(),
                "made_by": { "name": "plugo", "version": env!("CARGO_PKG_VERSION") },
                "stubs": trimmed.stubs.len(),
            }),
        )?;
        let bytes = vendored::bytes(&made);
        vendored::put(&made, &output)?;

        context.shell.status(
            "Vendored",
            format_args!(
                "{} crates into `{}`, {} bytes; {} that {whose} does not need are stubs",
                trimmed.kept.len(),
                output.display(),
                grouped(bytes),
                trimmed.stubs.len(),
            ),
        );
        let shown = output.strip_prefix(&app.workspace).unwrap_or(&output);
        let config = at(&config, shown);
        match args.format.format {
            Format::Table => {
                context.shell.note(format_args!(
                    "these lines belong into `{}`",
                    app.workspace.join(".cargo").join("config.toml").display()
                ));
                context.answer(config)
            }
            Format::Json => context.json(&json!({
                "app": app.name,
                "client": plan.client,
                "folder": output,
                "bytes": bytes,
                "crates": list(&trimmed.kept),
                "stubs": list(&trimmed.stubs),
                "config": config,
            })),
        }
    }
}

fn list(packages: &BTreeSet<Package>) -> Vec<serde_json::Value> {
    let packages = packages.iter();
    packages.map(|(name, version)| json!({ "name": name, "version": version })).collect()
}

/// The configuration that `cargo vendor` prints, for another folder.
fn at(config: &str, dir: &Path) -> String {
    // Cargo takes slashes everywhere. A text in JSON is one in TOML too.
    let dir = json!(dir.to_string_lossy().replace('\\', "/"));
    let line = |line: &str| match line.starts_with("directory = ") {
        true => format!("directory = {dir}\n"),
        false => format!("{line}\n"),
    };
    config.lines().map(line).collect()
}

/// The build whose crates are vendored.
struct Build<'b> {
    context: &'b Context,
    app: &'b App,
    project: &'b Project,
    plan: &'b Plan,
}

impl Build<'_> {
    /// Every crate that Cargo compiles, planned or not.
    fn crates(&self, more: &[std::ffi::OsString]) -> Result<BTreeSet<Package>, Error> {
        let mut tree: Process = self.context.cargo(self.app);
        tree.args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none"])
            .args(["--format", "{p}", "--charset", "ascii", "--color", "never"])
            .args(["--package", &format!("{}@{}", self.app.name, self.app.version)])
            .args(["--no-default-features", "--features", &self.plan.features.join(",")])
            .args(["--target", &self.project.environment().target])
            .args(more)
            .arg("--manifest-path")
            .arg(self.app.manifest());
        Ok(packages(&cargo::output(&mut tree)?))
    }
}

/// Lines such as `serde v1.0.228 (proc-macro)`.
fn packages(tree: &str) -> BTreeSet<Package> {
    let package = |line: &str| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some((name.to_owned(), version.to_owned()))
    };
    tree.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_another_folder() {
        let printed = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n\
                       [source.vendored-sources]\ndirectory = \"/tmp/x\"\n";
        let moved = at(printed, Path::new("a \"b\"/vendor"));
        assert!(moved.ends_with("\ndirectory = \"a \\\"b\\\"/vendor\"\n"), "{moved}");
        assert!(moved.starts_with("[source.crates-io]\n"));
    }

    #[test]
    fn a_tree_without_lines_is_a_list() {
        let tree = "shop v1.0.0 (/a b/shop)\nserde v1.0.2\nderive v1.0.2 (proc-macro) (*)\n\n";
        let names: Vec<String> = packages(tree).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["derive", "serde", "shop"]);
    }
}
