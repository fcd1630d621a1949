use std::collections::BTreeSet;
use std::path::Path;

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// What entry points' symbols begin with.
const ENTRY: &str = "__plugo_v0.";

/// What a compiled crate has, and what it needs of others.
#[derive(Debug, Default)]
pub(super) struct Library {
    /// Its entry points.
    pub(super) entries: BTreeSet<String>,
    /// What it needs, and whether it can do without.
    pub(super) needed: BTreeSet<(String, bool)>,
    /// What runs or is gathered when it is loaded, if anything does.
    pub(super) registers: Option<String>,
}

impl Library {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let cannot = |error: String| format!("`{}` cannot be read: {error}", path.display());
        let data = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
        let archive = ArchiveFile::parse(&*data).map_err(|error| cannot(error.to_string()))?;
        let (mut defined, mut needed) = (BTreeSet::new(), BTreeSet::new());
        let mut registers = None;
        for member in archive.members() {
            let member = member.map_err(|error| cannot(error.to_string()))?;
            let member = member.data(&*data).map_err(|error| cannot(error.to_string()))?;
            // The metadata is no object file everywhere.
            let Ok(file) = object::File::parse(member) else { continue };
            let names =
                file.sections().filter_map(|section| section.name().ok().map(str::to_owned));
            let gathers = [".init_array", ".ctors", "linkme_"];
            registers = registers.or({
                let mut names = names;
                names.find(|name| gathers.iter().any(|gathers| name.starts_with(gathers)))
            });
            for symbol in file.symbols().filter(|symbol| symbol.is_global()) {
                let Ok(name) = symbol.name() else { continue };
                match symbol.is_undefined() {
                    true => drop(needed.insert((name.to_owned(), symbol.is_weak()))),
                    false => drop(defined.insert(name.to_owned())),
                }
            }
        }
        needed.retain(|(name, _)| !defined.contains(name));
        let entries = defined.into_iter().filter(|name| name.starts_with(ENTRY)).collect();
        Ok(Library { entries, needed, registers })
    }
}
