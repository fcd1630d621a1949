use std::path::PathBuf;

/// What Cargo says that it compiled, from the messages of one build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) crates: Vec<CompiledCrate>,
    pub(crate) scripts: Vec<ScriptRun>,
    /// The programs of the app, by name.
    pub(crate) programs: Vec<(String, PathBuf)>,
}

/// A crate that was compiled, or that was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompiledCrate {
    /// Cargo's package id.
    pub(crate) package_id: String,
    /// The name of the package; its library may have another one.
    pub(crate) name: String,
    pub(crate) version: String,
    /// `lib`, `proc-macro`, `bin`, `custom-build`, …
    pub(crate) kinds: Vec<String>,
    pub(crate) features: Vec<String>,
    pub(crate) files: Vec<PathBuf>,
    /// Whether it was there already.
    pub(crate) fresh: bool,
}

/// Name and version in one of Cargo's package ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackageId<'i> {
    pub(crate) name: &'i str,
    pub(crate) version: &'i str,
}

impl<'i> PackageId<'i> {
    /// Reads `…#serde@1.0.228`, or `…/serde#1.0.228` where the folder or the
    /// repository bears the name.
    pub(crate) fn parse(id: &'i str) -> Option<Self> {
        let (place, package) = id.rsplit_once('#')?;
        if let Some((name, version)) = package.split_once('@') {
            return Some(PackageId { name, version });
        }
        let path = place.split('?').next()?.trim_end_matches('/');
        let name = path.rsplit('/').next()?;
        Some(PackageId { name: name.strip_suffix(".git").unwrap_or(name), version: package })
    }
}

/// A build script that ran, or that had run already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptRun {
    pub(crate) package_id: String,
    /// What it links, as Cargo writes it: `static=z`.
    pub(crate) linked_libs: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_are_read_in_all_their_forms() {
        for (id, expected) in [
            ("registry+https://example.org/index#serde@1.0.228", ("serde", "1.0.228")),
            ("path+file:///ws/plugins/web-blog#0.3.0", ("web-blog", "0.3.0")),
            ("path+file:///ws/blog#the-blog@0.3.0+build", ("the-blog", "0.3.0+build")),
            ("git+https://example.org/blog?branch=main#1.0.0", ("blog", "1.0.0")),
            ("git+https://example.org/blog.git?rev=1#0.1.0", ("blog", "0.1.0")),
            ("git+https://example.org/blog.git/#0.1.0", ("blog", "0.1.0")),
        ] {
            let found = PackageId::parse(id).map(|id| (id.name, id.version));
            assert_eq!(found, Some(expected), "{id}");
        }
        assert_eq!(PackageId::parse("serde"), None);
    }
}
