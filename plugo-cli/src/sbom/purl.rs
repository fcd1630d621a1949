/// What Cargo calls the registry whose packages a purl without qualifiers
/// names.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The package URL of a crate.
///
/// A folder has none: it may have been changed, and a name without it would
/// be that of the registry's crate, whose advisories are about other code.
pub(crate) fn purl(name: &str, version: &str, source: &str) -> Option<String> {
    let purl = format!("pkg:cargo/{}@{}", encoded(name), encoded(version));
    if source == CRATES_IO {
        return Some(purl);
    }
    let qualifier = match source.split_once('+')? {
        ("path", _) => return None,
        ("git", repository) => format!("vcs_url={}", encoded(&vcs_url(repository))),
        ("registry", url) => format!("repository_url={}", encoded(url)),
        _ => format!("repository_url={}", encoded(source)),
    };
    Some(format!("{purl}?{qualifier}"))
}

/// As the specification of purls writes it in its canonical form: of what
/// other URLs escape, `:` and `/` stay.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            b'.' | b'-' | b'_' | b'~' | b':' | b'/' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `https://example.org/blog?branch=main#abc` is `git+https://example.org/blog@abc`.
pub(crate) fn vcs_url(repository: &str) -> String {
    let (url, revision) = repository.split_once('#').unwrap_or((repository, ""));
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    match revision {
        "" => format!("git+{url}"),
        revision => format!("git+{url}@{revision}"),
    }
}

/// Where a crate can be downloaded, if that is known.
pub(crate) fn download(name: &str, version: &str, source: &str) -> Option<String> {
    match source.strip_prefix("git+") {
        Some(repository) => Some(vcs_url(repository)),
        None if source == CRATES_IO => {
            Some(format!("https://crates.io/api/v1/crates/{name}/{version}/download"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_no_purl_and_other_places_are_named() {
        let of = |version, source| purl("blog", version, source);
        assert_eq!(of("1.0.0", "path+plugins/blog"), None);
        assert_eq!(of("1.0.0", "path"), None);
        assert_eq!(of("1.0.0", CRATES_IO).as_deref(), Some("pkg:cargo/blog@1.0.0"));
        assert_eq!(of("1.0.0+2", CRATES_IO).as_deref(), Some("pkg:cargo/blog@1.0.0%2B2"));
        assert_eq!(
            of("1.0.0", "git+https://example.org/blog?branch=main#abc").as_deref(),
            Some("pkg:cargo/blog@1.0.0?vcs_url=git%2Bhttps://example.org/blog%40abc")
        );
        assert_eq!(
            of("1.0.0", "registry+https://crates.example.org/index").as_deref(),
            Some("pkg:cargo/blog@1.0.0?repository_url=https://crates.example.org/index")
        );
    }
}
