use std::path::Path;

use crate::diagnostic::Problems;
use crate::document::{self, Node, Text};

/// Which of Cargo's feature resolvers a workspace has. `cargo metadata` does
/// not tell.
///
/// It is what the root's `Cargo.toml` says, or what comes with the edition of
/// the package there; in a workspace without one it is the oldest.
pub(crate) fn resolver(root: &Path) -> String {
    let path = root.join("Cargo.toml");
    // What is wrong with the file is told of where it is read as a package.
    let mut ignored = Problems::default();
    let shown = path.to_string_lossy().into_owned();
    let node =
        Text::read(&path, shown, &mut ignored).and_then(|text| document::toml(&text, &mut ignored));
    node.map_or_else(|| "1".to_owned(), |node| said(&node))
}

fn said(manifest: &Node) -> String {
    let at = |path: &[&str]| path.iter().try_fold(manifest, |node, key| node.get(key));
    let text = |path: &[&str]| at(path).and_then(Node::as_str);
    if let Some(resolver) = text(&["workspace", "resolver"]).or(text(&["package", "resolver"])) {
        return resolver.to_owned();
    }
    let inherited = text(&["workspace", "package", "edition"]);
    let edition = match at(&["package", "edition"]) {
        Some(edition) => edition.as_str().or(inherited),
        None => None,
    };
    match edition {
        None | Some("2015" | "2018") => "1",
        Some("2021") => "2",
        Some(_) => "3",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_says_it_or_the_edition_of_its_package() {
        for (manifest, expected) in [
            ("[workspace]\nresolver = \"2\"\n[package]\nedition = \"2024\"", "2"),
            ("[package]\nedition = \"2024\"", "3"),
            ("[package]\nedition = \"2021\"", "2"),
            ("[package]\nedition = \"2021\"\nresolver = \"1\"", "1"),
            ("[package]\nedition = \"2018\"", "1"),
            ("[package]\nname = \"old\"", "1"),
            ("[workspace]\n[workspace.package]\nedition = \"2024\"", "1"),
            ("[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2021\"", "2"),
        ] {
            let text = Text::new("Cargo.toml", manifest.to_owned());
            let node = document::toml(&text, &mut Problems::default()).unwrap();
            assert_eq!(said(&node), expected, "{manifest}");
        }
    }
}
