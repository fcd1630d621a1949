use std::collections::BTreeSet;
use std::fmt::Write as _;

use plugo_core::Source;

use crate::plan::{Plan, Planned};

/// The file that `plugins!()` includes: one macro call. Strings are offsets
/// into one text, lists are ranges of one row of numbers, so that the table
/// needs no relocation but those of its functions. It names the sections that
/// are laid into the program.
pub(crate) fn table(plan: &Plan, fingerprint: &str, sections: &[&str]) -> String {
    let mut pool = Pool::default();
    let rows: Vec<String> = plan.plugins.iter().map(|plugin| row(plugin, &mut pool)).collect();
    let mut by_name: Vec<usize> = (0..plan.plugins.len()).collect();
    by_name.sort_by(|&a, &b| plan.plugins[a].id.cmp(&plan.plugins[b].id));
    let crates: BTreeSet<String> =
        plan.plugins.iter().filter_map(|plugin| plugin.extern_name.as_deref()).map(raw).collect();
    let client = match &plan.client {
        Some(client) => format!("::core::option::Option::Some({client:?})"),
        None => "::core::option::Option::None".to_owned(),
    };
    let mut code = String::new();
    let _ = write!(
        code,
        "// The plugins of this build, in load order. Made by plugo-build {version}; every build\n\
         // that changes it makes it anew.\n\
         __plugo::__private::table! {{\n    \
             core: {version:?},\n    \
             app: {app:?},\n    \
             client: {client},\n    \
             fingerprint: {fingerprint:?},\n    \
             crates: [{crates}],\n    \
             embed: [{sections}],\n    \
             text: {text:?},\n    \
             numbers: {numbers:?},\n    \
             by_name: {by_name:?},\n    \
             plugins: [\n",
        version = env!("CARGO_PKG_VERSION"),
        app = plan.app,
        crates = crates.into_iter().collect::<Vec<_>>().join(" "),
        sections = sections.join(" "),
        text = pool.text,
        numbers = pool.numbers,
    );
    for row in rows {
        let _ = writeln!(code, "        {row}");
    }
    code.push_str("    ],\n}\n");
    code
}

/// A crate may be called like a keyword. (`crate`, `self` and the like cannot
/// be the name of one.)
fn raw(name: &str) -> String {
    const KEYWORDS: &str = "abstract as async await become box break const continue do dyn else enum \
        extern false final fn for gen if impl in let loop macro match mod move mut override priv pub \
        ref return static struct trait true try type typeof unsafe unsized use virtual where while \
        yield";
    if KEYWORDS.split(' ').any(|keyword| keyword == name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

fn row(plugin: &Planned, pool: &mut Pool) -> String {
    let texts = [
        pool.text(&plugin.id.name),
        pool.text(&plugin.id.namespace),
        pool.text(&plugin.version.to_string()),
        pool.text(&plugin.description),
        pool.text(&plugin.authors.join("\n")),
        pool.text(&plugin.identifier),
        pool.text(&plugin.package),
        pool.text(&plugin.place.to_string()),
    ];
    let texts: Vec<String> =
        texts.iter().map(|(start, length)| format!("{start} {length}")).collect();
    let dependencies = pool.numbers(plugin.dependencies.clone());
    let reasons: Vec<usize> = plugin
        .reasons
        .iter()
        .flat_map(|reason| {
            let source = Source::ALL.iter().position(|&s| s == reason.source).unwrap_or_default();
            let (start, length) = pool.text(&reason.place);
            [source, start, length]
        })
        .collect();
    let reasons = pool.numbers(reasons);
    format!(
        "({:?}, {:?}, {:?}, {:?}, [{}], {}, {dependencies:?}, {reasons:?})",
        plugin.package,
        plugin.package_version,
        plugin.id.namespace,
        plugin.id.name,
        texts.join(", "),
        plugin.priority,
    )
}

/// All strings in one, each part once; all lists in one.
#[derive(Default)]
struct Pool {
    text: String,
    seen: std::collections::BTreeMap<String, usize>,
    numbers: Vec<usize>,
}

impl Pool {
    /// Start and length.
    fn text(&mut self, text: &str) -> (usize, usize) {
        let start = match self.seen.get(text) {
            Some(&start) => start,
            None => {
                let start = self.text.len();
                self.text.push_str(text);
                self.seen.insert(text.to_owned(), start);
                start
            }
        };
        (start, text.len())
    }

    fn numbers(&mut self, numbers: Vec<usize>) -> (usize, usize) {
        let start = self.numbers.len();
        let length = numbers.len();
        self.numbers.extend(numbers);
        (start, length)
    }
}
