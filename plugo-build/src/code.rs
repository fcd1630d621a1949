use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use plugo_core::Source;

use crate::lookup::Lookup;
use crate::metadata::Id;
use crate::plan::{Plan, Planned};
use crate::select::Reason;

/// The file that `plugins!()` includes, but for the fingerprint of the
/// manifest, which is known last.
pub(crate) struct Table {
    before: String,
    after: String,
}

impl Table {
    /// One macro call. Strings are pieces of one text and everything else is
    /// numbers, so that the table needs no relocation but those of its
    /// functions. It names the sections that are laid into the program.
    pub(crate) fn new(plan: &Plan, sections: &[&str]) -> Self {
        let crates: BTreeSet<String> = plan
            .plugins
            .iter()
            .filter_map(|plugin| plugin.extern_name.as_deref())
            .map(raw)
            .collect();
        let client = match &plan.client {
            Some(client) => format!("::core::option::Option::Some({client:?})"),
            None => "::core::option::Option::None".to_owned(),
        };
        let (Pool { text, starts, .. }, columns) = columns(&plan.plugins);
        let priority = column(plan.plugins.iter().map(|plugin| plugin.priority).collect());
        let before = format!(
            "// The plugins of this build, in load order. Made by plugo-build {version}; every build\n\
             // that changes it makes it anew.\n\
             __plugo::__private::table! {{\n    \
                 core: {version:?},\n    \
                 app: {app:?},\n    \
                 client: {client},\n    \
                 fingerprint: ",
            version = env!("CARGO_PKG_VERSION"),
            app = plan.app,
        );
        let mut after = format!(
            ",\n    \
                 crates: [{crates}],\n    \
                 embed: [{sections}],\n    \
                 text: {text:?},\n    \
                 starts: {starts:?},\n    \
                 columns: {{\n",
            crates = crates.into_iter().collect::<Vec<_>>().join(" "),
            sections = sections.join(" "),
        );
        for (name, numbers) in columns {
            let is_narrow = numbers.iter().all(|&number| number <= usize::from(u16::MAX));
            let width = if is_narrow { "Narrow" } else { "Wide" };
            let _ = writeln!(after, "        {name}: {width} {numbers:?},");
        }
        let _ = write!(after, "    }},\n    priority: {priority:?},\n    plugins: [\n");
        for Planned { package, package_version, id, .. } in &plan.plugins {
            let Id { namespace, name } = id;
            let plugin =
                format!("        ({package:?}, {package_version:?}, {namespace:?}, {name:?})\n");
            after.push_str(&plugin);
        }
        after.push_str("    ],\n}\n");
        Table { before, after }
    }

    pub(crate) fn text(&self, fingerprint: &str) -> String {
        format!("{}{fingerprint:?}{}", self.before, self.after)
    }
}

/// A crate may be called like a keyword. (`crate`, `self` and the like cannot
/// be the name of one.)
fn raw(name: &str) -> String {
    const KEYWORDS: [&str; 48] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while", "yield",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// The text, and all numbers about plugins by the names that the macro knows.
fn columns(plugins: &[Planned]) -> (Pool, Vec<(&'static str, Vec<usize>)>) {
    let mut pool = Pool::default();
    // The names are the first strings, so a plugin's place is the number of its name.
    for plugin in plugins {
        pool.add(&plugin.id.name);
    }
    let mut namespaces: Vec<&str> = Vec::new();
    for plugin in plugins {
        if !namespaces.contains(&plugin.id.namespace.as_str()) {
            namespaces.push(&plugin.id.namespace);
        }
    }
    let number = |plugin: &Planned| {
        let same = |namespace: &&str| *namespace == plugin.id.namespace;
        namespaces.iter().position(same).unwrap_or_default()
    };
    let names: Vec<(usize, &str)> =
        plugins.iter().map(|plugin| (number(plugin), plugin.id.name.as_str())).collect();
    let Lookup { seeds, slots } = Lookup::new(&names);
    let mut strings = |text: &dyn Fn(&Planned) -> String| {
        column(plugins.iter().map(|plugin| pool.string(&text(plugin))).collect())
    };
    let version = strings(&|plugin| plugin.version.to_string());
    let description = strings(&|plugin| plugin.description.clone());
    let authors = strings(&|plugin| plugin.authors.join("\n"));
    let identifier = strings(&|plugin| plugin.identifier.clone());
    let package = strings(&|plugin| plugin.package.clone());
    let file = strings(&|plugin| plugin.place.file.clone());
    let mut reason = |reason: &Reason| {
        let source = Source::ALL.iter().position(|&source| source == reason.source);
        [source.unwrap_or_default(), pool.string(&reason.place)]
    };
    let (reason_starts, reasons) =
        lists(plugins.iter().map(|plugin| plugin.reasons.iter().flat_map(&mut reason).collect()));
    let (dependency_starts, dependencies) =
        lists(plugins.iter().map(|plugin| plugin.dependencies.clone()));
    let namespace = column(plugins.iter().map(number).collect());
    let namespaces = namespaces.iter().map(|namespace| pool.string(namespace)).collect();
    let columns = vec![
        ("NAMESPACES", namespaces),
        ("NAMESPACE", namespace),
        ("VERSION", version),
        ("DESCRIPTION", description),
        ("AUTHORS", authors),
        ("IDENTIFIER", identifier),
        ("PACKAGE", package),
        ("FILE", file),
        ("LINE", position(plugins, |(line, _)| line)),
        ("COLUMN", position(plugins, |(_, column)| column)),
        ("DEPENDENCY_STARTS", dependency_starts),
        ("DEPENDENCIES", dependencies),
        ("REASON_STARTS", reason_starts),
        ("REASONS", reasons),
        ("SEEDS", seeds),
        ("SLOTS", slots),
    ];
    // Where the last string ends.
    pool.starts.push(pool.text.len());
    (pool, columns)
}

/// Lines or columns, and 0 for a file as a whole.
fn position(plugins: &[Planned], of: fn((usize, usize)) -> usize) -> Vec<usize> {
    column(plugins.iter().map(|plugin| plugin.place.position.map_or(0, of)).collect())
}

/// What all plugins have, once; or else what each has.
fn column<T: PartialEq>(mut each: Vec<T>) -> Vec<T> {
    if each.windows(2).all(|two| two[0] == two[1]) {
        each.truncate(1);
    }
    each
}

/// Where each list starts and the last one ends, and all lists in one; nothing
/// where all are empty.
fn lists(each: impl Iterator<Item = Vec<usize>>) -> (Vec<usize>, Vec<usize>) {
    let (mut starts, mut all) = (vec![0], Vec::new());
    for list in each {
        all.extend(list);
        starts.push(all.len());
    }
    match all.is_empty() {
        true => (Vec::new(), all),
        false => (starts, all),
    }
}

/// All strings in one text, one behind the other.
#[derive(Default)]
struct Pool {
    text: String,
    starts: Vec<usize>,
    seen: BTreeMap<String, usize>,
}

impl Pool {
    /// A string of its own.
    fn add(&mut self, text: &str) -> usize {
        let string = self.starts.len();
        self.starts.push(self.text.len());
        self.text.push_str(text);
        self.seen.entry(text.to_owned()).or_insert(string);
        string
    }

    /// A string, or the one before that has the same text.
    fn string(&mut self, text: &str) -> usize {
        self.seen.get(text).copied().unwrap_or_else(|| self.add(text))
    }
}
