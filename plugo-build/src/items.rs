use std::rc::Rc;

use crate::diagnostic::Place;
use crate::document::Text;
use crate::lex::{Kind, Token, string, tokens};

/// What a file of source says, as far as plugins go.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) found: Vec<Found>,
    pub(crate) modules: Vec<Module>,
    /// Whether it has what other crates' plugins are made with: a plugin type,
    /// or an `impl` that is `reusable`.
    pub(crate) shares: bool,
    /// Whether there may be more than was found: macros make items too.
    pub(crate) inconclusive: bool,
}

/// A `#[plugin]` in the source of a crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: Name,
    pub(crate) namespace: Option<String>,
    pub(crate) priority: Option<i32>,
    /// The conditions under which it exists: what `cfg(…)` holds.
    pub(crate) conditions: Vec<String>,
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

/// A module in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// The modules around it that stand in the same file.
    pub(crate) within: Vec<String>,
    /// What `#[path = "…"]` says.
    pub(crate) path: Option<String>,
    pub(crate) conditions: Vec<String>,
}

/// Goes through a file. `local` is what the crate calls `plugo`, `shown` what
/// messages call the file, and `conditions` those under which it is compiled.
pub(crate) fn items(
    source: &str,
    shown: &str,
    local: Option<&str>,
    conditions: &[String],
) -> Items {
    let mut scanner = Scanner {
        local,
        text: Text::new(shown, source.to_owned()),
        aliases: Vec::new(),
        within: Vec::new(),
        items: Items::default(),
    };
    let start = behind_shebang(source);
    scanner.items(&source[start..], start, conditions.to_vec());
    scanner.items
}

/// The offset behind a byte order mark, or a first line `#!/usr/bin/env …`.
fn behind_shebang(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        return '\u{feff}'.len_utf8();
    }
    if text.starts_with("#!") && !text.starts_with("#![") {
        text.find('\n').unwrap_or(text.len())
    } else {
        0
    }
}

struct Scanner<'s> {
    local: Option<&'s str>,
    /// The file, for places in it.
    text: Rc<Text>,
    /// Other names that `use plugo::plugin as …` gives the attribute.
    aliases: Vec<&'s str>,
    /// The modules that are gone through.
    within: Vec<&'s str>,
    items: Items,
}

impl<'s> Scanner<'s> {
    /// Goes through the items of a file or of a module.
    fn items(&mut self, text: &'s str, offset: usize, mut conditions: Vec<String>) {
        let Some(tokens) = tokens(text, offset) else {
            // The compiler will say it better.
            self.items.inconclusive = true;
            return;
        };
        let mut i = 0;
        while i < tokens.len() {
            let mut attributes = Attributes::default();
            while let Some((group, inner, next)) = attribute(&tokens, i) {
                self.attribute(group, tokens[i].offset, &mut attributes);
                if inner {
                    // `#![cfg(test)]` holds for everything that follows.
                    conditions.append(&mut attributes.conditions);
                }
                i = next;
            }
            attributes.conditions.extend_from_slice(&conditions);
            i = self.item(&tokens, i, attributes);
        }
    }

    /// Goes past one item, and into modules.
    fn item(&mut self, tokens: &[Token<'s>], start: usize, attributes: Attributes) -> usize {
        let mut i = start;
        let mut kind = "";
        while let Some(token) = tokens.get(i) {
            if token.kind == Kind::Group(b'{') || token.is_punct(";") {
                break;
            }
            if token.kind == Kind::Ident {
                let qualifier = matches!(
                    token.text,
                    "pub" | "crate" | "async" | "unsafe" | "safe" | "extern" | "default"
                );
                // `const` may begin a function.
                if kind == "const" && token.text == "fn" || !qualifier && kind.is_empty() {
                    kind = token.text;
                    if kind != "const" {
                        break;
                    }
                } else if kind == "const" && !qualifier {
                    break;
                }
            }
            i += 1;
        }
        let after = tokens.get(i + 1);
        let is_macro = after.is_some_and(|token| {
            let path = token.is_punct(":") && kind != "const" && kind != "static";
            token.is_punct("!") || path
        });
        // What bears a plugin: functions, `impl Plugin for T`, items of plugin types, values.
        if matches!(kind, "fn" | "impl" | "struct" | "enum" | "static" | "const")
            && let Some(mut found) = attributes.plugin
        {
            found.conditions.extend(attributes.conditions.iter().cloned());
            self.items.found.push(found);
        }
        match kind {
            "mod" => match (after, tokens.get(i + 2)) {
                (Some(name), Some(body)) if body.kind == Kind::Group(b'{') => {
                    self.within.push(name.text);
                    self.items(body.text, body.inside(), attributes.conditions);
                    self.within.pop();
                }
                (Some(name), Some(end)) if end.is_punct(";") => {
                    self.items.modules.push(Module {
                        name: name.text.to_owned(),
                        within: self.within.iter().map(|&name| name.to_owned()).collect(),
                        path: attributes.path,
                        conditions: attributes.conditions,
                    });
                }
                _ => {}
            },
            "use" => self.aliases.extend(alias(&tokens[i..])),
            // `const _: () = { … }` is where macros' authors put items.
            "const" => {
                let end = tokens[i..].iter().take_while(|token| !token.is_punct(";"));
                for body in end.filter(|token| token.kind == Kind::Group(b'{')) {
                    self.items(body.text, body.inside(), attributes.conditions.clone());
                }
            }
            _ => self.items.inconclusive |= is_macro,
        }
        // A `use`, a `const` and the like may hold braces before their end.
        let ends_in_brace = !matches!(kind, "use" | "const" | "static" | "type");
        while let Some(token) = tokens.get(i) {
            i += 1;
            if token.is_punct(";") || ends_in_brace && token.kind == Kind::Group(b'{') {
                break;
            }
        }
        i.max(start + 1)
    }

    fn attribute(&mut self, group: &Token<'s>, offset: usize, attributes: &mut Attributes) {
        let Some(content) = tokens(group.text, group.inside()) else { return };
        let (path, arguments) = path_and_arguments(&content);
        match path.as_slice() {
            ["cfg"] => attributes.conditions.extend(arguments.map(|group| group.text.to_owned())),
            ["cfg_attr"] => {
                let Some(group) = arguments else { return };
                let inner = tokens(group.text, group.inside()).unwrap_or_default();
                let comma = inner.iter().find(|token| is_comma(token));
                let condition = comma.map(|comma| &group.text[..comma.offset - group.inside()]);
                for part in inner.split(is_comma).skip(1) {
                    if let Some(mut found) = self.plugin(part, offset) {
                        found.conditions.extend(condition.map(str::to_owned));
                        attributes.plugin = Some(found);
                    }
                }
            }
            ["path"] => {
                attributes.path = content.get(2).and_then(string).map(str::to_owned);
            }
            [.., "plugin_type"] => self.items.shares = true,
            _ => attributes.plugin = self.plugin(&content, offset).or(attributes.plugin.take()),
        }
    }

    /// `plugin`, `plugin(…)`, `plugo::plugin(…)`, `app::plugo::plugin(crate = app::plugo)`.
    fn plugin(&mut self, content: &[Token<'s>], offset: usize) -> Option<Found> {
        let (path, arguments) = path_and_arguments(content);
        let (&last, before) = path.split_last()?;
        let arguments = arguments.and_then(|group| tokens(group.text, group.inside()));
        let arguments = arguments.unwrap_or_default();
        let says_crate = || {
            arguments
                .split(is_comma)
                .any(|argument| argument.first().is_some_and(|key| key.text == "crate"))
        };
        let ours = match before {
            [] => last == "plugin" || self.aliases.contains(&last),
            _ => {
                let named = |segment: &&str| Some(*segment) == self.local || *segment == "plugo";
                last == "plugin" && (before.iter().any(named) || says_crate())
            }
        };
        if !ours {
            return None;
        }
        let mut found = Found {
            name: Name::Package,
            namespace: None,
            priority: None,
            conditions: Vec::new(),
            place: self.text.place(offset),
        };
        for argument in arguments.split(is_comma) {
            // A type may hold commas of its own, as in `of = dyn Map<u8, u8>`; what stands
            // between them has no key.
            let [key, equals, value @ ..] = argument else {
                if argument.first().is_some_and(|key| key.text == "reusable") {
                    // The type has it so that its values can be plugins.
                    self.items.shares = true;
                    return None;
                }
                continue;
            };
            if !equals.is_punct("=") {
                continue;
            }
            let literal = match value {
                [literal] => string(literal).map(str::to_owned),
                _ => None,
            };
            match key.text {
                "name" => found.name = literal.map_or(Name::Computed, Name::Literal),
                "namespace" => found.namespace = literal,
                "priority" => {
                    let text: String = value.iter().map(|token| token.text).collect();
                    found.priority = text.replace('_', "").parse().ok();
                }
                _ => {}
            }
        }
        Some(found)
    }
}

#[derive(Default)]
struct Attributes {
    plugin: Option<Found>,
    path: Option<String>,
    conditions: Vec<String>,
}

/// The name that `use plugo::plugin as entry;` gives the attribute.
fn alias<'s>(tokens: &[Token<'s>]) -> Option<&'s str> {
    let end = tokens.iter().position(|token| token.is_punct(";")).unwrap_or(tokens.len());
    tokens[..end].windows(3).find_map(|three| match three {
        [plugin, r#as, name] if plugin.text == "plugin" && r#as.text == "as" => Some(name.text),
        _ => None,
    })
}

/// `#[…]` or `#![…]` at a position: the group, whether it is an inner one,
/// and the position after it.
fn attribute<'a, 's>(tokens: &'a [Token<'s>], i: usize) -> Option<(&'a Token<'s>, bool, usize)> {
    if !tokens.get(i)?.is_punct("#") {
        return None;
    }
    let inner = tokens.get(i + 1)?.is_punct("!");
    let at = if inner { i + 2 } else { i + 1 };
    let group = tokens.get(at).filter(|token| token.kind == Kind::Group(b'['))?;
    Some((group, inner, at + 1))
}

/// `a::b::c(…)`: the segments, and the parentheses.
fn path_and_arguments<'a, 's>(tokens: &'a [Token<'s>]) -> (Vec<&'s str>, Option<&'a Token<'s>>) {
    let mut path = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::Ident => path.push(token.text),
            Kind::Punct if token.is_punct(":") => {}
            Kind::Group(b'(') => return (path, Some(token)),
            _ => break,
        }
    }
    (path, None)
}

fn is_comma(token: &Token<'_>) -> bool {
    token.is_punct(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_text(text: &str) -> (Vec<Found>, bool) {
        let items = items(text, "src/lib.rs", Some("plug_in"), &[]);
        (items.found, items.inconclusive)
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
        let conditions: Vec<String> =
            found.iter().map(|found| found.conditions.join(" ")).collect();
        assert_eq!(conditions, ["", "", "", "", "all()", "unix"]);
    }

    #[test]
    fn types_and_values_are_plugins_too() {
        let text = r#"
            #[plugin(name = "impl")] impl Plugin for A { fn load(&self) {} }
            #[plugin(name = "impl-generic")] impl<const N: usize> Plugin for A<{ N }> {}
            #[plugin(new = A::at(url: &str, n: Option<&u32>), name = "new")] impl a::Plugin for A {}
            #[plugin(of = dyn Map<u8, u8>, settings = Map<u8, u8>, name = "item", priority = 5, status = "reserve")]
            #[derive(Default)] pub struct B { a: [u8; 2] }
            #[plugin(name = "tuple", of = dyn C)] struct D(u8, pub u8);
            #[plugin(name = "unit", of = dyn C)] pub(crate) struct E;
            #[plugin(name = "enum", of = dyn C)] enum F { G }
            #[plugin(name = "static")] pub static S3: S = S { a: [1], b: { 2 } };
            #[plugin(name = "const")] const T: S = S::new("s3");
            #[cfg(unix)] #[plugin(name = "after")] fn after() {}
        "#;
        let expected = [
            "impl",
            "impl-generic",
            "new",
            "item",
            "tuple",
            "unit",
            "enum",
            "static",
            "const",
            "after",
        ];
        assert_eq!(names(text), expected);
        let (found, inconclusive) = scan_text(text);
        assert!(!inconclusive);
        assert_eq!(found[3].priority, Some(5));
        assert_eq!(found[9].conditions, ["unix"]);
    }

    #[test]
    fn what_only_looks_like_a_plugin_is_none() {
        for text in [
            "// #[plugin(name = \"comment\")]\nfn a() {}",
            "/* #[plugin] */ fn a() {}",
            "const S: &str = r#\"#[plugin] fn a() {}\"#;",
            "#[bevy::plugin] fn a() {}",
            "#[plugin_type] trait A {}",
            "#[plugin] trait A {}",
            "#[plugin] mod a {}",
            "#[plugin] use a::b;",
            "#[plugin(reusable)] impl Plugin for A {}",
            "#[plugin(crate = plug_in, reusable)] impl<T: X> Plugin for A<T> {}",
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

    #[test]
    fn other_names_of_the_attribute_are_known() {
        for text in [
            "use plugo::plugin as entry; #[entry(name = \"a\")] fn f() {}",
            "#[my_app::plugo::plugin(name = \"a\", crate = my_app::plugo)] fn f() {}",
            "#[my_app::macros::plugin(crate = my_app::plugo, name = \"a\")] fn f() {}",
            "const _: () = { #[plugo::plugin(name = \"a\")] fn f() {} };",
            "\u{feff}#[plugo::plugin(name = \"a\")] fn f() {}",
        ] {
            assert_eq!(names(text), ["a"], "{text}");
        }
    }

    #[test]
    fn conditions_are_those_of_every_module_around() {
        let text = "#![cfg(unix)]\n#[cfg(a)] mod m { #[cfg(b)] #[plugin] fn f() {} #[path = \"x.rs\"] mod n; }\n\
                    #[cfg(all(test, c))] mod tests;";
        let items = items(text, "src/lib.rs", None, &["root".to_owned()]);
        assert_eq!(items.found[0].conditions, ["b", "a", "root", "unix"]);
        let [n, tests] = items.modules.as_slice() else { panic!("two modules") };
        assert_eq!((n.name.as_str(), n.path.as_deref()), ("n", Some("x.rs")));
        assert_eq!((n.within.as_slice(), n.conditions.len()), (["m".to_owned()].as_slice(), 3));
        assert_eq!(tests.conditions, ["all(test, c)", "root", "unix"]);
    }
}
