use std::collections::BTreeSet;
use std::io::{self, Read};

use memchr::memmem::Finder;
use plugo::name::{check, check_namespace};

use crate::table::is_plain;

/// An entry point that is linked into a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The package that has the plugin.
    pub(crate) package: String,
    /// The version of that package.
    pub(crate) version: String,
}

/// The marks of a file.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) known: BTreeSet<Mark>,
    /// Whether there are some of a format that this program does not know.
    pub(super) newer: bool,
    /// Whether there are some that name a package as no package is called.
    pub(super) damaged: bool,
}

/// What a mark begins with, and a byte that makes this one none.
const NEEDLE: [u8; 9] = *b"\xF8\x9Eplugo\xC1\xFF";
const MAGIC: usize = 8;
/// The format that is read here.
const FORMAT: u8 = b'1';
/// The most bytes of a mark: names have at most 64 each, packages and versions
/// as good as never more.
const LONGEST: usize = 1024;
const CHUNK: usize = 1 << 20;

/// Reads a file from end to end, and holds a piece of it at a time.
pub(super) fn scan(mut file: impl Read) -> io::Result<Marks> {
    let finder = Finder::new(&NEEDLE[..MAGIC]);
    let mut marks = Marks::default();
    // Very large files are mostly holes, which are passed over.
    let hole = vec![0; LONGEST + CHUNK];
    let mut piece = Vec::with_capacity(LONGEST + CHUNK);
    loop {
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut piece)?;
        let is_end = read == 0;
        let mut end = piece.len();
        if piece != hole[..end] {
            // What begins behind this goes on in the next piece.
            end -= if is_end { 0 } else { LONGEST.min(end) };
            for at in finder.find_iter(&piece).take_while(|at| *at < end) {
                marks.add(&piece[at + MAGIC..piece.len().min(at + LONGEST)]);
            }
        }
        if is_end {
            return Ok(marks);
        }
        piece.drain(..end);
    }
}

impl Marks {
    fn add(&mut self, after_magic: &[u8]) {
        match after_magic {
            [FORMAT, rest @ ..] => match parse(rest) {
                // The file may be anybody's, and names are shown on terminals.
                Some(mark) if !is_plain(&mark.package) || !is_plain(&mark.version) => {
                    self.damaged = true;
                }
                mark => self.known.extend(mark),
            },
            [format, ..] if format.is_ascii_digit() => self.newer = true,
            _ => {}
        }
    }
}

/// Reads `namespace/name package@version` up to the byte 0. What is anything
/// else is no mark.
fn parse(rest: &[u8]) -> Option<Mark> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    let (id, package) = text.split_once(' ')?;
    let (namespace, name) = id.split_once('/')?;
    let (package, version) = package.split_once('@')?;
    if check_namespace(namespace).is_err() || check(name).is_err() || package.is_empty() {
        return None;
    }
    let [namespace, name, package, version] =
        [namespace, name, package, version].map(str::to_owned);
    Some(Mark { namespace, name, package, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> Vec<u8> {
        [&NEEDLE[..MAGIC], b"1", text.as_bytes(), b"\0"].concat()
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        scan(bytes).unwrap().known.into_iter().map(|mark| mark.name).collect()
    }

    #[test]
    fn a_mark_is_found_wherever_pieces_end() {
        let mark = mark("plugins/blog web-blog@0.3.0");
        for before in (CHUNK - 1100..CHUNK + 40).step_by(13) {
            let file = [vec![0; before], mark.clone(), vec![0; 2000]].concat();
            assert_eq!(names(&file), ["blog"], "{before}");
        }
        assert_eq!(names(&mark), ["blog"]);
        let found = scan(mark.as_slice()).unwrap().known.pop_first().unwrap();
        assert_eq!((&*found.package, &*found.version), ("web-blog", "0.3.0"));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_none() {
        for text in ["", "blog", "plugins/ x@1", "plugins/blog", "a b/c d@1", "plugins/blog x"] {
            assert!(names(&mark(text)).is_empty(), "{text}");
        }
        assert!(names(&NEEDLE).is_empty());
        assert!(names(&mark("plugins/blog web-blog@0.3.0")[..20]).is_empty(), "cut off");
        assert!(names(&mark(&format!("plugins/blog {}@1", "x".repeat(2000)))).is_empty());
    }

    #[test]
    fn a_package_that_would_move_a_terminal_is_damage() {
        for package in ["web\u{1b}[2J@0.3.0", "web@0.3.0\n"] {
            let found = scan(mark(&format!("plugins/blog {package}")).as_slice()).unwrap();
            assert!(found.damaged && found.known.is_empty(), "{package:?}");
        }
        assert!(!scan(mark("plugins/blog web-blog@0.3.0").as_slice()).unwrap().damaged);
    }

    #[test]
    fn a_newer_format_is_noticed() {
        let newer = [&NEEDLE[..MAGIC], b"2\0\0"].concat();
        assert!(scan(newer.as_slice()).unwrap().newer);
        assert!(!scan(NEEDLE.as_slice()).unwrap().newer);
    }
}
