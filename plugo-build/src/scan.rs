use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::package::Package;

/// A `#[plugin]` in the source of a crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: Name,
    pub(crate) namespace: Option<String>,
    pub(crate) priority: Option<i32>,
    /// Whether a `cfg` decides if it exists.
    pub(crate) conditional: bool,
    pub(crate) place: Place,
}

/// What `#[plugin]` says of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Nothing: it is the package's.
    Package,
    Literal(String),
    /// A macro call, which only the compiler can evaluate.
    Computed,
}

/// What the source of a crate says about its plugins.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) found: Vec<Found>,
    /// Whether there may be more than was found: macros make items too.
    pub(crate) inconclusive: bool,
}

/// Looks for `#[plugin]` in the source of a package.
///
/// Files without the word `plugin` are not parsed, unless `thorough`. What is
/// parsed is tokens: the scan need not know the language's newest syntax.
pub(crate) fn scan(package: &Package, own: bool, thorough: bool, problems: &mut Problems) -> Scan {
    let local = package.plugo_key();
    let mut files = Vec::new();
    rust_files(&package.source_dir, &mut files, 0, problems, package);
    files.sort();
    // Of a dependency, only the library is linked.
    if !own && files.iter().any(|file| file.ends_with("lib.rs")) {
        files.retain(|file| {
            let inside = file.strip_prefix(&package.source_dir).unwrap_or(file);
            inside != Path::new("main.rs") && !inside.starts_with("bin")
        });
    }
    let mut scan = Scan::default();
    let mut tests: Vec<PathBuf> = Vec::new();
    let mut found: Vec<(PathBuf, Vec<Found>)> = Vec::new();
    let mut passed_over: Vec<(PathBuf, String)> = Vec::new();
    let parse = |file: &Path, text: &str| {
        let mut scanner = Scanner {
            local: local.as_deref(),
            shown: package.show(file),
            file,
            found: Vec::new(),
            inconclusive: false,
            tests: Vec::new(),
        };
        match TokenStream::from_str(without_shebang(text)) {
            Ok(tokens) => scanner.items(tokens, false),
            // The compiler will say it better.
            Err(_) => scanner.inconclusive = true,
        }
        // Spans point into the text, which would otherwise be kept for good.
        proc_macro2::extra::invalidate_current_thread_spans();
        (scanner.found, scanner.inconclusive, scanner.tests)
    };
    for file in files {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                let shown = package.show(&file);
                let message = format!("`{shown}` cannot be read: {error}");
                problems.add(Diagnostic::error(Code::Unreadable, message).at(Place::file(shown)));
                continue;
            }
        };
        if thorough || text.contains("plugin") {
            let (plugins, inconclusive, mut test_modules) = parse(&file, &text);
            scan.inconclusive |= inconclusive;
            tests.append(&mut test_modules);
            found.push((file, plugins));
        } else if text.contains("cfg") && text.contains("test") {
            passed_over.push((file, text));
        }
    }
    // `#[cfg(test)] mod tests;` takes a file with all below it out of the
    // library. It stands in another file, which need not have the word.
    let in_module = |(file, plugins): &(PathBuf, Vec<Found>)| {
        !plugins.is_empty() && !file.ends_with("lib.rs") && !file.ends_with("main.rs")
    };
    if found.iter().any(in_module) {
        for (file, text) in passed_over {
            tests.append(&mut parse(&file, &text).2);
        }
    }
    for (file, plugins) in found {
        if !tests.iter().any(|test| file == test.with_extension("rs") || file.starts_with(test)) {
            scan.found.extend(plugins);
        }
    }
    scan
}

fn rust_files(
    dir: &Path,
    files: &mut Vec<PathBuf>,
    depth: usize,
    problems: &mut Problems,
    package: &Package,
) {
    // Links may make a circle; modules are not nested this deep.
    if depth > 32 {
        return;
    }
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if depth == 0 && error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => {
            let shown = package.show(dir);
            let message = format!("`{shown}` cannot be read: {error}");
            problems.add(Diagnostic::error(Code::Unreadable, message).at(Place::file(shown)));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            files.push(path);
        } else if path.is_dir() {
            rust_files(&path, files, depth + 1, problems, package);
        }
    }
}

fn without_shebang(text: &str) -> &str {
    if text.starts_with("#!") && !text.starts_with("#![") {
        // The line break stays, so that lines keep their numbers.
        text.find('\n').map_or("", |end| &text[end..])
    } else {
        text
    }
}

struct Scanner<'s> {
    /// What the crate calls `plugo`.
    local: Option<&'s str>,
    shown: String,
    file: &'s Path,
    found: Vec<Found>,
    inconclusive: bool,
    /// Modules that exist in tests only, as paths without extension.
    tests: Vec<PathBuf>,
}

impl Scanner<'_> {
    /// Goes through the items of a file or of a module.
    fn items(&mut self, tokens: TokenStream, conditional: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            let mut attributes = Attributes { conditional, ..Attributes::default() };
            while let Some((group, next)) = attribute(&tokens, i) {
                if let Some(group) = group {
                    let place = tokens[i].span().start();
                    self.attribute(&group, (place.line, place.column + 1), &mut attributes);
                }
                i = next;
            }
            i = self.item(&tokens, i, attributes);
        }
    }

    /// Goes past one item, and into modules.
    fn item(&mut self, tokens: &[TokenTree], start: usize, attributes: Attributes) -> usize {
        let mut i = start;
        let mut kind = String::new();
        while let Some(token) = tokens.get(i) {
            match token {
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    let qualifier = matches!(
                        word.as_str(),
                        "pub" | "crate" | "async" | "unsafe" | "safe" | "extern" | "default"
                    );
                    if !qualifier && kind.is_empty() || kind == "const" && word == "fn" {
                        kind = word;
                        // `const` may begin a function.
                        if kind != "const" {
                            break;
                        }
                    } else if kind == "const" && !qualifier {
                        break;
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                _ => {}
            }
            i += 1;
        }
        let after = tokens.get(i + 1);
        let is_macro = matches!(after, Some(TokenTree::Punct(p)) if p.as_char() == '!')
            || matches!(after, Some(TokenTree::Punct(p)) if p.as_char() == ':')
                && kind != "const"
                && kind != "static";
        match kind.as_str() {
            "fn" if !attributes.test => self.found.extend(attributes.plugin),
            "mod" => {
                let name = after.map(ToString::to_string).unwrap_or_default();
                match tokens.get(i + 2) {
                    Some(TokenTree::Group(body)) if !attributes.test => {
                        self.items(body.stream(), attributes.conditional);
                    }
                    Some(TokenTree::Punct(_)) if attributes.test => {
                        self.tests.push(self.module_dir().join(name));
                    }
                    _ => {}
                }
            }
            _ if is_macro && !attributes.test => self.inconclusive = true,
            _ => {}
        }
        // A `use`, a `const` and the like may hold braces before their end.
        let ends_in_brace =
            !matches!(kind.as_str(), "use" | "const" | "static" | "type" | "extern");
        while let Some(token) = tokens.get(i) {
            i += 1;
            match token {
                TokenTree::Group(group)
                    if ends_in_brace && group.delimiter() == Delimiter::Brace =>
                {
                    break;
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                _ => {}
            }
        }
        i.max(start + 1)
    }

    /// The folder in which the modules of this file stand.
    fn module_dir(&self) -> PathBuf {
        let parent = self.file.parent().unwrap_or(Path::new(""));
        match self.file.file_stem().and_then(|stem| stem.to_str()) {
            Some("lib" | "main" | "mod") | None => parent.to_owned(),
            Some(stem) => parent.join(stem),
        }
    }

    fn attribute(&self, group: &Group, position: (usize, usize), attributes: &mut Attributes) {
        let content: Vec<TokenTree> = group.stream().into_iter().collect();
        let (path, arguments) = path_and_arguments(&content);
        match path.as_slice() {
            [cfg] if cfg == "cfg" => {
                let condition =
                    arguments.map(|group| group.stream().to_string()).unwrap_or_default();
                attributes.test |= condition == "test";
                attributes.conditional = true;
                if let Some(found) = &mut attributes.plugin {
                    found.conditional = true;
                }
            }
            [cfg_attr] if cfg_attr == "cfg_attr" => {
                let inner: Vec<TokenTree> =
                    arguments.map(|group| group.stream().into_iter().collect()).unwrap_or_default();
                for part in inner.split(is_comma).skip(1) {
                    if let Some(mut found) = self.plugin(part, position) {
                        found.conditional = true;
                        attributes.plugin = Some(found);
                    }
                }
            }
            _ => {
                if let Some(mut found) = self.plugin(&content, position) {
                    found.conditional = attributes.conditional;
                    attributes.plugin = Some(found);
                }
            }
        }
    }

    /// `plugin`, `plugin(…)` or `plugo::plugin(…)`.
    fn plugin(&self, tokens: &[TokenTree], (line, column): (usize, usize)) -> Option<Found> {
        let (path, arguments) = path_and_arguments(tokens);
        let (last, before) = path.split_last()?;
        let ours = match before {
            [] => true,
            [first, ..] => {
                Some(first.as_str()) == self.local || first == "plugo" || first == "crate"
            }
        };
        if last != "plugin" || !ours {
            return None;
        }
        let mut found = Found {
            name: Name::Package,
            namespace: None,
            priority: None,
            conditional: false,
            place: Place { file: self.shown.clone(), position: Some((line, column)) },
        };
        let arguments: Vec<TokenTree> =
            arguments.map(|group| group.stream().into_iter().collect()).unwrap_or_default();
        for argument in arguments.split(is_comma) {
            let [TokenTree::Ident(key), TokenTree::Punct(_), value @ ..] = argument else {
                continue;
            };
            let text: String = value.iter().map(ToString::to_string).collect();
            match key.to_string().as_str() {
                "name" => found.name = string(value).map_or(Name::Computed, Name::Literal),
                "namespace" => found.namespace = string(value),
                "priority" => found.priority = text.replace('_', "").parse().ok(),
                _ => {}
            }
        }
        Some(found)
    }
}

#[derive(Default)]
struct Attributes {
    plugin: Option<Found>,
    conditional: bool,
    test: bool,
}

/// `#[…]` at a position: the group, and the position after it. An inner
/// attribute, `#![…]`, has no group to look at.
fn attribute(tokens: &[TokenTree], i: usize) -> Option<(Option<Group>, usize)> {
    let punct =
        |i: usize, c: char| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == c);
    if !punct(i, '#') {
        return None;
    }
    let inner = punct(i + 1, '!');
    let at = if inner { i + 2 } else { i + 1 };
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some(((!inner).then(|| group.clone()), at + 1))
        }
        _ => None,
    }
}

/// `a::b::c(…)`: the segments, and the parentheses.
fn path_and_arguments(tokens: &[TokenTree]) -> (Vec<String>, Option<&Group>) {
    let mut path = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => path.push(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                debug_assert!(matches!(punct.spacing(), Spacing::Joint | Spacing::Alone));
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                return (path, Some(group));
            }
            _ => break,
        }
    }
    (path, None)
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

/// The text of a string literal without escapes, which names do not need.
fn string(value: &[TokenTree]) -> Option<String> {
    let [TokenTree::Literal(literal)] = value else { return None };
    let text = literal.to_string();
    let inner = match text.strip_prefix('r') {
        Some(raw) => raw.trim_matches('#'),
        None if text.contains('\\') => return None,
        None => &text,
    };
    Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_text(text: &str) -> (Vec<Found>, bool) {
        let file = PathBuf::from("/x/src/lib.rs");
        let mut scanner = Scanner {
            local: Some("plug_in"),
            shown: "src/lib.rs".to_owned(),
            file: &file,
            found: Vec::new(),
            inconclusive: false,
            tests: Vec::new(),
        };
        scanner.items(TokenStream::from_str(without_shebang(text)).unwrap(), false);
        (scanner.found, scanner.inconclusive)
    }

    fn names(text: &str) -> Vec<String> {
        scan_text(text)
            .0
            .into_iter()
            .map(|found| match found.name {
                Name::Literal(name) => name,
                Name::Package => "(package)".to_owned(),
                Name::Computed => "(computed)".to_owned(),
            })
            .collect()
    }

    #[test]
    fn plugins_are_found_however_they_are_written() {
        let text = r##"#!/usr/bin/env run
            #![forbid(unsafe_code)]
            use plugo::{plugin, kwargs};
            const TABLE: &[u8] = &{ [1] };
            # [ plugin ( name = "spaced" ) ] fn a() {}
            #[plugo::plugin(namespace = "x.y", name = r#"raw"#, priority = -5)]
            #[allow(dead_code)]
            pub(crate) async fn b(app: &mut App) -> Result<(), E> { nested() }
            mod inner { pub mod deeper { #[plug_in::plugin] pub fn c() {} } }
            #[doc = "text"] #[plugin(name = concat!("a", "b"))] const fn d() {}
            #[cfg_attr(all(), plugin(name = "maybe"))] fn e() {}
            #[cfg(unix)] #[plugin(name = "unix")] fn f() {}
        "##;
        assert_eq!(names(text), ["spaced", "raw", "(package)", "(computed)", "maybe", "unix"]);
        let (found, inconclusive) = scan_text(text);
        assert!(!inconclusive);
        assert_eq!((found[1].namespace.as_deref(), found[1].priority), (Some("x.y"), Some(-5)));
        assert_eq!(found[1].place.to_string(), "src/lib.rs:6:13");
        let conditional: Vec<bool> = found.iter().map(|found| found.conditional).collect();
        assert_eq!(conditional, [false, false, false, false, true, true]);
    }

    #[test]
    fn what_only_looks_like_a_plugin_is_none() {
        for text in [
            "// #[plugin(name = \"comment\")]\nfn a() {}",
            "/* #[plugin] */ fn a() {}",
            "const S: &str = r#\"#[plugin] fn a() {}\"#;",
            "#[bevy::plugin] fn a() {}",
            "#[plugin_type] trait A {}",
            "#[plugin] struct A;",
            "#[cfg(test)] mod tests { #[plugin] fn a() {} }",
            "#[cfg(test)] #[plugin] fn a() {}",
            "use a::{plugin}; fn plugin() {}",
            "",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn macros_make_the_scan_inconclusive() {
        for text in [
            "macro_rules! m { () => { #[plugin] fn a() {} } }",
            "declare! { blog }",
            "outer::declare!(blog);",
        ] {
            let (found, inconclusive) = scan_text(text);
            assert!(found.is_empty() && inconclusive, "{text}");
        }
        assert!(!scan_text("fn a() { println!(\"plugin\") } const A: X = vec![];").1);
        assert!(!scan_text("static A: &[u8] = include_bytes!(\"plugin\"); use a::b;").1);
    }
}
