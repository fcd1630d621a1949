use plugo_build::Version;

use super::Note;
use crate::app::App;
use crate::cargo;
use crate::error::Error;

/// Rust's versions, held against what the packages of the workspace ask for.
pub(super) fn notes(app: &App) -> Result<Vec<Note>, Error> {
    let (cargo, rustc) = cargo::versions()?;
    let mut notes = Vec::new();
    if minor(&cargo) != minor(&rustc) {
        notes.push(Note::new(
            "mixed-toolchain",
            format!("Cargo is {cargo}, and rustc is {rustc}"),
            "see that PATH, CARGO and RUSTC lead to one toolchain",
        ));
    }
    let metadata = cargo::workspace(&app.dir, Some(&app.manifest()))?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    for package in packages {
        let (Some(name), Some(wanted)) =
            (package["name"].as_str(), package["rust_version"].as_str())
        else {
            continue;
        };
        let ours = package["manifest_path"]
            .as_str()
            .is_some_and(|path| std::path::Path::new(path).starts_with(&app.dir));
        if ours && version(wanted) > version(&rustc) {
            notes.push(Note::wrong(
                "rust-version",
                format!("`{name}` needs Rust {wanted}, and rustc is {rustc}"),
                "run `rustup update`, or lower its `rust-version` if it needs less",
            ));
        }
    }
    Ok(notes)
}

/// `1.88` is 1.88.0; of a nightly, the number counts.
fn version(text: &str) -> Option<Version> {
    let number = text.split('-').next()?;
    let full = match number.matches('.').count() {
        0 => format!("{number}.0.0"),
        1 => format!("{number}.0"),
        _ => number.to_owned(),
    };
    Version::parse(&full).ok()
}

fn minor(text: &str) -> Option<(u64, u64)> {
    version(text).map(|version| (version.major, version.minor))
}
