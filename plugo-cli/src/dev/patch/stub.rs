use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind};
use object::{SymbolScope, write::StandardSection};

use super::base::{Base, Place};
use super::library::Library;

/// What every program has; the linker makes another one for the patch.
const OWN: [&str; 2] = ["_GLOBAL_OFFSET_TABLE_", "_DYNAMIC"];

/// An object file by which a patch reaches what it needs in a running process:
/// each function is a jump to where it is there, and each static is at the
/// address that it has there. `slide` is how far all of that is from where the
/// program's file has it.
pub(super) fn stub(library: &Library, base: &Base, slide: u64) -> Result<Vec<u8>, String> {
    let mut stub = Stub::new(slide);
    let main = base.function("main").ok_or("the running program exports no `main`")?;
    stub.function("main", main, SymbolScope::Dynamic);
    let needed = library.needed.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    for (name, is_weak) in needed {
        match base.get(name) {
            Some(Place::Function(address)) => stub.function(name, address, SymbolScope::Linkage),
            Some(Place::Data(address)) => stub.data(name, address),
            Some(Place::ThreadLocal) => {
                return Err(format!("it uses a thread-local of another crate, `{}`", show(name)));
            }
            Some(Place::Several) => {
                return Err(format!("the running program has several `{}`", show(name)));
            }
            // The system's own are found when the patch is loaded.
            None if *is_weak || !is_rust(name) => {}
            None => return Err(format!("the running program has no `{}`", show(name))),
        }
    }
    stub.object.write().map_err(|error| error.to_string())
}

struct Stub {
    object: Object<'static>,
    slide: u64,
}

impl Stub {
    fn new(slide: u64) -> Self {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let name = b".note.GNU-stack".to_vec();
        object.add_section(Vec::new(), name, SectionKind::Other);
        Stub { object, slide }
    }

    fn function(&mut self, name: &str, address: u64, scope: SymbolScope) {
        // jmp *0(%rip), and the address behind it.
        let mut code = [0xFF, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        code[6..].copy_from_slice(&address.wrapping_add(self.slide).to_le_bytes());
        let text = self.object.section_id(StandardSection::Text);
        let value = self.object.append_section_data(text, &code, 16);
        let section = SymbolSection::Section(text);
        let size = code.len() as u64;
        self.add(Symbol { value, size, scope, section, ..symbol(name, SymbolKind::Text) });
    }

    fn data(&mut self, name: &str, address: u64) {
        let value = address.wrapping_add(self.slide);
        self.add(Symbol { value, ..symbol(name, SymbolKind::Data) });
    }

    fn add(&mut self, symbol: Symbol) {
        self.object.add_symbol(symbol);
    }
}

fn symbol(name: &str, kind: SymbolKind) -> Symbol {
    Symbol {
        name: name.as_bytes().to_vec(),
        value: 0,
        size: 0,
        kind,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Absolute,
        flags: SymbolFlags::None,
    }
}

fn is_rust(name: &str) -> bool {
    ["_ZN", "_R", "__rust", "__plugo", "anon."].iter().any(|start| name.starts_with(start))
}

/// A symbol as it is told of: the parts of a Rust path, without its hash.
pub(super) fn show(name: &str) -> String {
    let mut rest = name.strip_prefix("_ZN").unwrap_or_default();
    let mut parts = Vec::new();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(length) = rest[..digits].parse::<usize>() else { break };
        let Some(part) = rest[digits..].get(..length) else { break };
        parts.push(part);
        rest = &rest[digits + length..];
    }
    if parts.len() > 1 {
        parts.pop();
    }
    if parts.is_empty() { name.to_owned() } else { parts.join("::") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_told_of_by_its_path() {
        assert_eq!(
            show("_ZN8web_site4Site9from_base17h0123456789abcdefE"),
            "web_site::Site::from_base"
        );
        assert_eq!(show("memcpy"), "memcpy");
        assert_eq!(show("_ZN9"), "_ZN9");
    }
}
