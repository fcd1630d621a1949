use std::path::{Component, Path, PathBuf};

/// The path from a folder to another place. Where they share nothing but the
/// root of the file system, the way up would say less than the whole path.
pub(crate) fn relative(to: &Path, from: &Path) -> PathBuf {
    let shared = to.components().zip(from.components()).take_while(|(a, b)| a == b);
    if shared.filter(|(part, _)| matches!(part, Component::Normal(_))).count() == 0 {
        return to.to_owned();
    }
    match pathdiff::diff_paths(to, from) {
        Some(path) if path.as_os_str().is_empty() => PathBuf::from("."),
        Some(path) => path,
        None => to.to_owned(),
    }
}

/// A path with `/`, as `Cargo.toml` and messages write it on every system.
pub(crate) fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        return text.into_owned();
    }
    // Windows puts `\\?\` before paths that it has resolved.
    text.trim_start_matches(r"\\?\").replace(std::path::MAIN_SEPARATOR, "/")
}

/// The path without links, as far as it exists, and without `.` and `..`.
pub(crate) fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut known = path;
    loop {
        if let Ok(mut real) = known.canonicalize() {
            for part in missing.iter().rev() {
                match part {
                    Component::CurDir => {}
                    Component::ParentDir => {
                        real.pop();
                    }
                    part => real.push(part),
                }
            }
            return real;
        }
        match (known.components().next_back(), known.parent()) {
            (Some(last), Some(parent)) => {
                missing.push(last);
                known = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_where_that_says_more() {
        let relative = |to: &str, from: &str| slashes(&relative(Path::new(to), Path::new(from)));
        assert_eq!(relative("/repo/plugo/plugo", "/repo/shop"), "../plugo/plugo");
        assert_eq!(relative("/repo/shop/plugins/a", "/repo/shop"), "plugins/a");
        assert_eq!(relative("/repo/shop", "/repo/shop"), ".");
        assert_eq!(relative("/opt/plugo", "/repo/shop"), "/opt/plugo");
    }

    #[test]
    fn what_does_not_exist_is_resolved_as_far_as_it_does() {
        let dir = std::env::temp_dir().canonicalize().unwrap();
        assert_eq!(real(&dir.join("no-such-a/../no-such-b")), dir.join("no-such-b"));
    }
}
