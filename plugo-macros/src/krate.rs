use std::env;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The path by which the crate being compiled reaches `plugo`: `::plugo`, or
/// the name that its `Cargo.toml` gives it.
///
/// Attribute macros have no `$crate`, and parsing TOML properly costs every
/// plugin's build a parser, so this reads the two ways in which Cargo lets a
/// dependency be renamed, line by line. `#[plugin(crate = path)]` is there
/// for everything else.
pub(crate) fn path() -> TokenStream {
    // One compiler compiles one crate, so the answer stays the same.
    static NAME: OnceLock<String> = OnceLock::new();
    let name = NAME.get_or_init(|| {
        let found = env::var_os("CARGO_MANIFEST_DIR").and_then(|dir| renamed(Path::new(&dir)));
        found.map_or_else(|| "plugo".to_owned(), |name| name.replace('-', "_"))
    });
    let ident = Ident::new(name, Span::call_site());
    quote!(::#ident)
}

fn renamed(package: &Path) -> Option<String> {
    let manifest = fs::read_to_string(package.join("Cargo.toml")).ok()?;
    let own = dependencies(&manifest);
    if let Some(found) =
        own.iter().find(|dependency| dependency.package.as_deref() == Some("plugo"))
    {
        return valid(&found.key);
    }
    if own.iter().any(|dependency| dependency.key == "plugo") {
        return None;
    }
    // Inherited from the workspace, where the new name stands.
    package.ancestors().skip(1).find_map(|dir| {
        let manifest = fs::read_to_string(dir.join("Cargo.toml")).ok()?;
        let key = dependencies(&manifest)
            .into_iter()
            .find(|dependency| dependency.package.as_deref() == Some("plugo"))?
            .key;
        own.iter().find(|dependency| dependency.key == key).and_then(|found| valid(&found.key))
    })
}

/// A key that can be an identifier; what cannot is not ours.
fn valid(key: &str) -> Option<String> {
    let ident = key.replace('-', "_");
    syn::parse_str::<Ident>(&ident).ok().map(|_| ident)
}

#[derive(Debug, PartialEq)]
struct Dependency {
    key: String,
    package: Option<String>,
}

/// The dependencies of a manifest, in every table of that kind, each with the
/// package that it renames.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    // Of the table that the line stands in: whether it lists dependencies, or is one.
    let (mut lists, mut is_one) = (false, false);
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default().trim();
            let (parent, last) = header.rsplit_once('.').unwrap_or(("", header));
            lists = is_list(header);
            is_one = !lists && is_list(parent);
            if is_one {
                found.push(Dependency { key: unquoted(last), package: None });
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, rest) =
                key.split_once('.').map_or((key, None), |(key, rest)| (key, Some(rest)));
            let key = unquoted(key);
            if lists {
                let package = match rest {
                    Some(rest) if rest.trim() == "package" => Some(string(value)),
                    Some(_) => None,
                    None => inline_package(value),
                };
                match found.iter_mut().find(|dependency| dependency.key == key) {
                    Some(dependency) => dependency.package = dependency.package.take().or(package),
                    None => found.push(Dependency { key, package }),
                }
            } else if is_one
                && key == "package"
                && let Some(dependency) = found.last_mut()
            {
                dependency.package = Some(string(value));
            }
        }
    }
    found
}

fn is_list(header: &str) -> bool {
    header.rsplit('.').next().is_some_and(|last| {
        matches!(last.trim(), "dependencies" | "dev-dependencies" | "build-dependencies")
    })
}

/// `package = "x"` in `{ path = "…", package = "x" }`.
fn inline_package(value: &str) -> Option<String> {
    let inner = value.trim().strip_prefix('{')?;
    inner.split(',').find_map(|field| {
        let (key, value) = field.split_once('=')?;
        (unquoted(key) == "package").then(|| string(value))
    })
}

fn unquoted(key: &str) -> String {
    key.trim().trim_matches(['"', '\'']).to_owned()
}

/// The text between the first pair of quotes.
fn string(value: &str) -> String {
    value.split(['"', '\'']).nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renames(manifest: &str) -> Option<String> {
        dependencies(manifest)
            .into_iter()
            .find(|dependency| dependency.package.as_deref() == Some("plugo"))
            .map(|dependency| dependency.key)
    }

    #[test]
    fn a_renamed_dependency_is_found_however_cargo_lets_it_be_written() {
        for manifest in [
            "[dependencies]\nplug-in = { path = \"x\", package = \"plugo\" } # why\n",
            "[dependencies.plug-in]\nversion = '1'\npackage = 'plugo'\n[lib]\nname = \"y\"\n",
            "[dependencies]\nserde = \"1\"\nplug-in.package = \"plugo\"\nplug-in.version = \"1\"\n",
            "[target.'cfg(unix)'.dependencies]\n\"plug-in\" = {package=\"plugo\",version=\"1\"}\n",
            "[workspace.dependencies]\nplug-in = { package = \"plugo\", version = \"1\" }\n",
            "[dependencies]\n# old = { package = \"plugo\" }\nplug-in = { package = \"plugo\" }\n",
        ] {
            assert_eq!(renames(manifest).as_deref(), Some("plug-in"), "{manifest}");
        }
    }

    #[test]
    fn what_only_looks_like_a_rename_is_none() {
        for manifest in [
            "[package]\nname = \"plugo\"\n",
            "[package.metadata.plugo]\npackage = \"plugo\"\n",
            "[dependencies]\nplugo = \"1\"\n",
            "[dependencies]\nother = { version = \"1\", package = \"plugo-core\" }\n",
        ] {
            assert_eq!(renames(manifest), None, "{manifest}");
        }
    }
}
