use packageurl::PackageUrl;

/// What Cargo calls the registry whose packages a purl without qualifiers
/// names.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The package URL of a crate.
///
/// A folder has none: it may have been changed, and a name without it would
/// be that of the registry's crate, whose advisories are about other code.
pub(crate) fn purl(name: &str, version: &str, source: &str) -> Option<String> {
    let mut purl = PackageUrl::new("cargo", name.to_owned()).ok()?;
    purl.with_version(version.to_owned()).ok()?;
    if source == CRATES_IO {
    } else if let Some(repository) = source.strip_prefix("git+") {
        purl.add_qualifier("vcs_url", vcs_url(repository)).ok()?;
    } else {
        let registry = source.split_once('+').map(|(_, url)| url)?;
        let url = match source.starts_with("sparse+") {
            true => source,
            false => registry,
        };
        purl.add_qualifier("repository_url", url.to_owned()).ok()?;
    }
    Some(purl.to_string())
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
