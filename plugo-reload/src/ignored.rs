use std::path::Path;

use ignore::Match;
use ignore::gitignore::GitignoreBuilder;

/// Whether nothing of this name is ever looked at: what tools make for
/// themselves, and what editors write beside a file before they put it in
/// place.
pub(crate) fn is_ignored(name: &str) -> bool {
    const NAMES: [&str; 8] =
        [".git", ".hg", ".jj", ".svn", "target", "node_modules", "4913", ".DS_Store"];
    const ENDINGS: [&str; 7] = ["~", ".swp", ".swx", ".swo", ".tmp", ".bak", "___jb_tmp___"];
    NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.ends_with("___jb_old___")
        // Emacs: a lock, and what was not saved yet.
        || name.starts_with(".#")
        || name.starts_with('#') && name.ends_with('#')
        // What plugo itself, and many others, write before they put it in place.
        || name.starts_with('.') && name.ends_with(".new")
}

/// Whether a part of the path below a folder is ignored.
pub(crate) fn is_ignored_below(path: &Path, folder: &Path) -> bool {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.components().any(|part| is_ignored(&part.as_os_str().to_string_lossy()))
}

/// Whether Git ignores a folder, or one that it is in: the innermost file that
/// speaks of it decides.
pub(crate) fn is_git_ignored(folder: &Path) -> bool {
    for dir in folder.ancestors().skip(1) {
        for name in [".gitignore", ".git/info/exclude"] {
            let file = dir.join(name);
            if !file.is_file() {
                continue;
            }
            let mut builder = GitignoreBuilder::new(dir);
            builder.add(file);
            let Ok(gitignore) = builder.build() else { continue };
            match gitignore.matched_path_or_any_parents(folder, true) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_and_tools_files_are_ignored_and_sources_are_not() {
        for name in [
            "target",
            ".git",
            ".lib.rs.swp",
            "lib.rs~",
            "4913",
            ".#lib.rs",
            "#lib.rs#",
            "lib.rs___jb_tmp___",
            "plugin.tmp",
            ".plugo-table.rs.12.new",
        ] {
            assert!(is_ignored(name), "{name}");
        }
        for name in
            ["lib.rs", "Cargo.toml", "targets", "plugins_config.json", ".env", "..data", "new"]
        {
            assert!(!is_ignored(name), "{name}");
        }
    }

    #[test]
    fn only_what_is_below_the_folder_counts() {
        let folder = Path::new("/home/target/app");
        assert!(!is_ignored_below(Path::new("/home/target/app/src/lib.rs"), folder));
        assert!(is_ignored_below(Path::new("/home/target/app/target/debug/app"), folder));
    }
}
