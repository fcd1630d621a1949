use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A file that says that the folder is one that may be replaced. Cargo passes
/// over names with a dot in front.
const MARK: &str = ".plugo-vendor.json";

/// A package in a folder of vendored ones, and in the build: name and version.
pub(crate) type Package = (String, String);

/// What became of the packages of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trimmed {
    /// Those that are whole.
    pub(crate) kept: BTreeSet<Package>,
    /// Those of which only the manifest is left, so that Cargo can resolve.
    pub(crate) stubs: BTreeSet<Package>,
}

/// Whether a folder may be put there: nothing is in the way, or one of these.
pub(crate) fn check_free(dir: &Path) -> Result<(), Error> {
    let is_free = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none() || dir.join(MARK).is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Error::usage(format!(
                "`{}` cannot be a folder: a file is there, or on the way",
                dir.display()
            )));
        }
        Err(error) => return Err(Error::io("read", dir, &error)),
    };
    if is_free {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{}` exists, and `plugo vendor` did not make it; name another folder with `--output`, or \
         remove it",
        dir.display()
    )))
}

/// Replaces every package that is not needed by a stub: its own manifest,
/// with which Cargo resolves, and a library that says why it does not compile.
pub(crate) fn trim(dir: &Path, needed: &BTreeSet<Package>, whose: &str) -> Result<Trimmed, Error> {
    let unreadable = |error| Error::io("read", dir, &error);
    let mut trimmed = Trimmed::default();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let package = entry.map_err(unreadable)?.path();
        if !package.is_dir() {
            continue;
        }
        let manifest = Manifest::read(&package.join("Cargo.toml"))?;
        if needed.contains(&manifest.package) {
            trimmed.kept.insert(manifest.package);
        } else {
            stub(&package, &manifest, whose)
                .map_err(|error| Error::io("replaced", &package, &error))?;
            trimmed.stubs.insert(manifest.package);
        }
    }
    Ok(trimmed)
}

/// What a stub has to know of a package.
struct Manifest {
    package: Package,
    /// The files that Cargo compiles of a dependency: the library and the
    /// build script.
    compiled: Vec<PathBuf>,
}

impl Manifest {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
        let wrong = || Error::environment(format!("`{}` is no manifest", path.display()));
        let table: toml::Table = text.parse().map_err(|_| wrong())?;
        let package = table.get("package").ok_or_else(wrong)?;
        let text = |key: &str| package.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let lib = table.get("lib").and_then(|lib| lib.get("path")).and_then(|path| path.as_str());
        let script = text("build");
        Ok(Manifest {
            package: (text("name").ok_or_else(wrong)?, text("version").ok_or_else(wrong)?),
            compiled: [Some(lib.unwrap_or("src/lib.rs")), script.as_deref()]
                .into_iter()
                .flatten()
                .map(PathBuf::from)
                .collect(),
        })
    }
}

fn stub(dir: &Path, manifest: &Manifest, whose: &str) -> io::Result<()> {
    let checksums = dir.join(".cargo-checksum.json");
    let said: serde_json::Value = serde_json::from_slice(&fs::read(&checksums)?)?;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if !path.ends_with("Cargo.toml") {
            fs::remove_file(path)?;
        }
    }
    let (name, version) = &manifest.package;
    let source = format!(
        "compile_error!(\"{name} {version} is not here: `plugo vendor` left it out, since {whose} \
         does not need it\");\n"
    );
    for file in &manifest.compiled {
        // What a manifest names stands in its folder, or is not ours to write.
        if file.is_relative() && file.components().all(|part| part.as_os_str() != "..") {
            let file = dir.join(file);
            file.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(file, &source)?;
        }
    }
    let list = serde_json::json!({ "files": {}, "package": said["package"] });
    fs::write(checksums, list.to_string())
}

/// Marks a folder as one that may be replaced.
pub(crate) fn mark(dir: &Path, content: &serde_json::Value) -> Result<(), Error> {
    let path = dir.join(MARK);
    fs::write(&path, format!("{content:#}\n")).map_err(|error| Error::io("written", &path, &error))
}

/// Puts a folder where it belongs, in place of the one that was there. Both
/// are on one file system; what fails leaves the old one.
pub(crate) fn put(made: &Path, at: &Path) -> Result<(), Error> {
    // Making it took a while, and somebody may have put something there.
    check_free(at)?;
    let failed = |error| Error::io("written", at, &error);
    if !at.exists() {
        return fs::rename(made, at).map_err(failed);
    }
    let old = made.with_extension("old");
    fs::rename(at, &old).map_err(failed)?;
    match fs::rename(made, at) {
        Ok(()) => fs::remove_dir_all(&old).map_err(|error| Error::io("removed", &old, &error)),
        Err(error) => {
            // As it was before.
            let _ = fs::rename(&old, at);
            Err(failed(error))
        }
    }
}

/// The bytes of all files in a folder.
pub(crate) fn bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(dir: &Path, name: &str, manifest: &str) {
        let dir = dir.join(name);
        fs::create_dir_all(dir.join("src/inner")).unwrap();
        fs::write(dir.join("src/inner/mod.rs"), "").unwrap();
        fs::write(dir.join("src/lib.rs"), "pub fn real() {}").unwrap();
        fs::write(dir.join(".cargo-checksum.json"), r#"{"files":{"a":"b"},"package":"0123"}"#)
            .unwrap();
        let text = format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\n{manifest}");
        fs::write(dir.join("Cargo.toml"), text).unwrap();
    }

    #[test]
    fn what_is_not_needed_becomes_a_stub_that_resolves_and_does_not_compile() {
        let dir = tempfile::tempdir().unwrap();
        package(dir.path(), "needed", "");
        package(dir.path(), "other", "build = \"build.rs\"\n[lib]\npath = \"lib/top.rs\"\n");
        package(dir.path(), "hostile", "[lib]\npath = \"../needed/src/lib.rs\"\n");
        let needed = BTreeSet::from([("needed".to_owned(), "1.0.0".to_owned())]);
        let trimmed = trim(dir.path(), &needed, "`acme`").unwrap();
        assert_eq!(trimmed.kept, needed);
        assert_eq!(trimmed.stubs.len(), 2);
        let read = |path: &str| fs::read_to_string(dir.path().join(path)).unwrap();
        assert_eq!(read("needed/src/lib.rs"), "pub fn real() {}");
        assert!(read("other/lib/top.rs").contains("since `acme` does not need it"));
        assert!(read("other/build.rs").starts_with("compile_error!"));
        assert!(!dir.path().join("other/src").exists());
        assert_eq!(read("other/.cargo-checksum.json"), r#"{"files":{},"package":"0123"}"#);
    }

    #[test]
    fn only_an_own_folder_is_replaced_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let [at, made] = ["vendor", "made"].map(|name| dir.path().join(name));
        check_free(&at).unwrap();
        fs::create_dir(&at).unwrap();
        check_free(&at).unwrap();
        fs::write(at.join("mine.txt"), "").unwrap();
        let error = check_free(&at.join("mine.txt")).unwrap_err();
        assert!(matches!(error, Error::Usage(_)), "{error}");
        assert!(check_free(&at).unwrap_err().to_string().contains("did not make it"));
        mark(&at, &serde_json::json!({})).unwrap();
        check_free(&at).unwrap();
        fs::create_dir(&made).unwrap();
        fs::remove_file(at.join(MARK)).unwrap();
        assert!(put(&made, &at).unwrap_err().to_string().contains("did not make it"));
        assert!(at.join("mine.txt").exists() && made.exists(), "it became another's meanwhile");
        mark(&at, &serde_json::json!({})).unwrap();
        put(&made, &at).unwrap();
        assert!(!at.join("mine.txt").exists() && !made.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
