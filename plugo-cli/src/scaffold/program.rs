use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;

use crate::edits::{Edits, Manifest};
use crate::error::Error;
use crate::scaffold::templates::{PLAIN_MAIN, WEB_HOME, WEB_MAIN};

/// What `cargo new` writes.
const FRESH_MAIN: &str = "fn main() {\n    println!(\"Hello, world!\");\n}\n";

const TABLE: &str = "plugo::plugins!();\n";

/// What a program with pages needs, and the features of it.
const WEB: [(&str, &str, &[&str]); 2] =
    [("axum", "0.8", &["http1", "tokio"]), ("tokio", "1", &["macros", "net", "rt-multi-thread"])];

/// The app's `src/main.rs`.
#[derive(Debug)]
pub(crate) struct Program {
    dir: PathBuf,
    path: PathBuf,
    text: Option<String>,
}

impl Program {
    pub(crate) fn read(edits: &Edits, dir: &Path) -> Result<Self, Error> {
        let path = dir.join("src/main.rs");
        let text = edits.read(&path)?;
        let text = text.map(|text| text.replace("\r\n", "\n"));
        Ok(Program { dir: dir.to_owned(), path, text })
    }

    /// Puts the table into the program, and the call where that is safe. Says
    /// what is left for a person to add.
    pub(crate) fn load(&self, edits: &mut Edits) -> Result<Option<String>, Error> {
        if has_table(&self.dir) {
            return Ok(None);
        }
        let call =
            "    let report = plugo::load_plugins(plugo::kwargs! {});\n    println!(\"{report}\");";
        let shown = edits.show(&self.path);
        let Some(text) = &self.text else {
            return Ok(Some(format!(
                "there is no `{shown}`; where the table of plugins should be, a line \
                 `plugo::plugins!();`, and where they should load:\n{call}"
            )));
        };
        if text == FRESH_MAIN {
            edits.write(&self.path, PLAIN_MAIN.to_owned())?;
            return Ok(None);
        }
        let Some(with_table) = insert_table(text) else {
            return Ok(Some(format!(
                "`{shown}` is no Rust that can be read, so it was left alone; it needs a line \
                 `plugo::plugins!();` after its `use`s, and where the plugins should load:\n{call}"
            )));
        };
        edits.write(&self.path, with_table)?;
        Ok(Some(format!(
            "`{shown}` has the table of plugins now; load them where they should load:\n{call}"
        )))
    }

    /// Has the program give its plugins a router and serve it, where it is
    /// still the one that `plugo init` wrote. Otherwise says what to add,
    /// unless there is an argument `app` already.
    pub(crate) fn serve(&self, edits: &mut Edits) -> Result<Option<String>, Error> {
        let home = self.dir.join("src/home.html");
        if self.text.as_deref() == Some(PLAIN_MAIN) && !home.exists() {
            let mut manifest = Manifest::read(edits, &self.dir)?;
            for (krate, version, features) in WEB {
                manifest.require(krate, version, features)?;
            }
            manifest.save(edits)?;
            edits.write(&self.path, WEB_MAIN.to_owned())?;
            edits.write(&home, WEB_HOME.to_owned())?;
            return Ok(None);
        }
        let gives_app = |text: &str| arguments(text).any(|list| has_argument(list, "app"));
        if sources(&self.dir).any(|text| gives_app(&text)) {
            return Ok(None);
        }
        Ok(Some(
            "the plugin takes `app: &mut axum::Router` (axum 0.8), and the app gives none; where it \
             loads its plugins:\n    let mut app = axum::Router::new();\n    let report = \
             plugo::load_plugins(plugo::kwargs! { app: &mut app });\n    println!(\"{report}\");\nand \
             then, under `#[tokio::main]`, with axum and tokio as dependencies:\n    let listener = \
             tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;\n    \
             axum::serve(listener, app).await?;"
                .to_owned(),
        ))
    }
}

/// Whether some source of a package has the table of plugins.
fn has_table(dir: &Path) -> bool {
    sources(dir).any(|text| text.contains("plugins!"))
}

/// The texts of a package's source.
fn sources(dir: &Path) -> impl Iterator<Item = String> {
    let mut open = vec![dir.join("src")];
    std::iter::from_fn(move || {
        loop {
            let path = open.pop()?;
            if path.is_dir() {
                let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
                open.extend(entries.map(|entry| entry.path()));
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                return Some(text);
            }
        }
    })
}

/// What stands in each `kwargs! { … }` of a text, and in `.with("…", …)`.
fn arguments(text: &str) -> impl Iterator<Item = &str> {
    text.split("kwargs!").skip(1).map(|rest| {
        let mut depth = 0_i32;
        let end = rest.find(|c: char| {
            depth +=
                i32::from(matches!(c, '{' | '(' | '[')) - i32::from(matches!(c, '}' | ')' | ']'));
            depth == 0 && !c.is_whitespace()
        });
        // What is added later stands near.
        let near =
            rest.char_indices().nth(end.unwrap_or_default() + 400).map_or(rest.len(), |(at, _)| at);
        &rest[..near]
    })
}

fn has_argument(list: &str, name: &str) -> bool {
    let is_key = |(at, _): (usize, &str)| {
        let before = list[..at].chars().next_back();
        let after = list[at + name.len()..].trim_start();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            && (after.starts_with(':') && !after.starts_with("::") || before == Some('"'))
    };
    list.match_indices(name).any(is_key)
}

/// Puts the table after what has to stand first, and the imports. Nothing
/// where the text is no Rust.
fn insert_table(text: &str) -> Option<String> {
    // What stands before everything else cannot stand after something.
    if text.starts_with('\u{feff}') {
        return None;
    }
    let file = syn::parse_file(text).ok()?;
    let attributes = file.attrs.iter().map(|attribute| attribute.span().end().line).max();
    let imports = file
        .items
        .iter()
        .take_while(|item| matches!(item, syn::Item::Use(_) | syn::Item::ExternCrate(_)))
        .map(|item| item.span().end().line)
        .max();
    let after = attributes.max(imports).unwrap_or_else(|| header(text));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, rest) = lines.split_at(after.min(lines.len()));
    let mut made = before.concat();
    if !made.is_empty() {
        if !made.ends_with('\n') {
            made.push('\n');
        }
        if !made.ends_with("\n\n") {
            made.push('\n');
        }
    }
    made.push_str(TABLE);
    let rest = rest.concat();
    if !rest.trim().is_empty() && !rest.starts_with('\n') {
        made.push('\n');
    }
    made.push_str(&rest);
    Some(made)
}

/// The lines of a comment about the file: one that an empty line follows. The
/// line that names an interpreter is always one.
fn header(text: &str) -> usize {
    let first = usize::from(text.starts_with("#!"));
    let comment = text.lines().skip(first).take_while(|line| line.starts_with("//")).count();
    let after = text.lines().nth(first + comment);
    match comment {
        0 => first,
        _ if after.is_none_or(|line| line.trim().is_empty()) => first + comment + 1,
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_after_inner_attributes_and_imports() {
        for (before, after) in [
            ("fn main() {}\n", "plugo::plugins!();\n\nfn main() {}\n"),
            (
                "//! About.\n#![forbid(unsafe_code)]\n\nuse a::{\n    b,\n};\nuse c;\n\n/// Doc.\nfn main() {}\n",
                "//! About.\n#![forbid(unsafe_code)]\n\nuse a::{\n    b,\n};\nuse c;\n\nplugo::plugins!();\n\n/// Doc.\nfn main() {}\n",
            ),
            (
                "// A licence.\n\n/// Doc.\nfn main() {}\n",
                "// A licence.\n\nplugo::plugins!();\n\n/// Doc.\nfn main() {}\n",
            ),
            ("// On main.\nfn main() {}\n", "plugo::plugins!();\n\n// On main.\nfn main() {}\n"),
            (
                "#!/usr/bin/env run\nfn main() {}\n",
                "#!/usr/bin/env run\n\nplugo::plugins!();\n\nfn main() {}\n",
            ),
            ("use a;\nfn main() {}", "use a;\n\nplugo::plugins!();\n\nfn main() {}"),
        ] {
            assert_eq!(insert_table(before).as_deref(), Some(after), "{before}");
        }
        assert_eq!(insert_table("fn main( {"), None);
        assert_eq!(insert_table("\u{feff}fn main() {}"), None);
    }

    #[test]
    fn an_argument_is_found_by_its_name() {
        let gives = |text: &str| arguments(text).any(|list| has_argument(list, "app"));
        assert!(gives("load(plugo::kwargs! { lines: &mut lines, app: &mut app })"));
        assert!(gives("let k = kwargs! { a: &a };\nlet k = k.with(\"app\", &mut app);"));
        assert!(!gives("load(kwargs! { site: &mut app })"));
        assert!(!gives("load(kwargs! { my_app: &mut x })"));
        assert!(!gives("struct S { app: u8 }"));
    }
}
