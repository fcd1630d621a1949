use std::fs::File;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use object::{BinaryFormat, FileKind, Object as _, ObjectSection as _, ReadCache, ReadRef as _};
use serde_json::Value;

use super::Part;

/// The section with plugo's manifest. A PE file has room for eight characters.
const PLUGO: &str = ".plugo0";
/// The section of cargo-auditable, which `cargo audit bin` and others read.
const AUDIT: &str = ".dep-v0";
/// The most bytes that a section is taken for, as it is and inflated.
const LARGEST: u64 = 8 << 20;

/// The sections of a file that have a manifest in them.
#[derive(Debug)]
pub(super) struct Sections {
    /// What kind of a program the file is.
    pub(super) kind: Option<&'static str>,
    /// Why its sections cannot be read.
    pub(super) damaged: Option<String>,
    pub(super) plugo: Part<Value>,
    pub(super) audit: Part<Value>,
}

/// Reads of a file what it takes to find the sections, and those.
pub(super) fn read(file: File) -> Sections {
    let none = Sections { kind: None, damaged: None, plugo: Part::Absent, audit: Part::Absent };
    let data = ReadCache::new(file);
    let Ok(kind) = FileKind::parse(&data) else { return none };
    let named = match kind {
        FileKind::Elf32 | FileKind::Elf64 => "elf",
        FileKind::MachO32 | FileKind::MachO64 => "mach-o",
        FileKind::MachOFat32 | FileKind::MachOFat64 => {
            let why = "it holds programs for several processors; `lipo -thin` takes one out";
            return Sections { kind: Some("mach-o"), damaged: Some(why.to_owned()), ..none };
        }
        FileKind::Pe32 | FileKind::Pe64 => "pe",
        // It is read as a whole.
        FileKind::Wasm if (&data).len().is_ok_and(|bytes| bytes < 1 << 30) => "wasm",
        _ => return none,
    };
    match object::File::parse(&data) {
        Ok(file) if file.format() != BinaryFormat::Coff => Sections {
            kind: Some(named),
            damaged: None,
            plugo: section(&file, PLUGO),
            audit: section(&file, AUDIT),
        },
        Ok(_) => none,
        Err(error) => Sections { kind: Some(named), damaged: Some(error.to_string()), ..none },
    }
}

/// The JSON in a section.
fn section<'d>(file: &object::File<'d, &'d ReadCache<File>>, name: &str) -> Part<Value> {
    let Some(section) = file.sections().find(|section| section.name() == Ok(name)) else {
        return Part::Absent;
    };
    if section.size() > LARGEST {
        return Part::Damaged(format!("`{name}` has {} bytes", section.size()));
    }
    match section.data() {
        Ok(data) => inflate(name, data),
        Err(error) => Part::Damaged(format!("`{name}` cannot be read: {error}")),
    }
}

fn inflate(name: &str, data: &[u8]) -> Part<Value> {
    let damaged = |why: String| Part::Damaged(format!("`{name}` {why}"));
    let json = match decompress_to_vec_zlib_with_limit(data, LARGEST as usize) {
        Ok(json) => json,
        Err(error) => return damaged(format!("cannot be inflated: {error}")),
    };
    match serde_json::from_slice(&json) {
        Ok(json) => Part::There(json),
        Err(error) => damaged(format!("is no JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    #[test]
    fn what_inflates_without_end_is_refused() {
        let bomb = compress_to_vec_zlib(&vec![b' '; LARGEST as usize + 1], 1);
        let Part::Damaged(why) = inflate(PLUGO, &bomb) else { panic!() };
        assert!(why.starts_with("`.plugo0` cannot be inflated"), "{why}");
        let Part::There(json) = inflate(PLUGO, &compress_to_vec_zlib(b"[1]", 1)) else { panic!() };
        assert_eq!(json[0], 1);
        assert_eq!(inflate(PLUGO, b"").state(), "damaged");
        assert_eq!(inflate(PLUGO, &compress_to_vec_zlib(b"{", 1)).state(), "damaged");
    }
}
