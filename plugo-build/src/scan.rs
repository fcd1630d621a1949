use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cargo_platform::{Cfg, CfgExpr};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::environment::Environment;
use crate::items::{Found, Module, items};
use crate::package::{Package, normal};

/// What the source of a crate says about its plugins.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) found: Vec<Found>,
    /// Whether it has what other crates' plugins are made with.
    pub(crate) shares: bool,
    /// Whether there may be more than was found: macros make items too.
    pub(crate) inconclusive: bool,
    /// The files of the crate.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Files that do not exist and would be part of it if they did.
    pub(crate) absent: BTreeSet<PathBuf>,
}

/// Looks for `#[plugin]` in a crate, from its root files along its modules.
///
/// A file that has neither the word `plugin` nor the word `mod` is not looked
/// into, unless `thorough`.
pub(crate) fn scan(
    package: &Package,
    roots: &[PathBuf],
    thorough: bool,
    conditions: &Conditions<'_>,
    problems: &mut Problems,
) -> Scan {
    let local = package.plugo_key();
    let mut scan = Scan::default();
    // A file, the folder of its modules, and the conditions under which it is compiled.
    let mut open: VecDeque<(PathBuf, PathBuf, Vec<String>)> = roots
        .iter()
        .map(|root| {
            (root.clone(), root.parent().map(Path::to_owned).unwrap_or_default(), Vec::new())
        })
        .collect();
    while let Some((file, dir, around)) = open.pop_front() {
        if !file.is_file() {
            scan.absent.insert(file);
            continue;
        }
        if !scan.files.insert(file.clone()) {
            continue;
        }
        let shown = package.show(&file);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("`{shown}` cannot be read: {error}");
                problems.add(Diagnostic::error(Code::Unreadable, message).at(Place::file(shown)));
                continue;
            }
        };
        if !thorough && !text.contains("plugin") && !text.contains("mod") {
            continue;
        }
        let items = items(&text, &shown, local.as_deref(), &around);
        scan.shares |= items.shares;
        scan.inconclusive |= items.inconclusive;
        scan.found.extend(items.found);
        for module in items.modules {
            // What is not compiled is not looked for: tests, and code for other systems.
            if conditions.hold(&module.conditions) != Some(false) {
                let (file, dir) = place(&file, &dir, &module);
                open.push_back((file, dir, module.conditions));
            }
        }
    }
    scan.found.retain(|found| !conditions.of_a_test(&found.conditions));
    scan
}

/// The file of a module, and the folder of the modules in it.
fn place(file: &Path, dir: &Path, module: &Module) -> (PathBuf, PathBuf) {
    if let Some(path) = &module.path {
        let beside = file.parent().unwrap_or(Path::new(""));
        let base = if module.within.is_empty() { beside } else { dir };
        let file = normal(
            &module.within.iter().fold(base.to_owned(), |dir, name| dir.join(name)).join(path),
        );
        let dir = file.parent().map(Path::to_owned).unwrap_or_default();
        return (file, dir);
    }
    let own =
        module.within.iter().fold(dir.to_owned(), |dir, name| dir.join(name)).join(&module.name);
    let in_folder = own.join("mod.rs");
    let file = if in_folder.is_file() { in_folder } else { own.with_extension("rs") };
    (file, own)
}

/// What decides whether `cfg(…)` holds for a crate.
#[derive(Debug)]
pub(crate) struct Conditions<'c> {
    pub(crate) environment: &'c Environment,
    /// The features of the crate, where they are known: the app's are.
    pub(crate) features: Option<&'c BTreeSet<String>>,
}

/// The names of `cfg(…)` that nobody but the compiler sets.
const OF_THE_COMPILER: [&str; 8] =
    ["unix", "windows", "test", "doctest", "doc", "miri", "proc_macro", "debug_assertions"];

impl Conditions<'_> {
    /// Whether all of them hold; `None` where that cannot be known here.
    pub(crate) fn hold(&self, conditions: &[String]) -> Option<bool> {
        let each = conditions.iter().map(|text| match CfgExpr::from_str(text) {
            Ok(expression) => self.holds(&expression),
            Err(_) => None,
        });
        all(each)
    }

    fn of_a_test(&self, conditions: &[String]) -> bool {
        // `any(test, …)` may hold without tests; what needs a test does not.
        conditions.iter().any(|text| {
            text.contains("test") && self.hold(std::slice::from_ref(text)) == Some(false)
        })
    }

    fn holds(&self, expression: &CfgExpr) -> Option<bool> {
        match expression {
            CfgExpr::Not(inner) => self.holds(inner).map(|holds| !holds),
            CfgExpr::All(all_of) => all(all_of.iter().map(|e| self.holds(e))),
            CfgExpr::Any(any_of) => {
                all(any_of.iter().map(|e| self.holds(e).map(|holds| !holds))).map(|none| !none)
            }
            CfgExpr::Value(value) => self.is_set(value),
            CfgExpr::True => Some(true),
            CfgExpr::False => Some(false),
        }
    }

    fn is_set(&self, cfg: &Cfg) -> Option<bool> {
        let set = self.environment.cfgs.contains(cfg);
        match cfg {
            Cfg::Name(name) if set || OF_THE_COMPILER.contains(&name.as_str()) => Some(set),
            Cfg::KeyPair(key, value) if key.as_str() == "feature" => {
                self.features.map(|features| features.contains(value))
            }
            Cfg::KeyPair(key, _) if set || key.as_str().starts_with("target_") => Some(set),
            // A build script of the crate may set it.
            _ => None,
        }
    }
}

/// Whether all of them are true, where one that is false decides.
fn all(each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for holds in each {
        match holds {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}
