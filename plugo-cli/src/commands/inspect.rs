use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use serde_json::{Value, json};

use crate::args::{Format, FormatArgs};
use crate::binary::{Embedded, EmbeddedPlugin, Part, Shipped};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::table::{Table, grouped};
use crate::verification::shown;

#[plugo::plugin(name = "inspect", namespace = "plugo.commands", of = dyn Command, priority = 42)]
#[derive(Default)]
struct Inspect;

#[derive(clap::Args)]
struct Args {
    /// The program: any file that was built, stripped or not
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Inspect {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Say what is in a program, from its file alone")
            .after_help("Example: plugo inspect target/plugo/acme/shop")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let shown = args.file.display();
        let shipped = Shipped::read(&context.path(&args.file))?;
        if !shipped.is_app() {
            if args.format.format == Format::Json {
                context.json(&document(&shipped))?;
            }
            return Err(Error::no(format!("`{shown}` {}", shipped.nothing())));
        }
        match args.format.format {
            Format::Json => context.json(&document(&shipped))?,
            Format::Table => context.answer(text(&shipped))?,
        }
        match wrong(&shipped) {
            Some(wrong) => Err(Error::no(format!("`{shown}`: {wrong}"))),
            None => {
                if matches!(shipped.embedded, Part::Absent) {
                    context.shell.note(
                        "it has no section `.plugo0`: the build left none, or it was removed; \
                         what is told is what its entry points say",
                    );
                }
                Ok(())
            }
        }
    }
}

/// What keeps the answer from being whole.
fn wrong(shipped: &Shipped) -> Option<String> {
    if let Some(why) = &shipped.damaged {
        return Some(format!("its sections cannot be read: {why}"));
    }
    match (&shipped.embedded, shipped.newer_marks) {
        (Part::Damaged(why), _) => Some(format!("its manifest is damaged: {why}")),
        (Part::Newer(format), _) => Some(format!(
            "its manifest was made by a newer plugo (format {format}); install that version to \
             read it"
        )),
        _ if shipped.damaged_marks => {
            Some("it has entry points whose names cannot be read".to_owned())
        }
        (_, true) => Some("it has entry points that a newer plugo made".to_owned()),
        (Part::There(embedded), false) => {
            let is_missing = |p: &&EmbeddedPlugin| !shipped.is_linked(&p.namespace, &p.name);
            let missing = embedded.plugins.iter().filter(is_missing);
            let missing: Vec<String> =
                missing.map(|p| format!("`{}`", shown(&p.namespace, &p.name))).collect();
            (!missing.is_empty())
                .then(|| format!("its manifest has {}, which is not linked", missing.join(", ")))
        }
        (Part::Absent, false) => None,
    }
}

/// A plugin, as the file tells of it.
struct Line {
    order: Option<usize>,
    namespace: String,
    name: String,
    /// The plugin's version, which only the manifest knows.
    version: Option<String>,
    package: String,
    package_version: Option<String>,
    linked: bool,
}

impl Line {
    /// In load order, and then what is linked without being planned.
    fn all(shipped: &Shipped) -> Vec<Line> {
        let planned = shipped.embedded.get().map_or(&[][..], |embedded| &embedded.plugins);
        let is = |line: &Line, namespace: &str, name: &str| {
            line.namespace == namespace && line.name == name
        };
        let mut lines: Vec<Line> = planned
            .iter()
            .enumerate()
            .map(|(order, plugin)| Line {
                order: Some(order),
                namespace: plugin.namespace.clone(),
                name: plugin.name.clone(),
                version: Some(plugin.version.clone()),
                package: plugin.package.clone(),
                package_version: plugin.package_version.clone(),
                linked: shipped.is_linked(&plugin.namespace, &plugin.name),
            })
            .collect();
        for mark in &shipped.marks {
            match lines.iter_mut().find(|line| is(line, &mark.namespace, &mark.name)) {
                Some(line) => line.package_version = Some(mark.version.clone()),
                None => lines.push(Line {
                    order: None,
                    namespace: mark.namespace.clone(),
                    name: mark.name.clone(),
                    version: None,
                    package: mark.package.clone(),
                    package_version: Some(mark.version.clone()),
                    linked: true,
                }),
            }
        }
        lines
    }

    fn json(&self) -> Value {
        json!({
            "order": self.order,
            "namespace": self.namespace,
            "name": self.name,
            "version": self.version,
            "crate": { "name": self.package, "version": self.package_version },
            "linked": self.linked,
        })
    }
}

/// The plugins that need a crate.
fn needed_by(embedded: &Embedded, plugins: &[usize]) -> Vec<String> {
    let plugins = plugins.iter().map(|&i| &embedded.plugins[i]);
    plugins.map(|plugin| shown(&plugin.namespace, &plugin.name)).collect()
}

fn document(shipped: &Shipped) -> Value {
    let embedded = shipped.embedded.get();
    let crates = embedded.map(|embedded| {
        let crates = embedded.crates.iter().map(|krate| {
            json!({
                "name": krate.name,
                "version": krate.version,
                "role": krate.role,
                "needed_by": needed_by(embedded, &krate.plugins),
            })
        });
        crates.collect::<Vec<_>>()
    });
    json!({
        "kind": shipped.kind,
        "bytes": shipped.bytes,
        "manifest": shipped.embedded.state(),
        "audit": shipped.audit.state(),
        "problem": wrong(shipped).or_else(|| (!shipped.is_app()).then(|| shipped.nothing())),
        "app": embedded.map(|embedded| json!({
            "name": embedded.app,
            "version": embedded.app_version,
        })),
        "client": embedded.and_then(|embedded| embedded.client.as_ref()),
        "target": embedded.map(|embedded| &embedded.target),
        "fingerprint": embedded.map(|embedded| &embedded.fingerprint),
        "features": embedded.map(|embedded| &embedded.features),
        "plugins": Line::all(shipped).iter().map(Line::json).collect::<Vec<_>>(),
        "crates": crates,
    })
}

fn text(shipped: &Shipped) -> String {
    let mut head = vec![(
        "file",
        format!("{}, {} bytes", shipped.kind.unwrap_or("no program"), grouped(shipped.bytes)),
    )];
    if let Some(embedded) = shipped.embedded.get() {
        let features = match embedded.features.as_slice() {
            [] => "none".to_owned(),
            features => features.join(", "),
        };
        head.splice(
            0..0,
            [
                ("app", format!("{} {}", embedded.app, embedded.app_version)),
                ("client", embedded.client.clone().unwrap_or_else(|| "none".to_owned())),
                ("target", embedded.target.clone()),
                ("features", features),
                ("fingerprint", embedded.fingerprint.clone()),
            ],
        );
    }
    if let Part::There(packages) = &shipped.audit {
        head.push(("audit", format!("{} packages in `.dep-v0`", packages.len())));
    }
    let mut text: String =
        head.iter().map(|(key, value)| format!("{key:<11}  {value}\n")).collect();

    let mut plugins = Table::new(["order", "plugin", "version", "crate", "entry point"]).right([0]);
    for line in Line::all(shipped) {
        let package = match &line.package_version {
            Some(version) => format!("{} {version}", line.package),
            None => line.package.clone(),
        };
        plugins.row([
            line.order.map(|order| (order + 1).to_string()).unwrap_or_default(),
            shown(&line.namespace, &line.name),
            line.version.clone().unwrap_or_default(),
            package,
            match (line.linked, line.order, &shipped.embedded) {
                (false, ..) => "missing".to_owned(),
                (true, None, Part::There(_)) => "linked, and not planned".to_owned(),
                (true, ..) => "linked".to_owned(),
            },
        ]);
    }
    text.push_str(&format!("\n{plugins}"));
    if let Some(embedded) = shipped.embedded.get() {
        let mut crates = Table::new(["crate", "version", "role", "needed by"]);
        for krate in &embedded.crates {
            crates.row([
                krate.name.clone(),
                krate.version.clone(),
                krate.role.clone(),
                needed_by(embedded, &krate.plugins).join(", "),
            ]);
        }
        text.push_str(&format!("\n{crates}"));
    }
    text
}
