use std::collections::{BTreeMap, BTreeSet};

use plugo_build::Project;
use serde_json::{Value, json};

use crate::app::App;
use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::manifest::Manifest;
use crate::selections::{is_of_client, named};
use crate::table::{Table, grouped};

#[derive(clap::Args)]
pub(super) struct Args {
    /// One client
    #[arg(value_name = "A")]
    a: String,
    /// The other client
    #[arg(value_name = "B")]
    b: String,
    /// Exit with 1 when the two differ
    #[arg(long)]
    exit_code: bool,
    /// The triple that is built for [default: this machine's]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<(), Error> {
    let app = context.app(&args.app)?;
    let project = Project::read(context.environment(&app, args.target.as_deref())?)?;
    named(&project, &[args.a.clone(), args.b.clone()])?;
    let a = Side::read(context, &app, args, &args.a)?;
    let b = Side::read(context, &app, args, &args.b)?;
    let differences = differences(&a, &b);
    match args.format.format {
        Format::Json => context.json(&json(args, &differences, &a, &b))?,
        Format::Table if differences.is_empty() => {
            let (a, b) = (&args.a, &args.b);
            context.shell.note(format_args!("`{a}` and `{b}` get the same"));
        }
        Format::Table => context.answer(table(args, &differences, &a, &b))?,
    }
    match args.exit_code && !differences.is_empty() {
        true => Err(Error::Said(exit::NO)),
        false => Ok(()),
    }
}

/// What one client gets: for each kind of thing, names with what there is to
/// say of them.
struct Side {
    things: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// The size of the programs, where the last build was of this.
    bytes: Option<u64>,
}

/// The kinds, in the order in which they are shown.
const KINDS: [&str; 4] = ["plugin", "feature", "crate", "licence"];

impl Side {
    fn read(context: &Context, app: &App, args: &Args, client: &str) -> Result<Self, Error> {
        let selection = SelectionArgs {
            client: Some(client.to_owned()),
            target: args.target.clone(),
            ..SelectionArgs::default()
        };
        let manifest = context.evidence(app, &selection)?.content;
        let dir = app.target_dir.join("plugo").join(client);
        let built = std::fs::read_to_string(dir.join("plugo-manifest.json")).ok();
        let built = built.and_then(|text| Manifest::parse(&text).ok());
        let things = things(&manifest);
        let is_built = built.is_some_and(|built| self::things(&built) == things);
        let programs = app.programs.iter().filter_map(|name| {
            let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            Some(std::fs::metadata(dir.join(name)).ok()?.len())
        });
        let bytes = is_built.then(|| programs.sum()).filter(|bytes| *bytes > 0);
        Ok(Side { things, bytes })
    }
}

fn things(manifest: &Manifest) -> BTreeMap<&'static str, BTreeMap<String, String>> {
    let mut things: BTreeMap<&str, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut add = |kind, name: &str, what: String| {
        let found: &mut Vec<String> =
            things.entry(kind).or_default().entry(name.to_owned()).or_default();
        if !found.contains(&what) {
            found.push(what);
        }
    };
    for plugin in manifest.plugins() {
        add("plugin", &plugin.id(), plugin.version().to_owned());
    }
    for feature in manifest.features().into_iter().filter(|feature| !is_of_client(feature)) {
        add("feature", feature, "on".to_owned());
    }
    for krate in manifest.crates().filter(|krate| krate.role() != "app") {
        let features = match krate.list("features").as_slice() {
            [] => String::new(),
            features => format!(" ({})", features.join(", ")),
        };
        add("crate", krate.name(), format!("{}{features}", krate.version()));
        if let Some(license) = krate.license() {
            add("licence", license, "yes".to_owned());
        }
    }
    let joined = |names: BTreeMap<String, Vec<String>>| {
        names.into_iter().map(|(name, what)| (name, what.join(", "))).collect()
    };
    things.into_iter().map(|(kind, names)| (kind, joined(names))).collect()
}

/// A thing that one of the two does not have, or has otherwise.
struct Difference {
    kind: &'static str,
    name: String,
    a: Option<String>,
    b: Option<String>,
}

fn differences(a: &Side, b: &Side) -> Vec<Difference> {
    let mut found = Vec::new();
    for kind in KINDS {
        let none = BTreeMap::new();
        let [a, b] = [a, b].map(|side| side.things.get(kind).unwrap_or(&none));
        for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
            let (a, b) = (a.get(name).cloned(), b.get(name).cloned());
            if a != b {
                found.push(Difference { kind, name: name.clone(), a, b });
            }
        }
    }
    found
}

fn json(args: &Args, differences: &[Difference], a: &Side, b: &Side) -> Value {
    let of = |kind: &str| -> Value {
        let found = differences.iter().filter(|difference| difference.kind == kind);
        found.map(|d| json!({ "name": d.name, "a": d.a, "b": d.b })).collect()
    };
    json!({
        "a": args.a,
        "b": args.b,
        "same": differences.is_empty(),
        "plugins": of("plugin"),
        "features": of("feature"),
        "crates": of("crate"),
        "licenses": of("licence"),
        "bytes": { "a": a.bytes, "b": b.bytes },
    })
}

fn table(args: &Args, differences: &[Difference], a: &Side, b: &Side) -> Table {
    let mut table = Table::new(["", "name", &args.a, &args.b]);
    let mut last = "";
    for Difference { kind, name, a, b } in differences {
        let shown = if last == *kind { "" } else { kind };
        last = kind;
        let cell = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        table.row([shown.to_owned(), name.clone(), cell(a), cell(b)]);
    }
    if let (Some(a), Some(b)) = (a.bytes, b.bytes) {
        table.row(["bytes".to_owned(), String::new(), grouped(a), grouped(b)]);
    }
    table
}
