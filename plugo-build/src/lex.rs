//! Rust's tokens, as far as finding attributes needs them.
//!
//! A bracket with all that is in it is one token, whose inside is gone over
//! without being taken apart. So the bodies of functions, most of any source,
//! cost a few steps for each byte, in a build script that is not optimised.

/// A token: a slice of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    /// The text: of a bracket, what is inside.
    pub(crate) text: &'t str,
    /// Where the token starts in the source, in bytes.
    pub(crate) offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Also a keyword. The `r#` of a raw one is left off.
    Ident,
    /// One character.
    Punct,
    /// A string, a character, a number or a lifetime.
    Literal,
    /// What stands between a pair of brackets; the opening one is named.
    Group(u8),
}

impl Token<'_> {
    pub(crate) fn is_punct(&self, punct: &str) -> bool {
        self.kind == Kind::Punct && self.text == punct
    }

    /// Where the inside of a bracket starts in the source.
    pub(crate) fn inside(&self) -> usize {
        self.offset + 1
    }
}

/// The tokens of a piece of source that starts at an offset of its file.
/// `None` when a bracket, a string or a comment is not closed.
pub(crate) fn tokens(text: &str, offset: usize) -> Option<Vec<Token<'_>>> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let start = lexer.at;
        let Some(step) = lexer.step()? else { return Some(tokens) };
        let (kind, start, end) = match step {
            Step::Nothing => continue,
            Step::Token(kind, start) => (kind, start, lexer.at),
            Step::Open(open) => {
                lexer.close()?;
                tokens.push(Token {
                    kind: Kind::Group(open),
                    text: &text[start + 1..lexer.at - 1],
                    offset: offset + start,
                });
                continue;
            }
            Step::Close => return None,
        };
        tokens.push(Token { kind, text: &text[start..end], offset: offset + start });
    }
}

/// The text of a string literal without escapes, which names do not need.
pub(crate) fn string<'t>(token: &Token<'t>) -> Option<&'t str> {
    let inner = match token.text.strip_prefix('r') {
        Some(raw) => raw.trim_matches('#'),
        None if token.text.contains('\\') => return None,
        None => token.text,
    };
    (token.kind == Kind::Literal).then_some(inner)?.strip_prefix('"')?.strip_suffix('"')
}

/// The bytes that words are made of.
static IN_WORD: [bool; 256] = {
    let mut in_word = [false; 256];
    let mut byte = 0;
    while byte < in_word.len() {
        in_word[byte] =
            matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..);
        byte += 1;
    }
    in_word
};

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

enum Step {
    /// White space or a comment.
    Nothing,
    /// A token, and where its text starts.
    Token(Kind, usize),
    Open(u8),
    Close,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Goes one step; `Some(None)` at the end, `None` where something is not
    /// closed.
    fn step(&mut self) -> Option<Option<Step>> {
        let start = self.at;
        let Some(&byte) = self.bytes.get(start) else { return Some(None) };
        self.at += 1;
        let step = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
                while self.at < self.bytes.len() && self.bytes[self.at] == b' ' {
                    self.at += 1;
                }
                Step::Nothing
            }
            b'/' if self.peek(0) == b'/' => {
                let line = &self.text[self.at..];
                self.at += line.find('\n').unwrap_or(line.len());
                Step::Nothing
            }
            b'/' if self.peek(0) == b'*' => {
                self.at += 1;
                self.block_comment()?;
                Step::Nothing
            }
            b'(' | b'[' | b'{' => Step::Open(byte),
            b')' | b']' | b'}' => Step::Close,
            b'"' => {
                self.string()?;
                Step::Token(Kind::Literal, start)
            }
            b'\'' => {
                self.character();
                Step::Token(Kind::Literal, start)
            }
            b'0'..=b'9' => {
                self.word();
                Step::Token(Kind::Literal, start)
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                self.word();
                self.after_word(start)?
            }
            _ => Step::Token(Kind::Punct, start),
        };
        Some(Some(step))
    }

    /// Goes past the bracket that closes the one that was opened.
    fn close(&mut self) -> Option<()> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.step() {
                Some(Some(Step::Open(_))) => depth += 1,
                Some(Some(Step::Close)) => depth -= 1,
                Some(Some(Step::Nothing | Step::Token(..))) => {}
                Some(None) | None => return None,
            }
        }
        Some(())
    }

    fn word(&mut self) {
        let mut at = self.at;
        while at < self.bytes.len() && IN_WORD[usize::from(self.bytes[at])] {
            at += 1;
        }
        self.at = at;
    }

    /// A word may turn out to be the prefix of a string, or of a raw name.
    fn after_word(&mut self, start: usize) -> Option<Step> {
        let next = self.peek(0);
        if !matches!(next, b'"' | b'\'' | b'#') {
            return Some(Step::Token(Kind::Ident, start));
        }
        let word = &self.bytes[start..self.at];
        let raw = matches!(word, b"r" | b"br" | b"cr");
        match next {
            b'"' if raw => self.raw_string()?,
            b'"' if matches!(word, b"b" | b"c") => {
                self.at += 1;
                self.string()?;
            }
            b'\'' if word == b"b" => {
                self.at += 1;
                self.character();
            }
            b'#' if raw && self.starts_raw_string() => self.raw_string()?,
            b'#' if word == b"r" => {
                let name = self.at + 1;
                self.at = name;
                self.word();
                return Some(Step::Token(Kind::Ident, name));
            }
            _ => return Some(Step::Token(Kind::Ident, start)),
        }
        Some(Step::Token(Kind::Literal, start))
    }

    /// From behind the opening quote to behind the closing one.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn starts_raw_string(&self) -> bool {
        self.bytes[self.at..].iter().find(|&&byte| byte != b'#') == Some(&b'"')
    }

    /// From the hashes or the quote on.
    fn raw_string(&mut self) -> Option<()> {
        let hashes = self.bytes[self.at..].iter().take_while(|&&byte| byte == b'#').count();
        self.at += hashes + 1;
        loop {
            let quote = self.bytes[self.at..].iter().position(|&byte| byte == b'"')?;
            self.at += quote + 1;
            let closing = self.bytes[self.at..].iter().take(hashes);
            if closing.filter(|&&byte| byte == b'#').count() == hashes {
                self.at += hashes;
                return Some(());
            }
        }
    }

    /// A character or a lifetime, from behind the quote.
    fn character(&mut self) {
        let first = self.peek(0);
        if first == b'\\' {
            self.at = (self.at + 2).min(self.bytes.len());
            while !matches!(self.bytes.get(self.at), None | Some(b'\'' | b'\n')) {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.bytes.len());
            return;
        }
        // One character, of as many bytes as it has, and a quote; or else a lifetime.
        let mut length = 1;
        while matches!(self.peek(length), 0x80..=0xbf) {
            length += 1;
        }
        if self.peek(length) == b'\'' && first != b'\'' {
            self.at += length + 1;
        } else {
            self.word();
        }
    }

    /// From behind `/*` on; comments are nested.
    fn block_comment(&mut self) -> Option<()> {
        let mut depth = 1usize;
        while depth > 0 {
            match (*self.bytes.get(self.at)?, self.peek(1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text, 0).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn what_looks_like_a_bracket_or_a_quote_and_is_none_is_passed_over() {
        for (text, expected) in [
            ("a // }\n b", vec!["a", "b"]),
            ("a /* } /* \" */ ' */ b", vec!["a", "b"]),
            (r#"a "}\"}" b"#, vec!["a", r#""}\"}""#, "b"]),
            (r###"a r#"}"}"# b"###, vec!["a", r###"r#"}"}"#"###, "b"]),
            (r#"a br"\" b"\"" c"x""#, vec!["a", r#"br"\""#, r#"b"\"""#, r#"c"x""#]),
            ("'}' b'{' '\\'' 'ä' x", vec!["'}'", "b'{'", "'\\''", "'ä'", "x"]),
            ("&'a str '_ 'static", vec!["&", "'a", "str", "'_", "'static"]),
            ("r#type ärger r", vec!["type", "ärger", "r"]),
            ("1..2 0xff_u8", vec!["1", ".", ".", "2", "0xff_u8"]),
            ("f({ [')'] }) g", vec!["f", "{ [')'] }", "g"]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_has_no_tokens() {
        for text in ["(", ")", "\"", "r#\"\"", "/*", "{ \"} ", "{ ' }"] {
            let closed = tokens(text, 0).is_some();
            assert_eq!(closed, text == "{ ' }", "{text}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_file() {
        let found = tokens("a {b}", 10).unwrap();
        assert_eq!((found[1].offset, found[1].inside()), (12, 13));
    }

    #[test]
    fn what_is_cut_off_anywhere_is_survived() {
        let text = r####"'\'' b'\\' '\u{61}' 'ä' "\"" r##"x"## br#"y"# c"z" r#type /* /* */ */ // é
            'a: { [ ( ) ] } 0x1f_u8 #![cfg(x)] "####;
        let cuts = || (0..=text.len()).filter(|&i| text.is_char_boundary(i));
        for start in cuts() {
            for end in cuts().filter(|&end| end >= start) {
                let _ = tokens(&text[start..end], 0);
            }
        }
    }
}
