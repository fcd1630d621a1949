use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use object::{Object as _, ObjectSection as _, SectionKind};

/// What a binary is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// The bytes of the file.
    pub(crate) file: u64,
    /// The bytes of all sections that are loaded. The file has padding beside them, which moves by a
    /// page with every change.
    pub(crate) bytes: u64,
    /// What the dynamic linker has to write at start.
    pub(crate) relocations: u64,
}

impl Image {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let data = fs::read(path).with_context(|| format!("`{}` is not there", path.display()))?;
        let file = object::File::parse(&*data)
            .with_context(|| format!("`{}` is no program", path.display()))?;
        let is_empty =
            |kind| matches!(kind, SectionKind::UninitializedData | SectionKind::UninitializedTls);
        let loaded =
            file.sections().filter(|section| section.address() != 0 && !is_empty(section.kind()));
        Ok(Image {
            file: data.len() as u64,
            bytes: loaded.map(|section| section.size()).sum(),
            relocations: file.dynamic_relocations().map_or(0, |all| all.count() as u64),
        })
    }
}
