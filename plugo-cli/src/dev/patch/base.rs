use std::collections::HashMap;
use std::path::Path;

use object::{Object as _, ObjectSymbol as _, SymbolKind, SymbolSection};

/// Where the running program has its functions and statics, in its file.
#[derive(Debug, Default)]
pub(super) struct Base(HashMap<Box<str>, Place>);

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Function(u64),
    Data(u64),
    /// Each thread has one of its own.
    ThreadLocal,
    /// Several things have that name.
    Several,
}

impl Base {
    pub(super) fn read(program: &Path) -> Result<Self, String> {
        let cannot = |error: String| format!("`{}` cannot be read: {error}", program.display());
        let data = std::fs::read(program).map_err(|error| cannot(error.to_string()))?;
        let file = object::File::parse(&*data).map_err(|error| cannot(error.to_string()))?;
        let mut all: HashMap<Box<str>, Place> = HashMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.section() != SymbolSection::Undefined) {
            let Ok(name) = symbol.name() else { continue };
            let address = symbol.address();
            let place = match symbol.kind() {
                SymbolKind::Text => Place::Function(address),
                SymbolKind::Data | SymbolKind::Unknown => Place::Data(address),
                SymbolKind::Tls => Place::ThreadLocal,
                _ => continue,
            };
            let known = all.entry(name.into()).or_insert(place);
            if *known != place {
                *known = Place::Several;
            }
        }
        Ok(Base(all))
    }

    pub(super) fn get(&self, name: &str) -> Option<Place> {
        self.0.get(name).copied()
    }

    pub(super) fn function(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Place::Function(address) => Some(address),
            _ => None,
        }
    }
}
