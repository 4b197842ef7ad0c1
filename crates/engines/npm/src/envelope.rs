//! `npm publish` on the wire (`npm-pypi.md` §1.9): a JSON document with the tarball in it as base64. It is taken
//! apart while it streams in, so that no more than the document around the tarball is ever held in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_engine::{Around, BadBody, Unwrap};

/// How deep the document may nest.
pub(crate) const MAX_DEPTH: usize = 32;
/// The most bytes around the tarball. `npm deprecate` sends whole packuments.
pub(crate) const MAX_DOCUMENT: usize = 32 << 20;
/// The longest key that is looked at.
const MAX_KEY: usize = 512;

/// What a container in the document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document itself.
    Root,
    /// `_attachments`.
    Attachments,
    /// A tarball in it; attachments of other kinds (provenance) are left where they are.
    Tarball,
    /// Anything else.
    Other,
}

/// A container that is open.
#[derive(Debug)]
struct Open {
    place: Place,
    object: bool,
    /// Whether the next text is a key.
    at_key: bool,
}

/// What the next byte is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// What is between texts.
    Between,
    /// A text that is kept; whether it is a key, and whether the byte before was a backslash.
    Text { key: bool, escaped: bool },
    /// The tarball's.
    Data { escaped: bool },
    /// The document is over.
    Over,
}

/// Takes one document apart.
#[derive(Debug)]
pub(crate) struct Envelope {
    document: Vec<u8>,
    open: Vec<Open>,
    state: State,
    key: Vec<u8>,
    base64: Base64,
    has_file: bool,
}

/// Base64 in pieces.
#[derive(Debug, Default)]
struct Base64 {
    /// Characters that are no whole group yet.
    pending: Vec<u8>,
    ended: bool,
}

impl Base64 {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BadBody> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.ended {
            return Err(bad("the tarball's base64 goes on after its end"));
        }
        self.pending.extend_from_slice(bytes);
        let rest = self.pending.split_off(self.pending.len() / 4 * 4);
        STANDARD.decode_vec(&self.pending, out).map_err(|_| bad("the tarball is not valid base64"))?;
        self.ended = self.pending.ends_with(b"=");
        self.pending = rest;
        Ok(())
    }
    fn finish(&self) -> Result<(), BadBody> {
        if self.pending.is_empty() { Ok(()) } else { Err(bad("the tarball's base64 is cut short")) }
    }
}

fn bad(text: &str) -> BadBody {
    BadBody(text.to_owned())
}

impl Envelope {
    pub(crate) fn new() -> Self {
        Self {
            document: Vec::new(),
            open: Vec::new(),
            state: State::Between,
            key: Vec::new(),
            base64: Base64::default(),
            has_file: false,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), BadBody> {
        if self.document.len() + bytes.len() > MAX_DOCUMENT {
            return Err(bad("the document around the tarball is too large"));
        }
        self.document.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes the bytes up to the next one that matters here; gives the rest.
    fn step<'b>(&mut self, bytes: &'b [u8], file: &mut Vec<u8>) -> Result<&'b [u8], BadBody> {
        match self.state {
            State::Between => self.between(bytes),
            State::Text { key, escaped } => self.text(bytes, key, escaped),
            State::Data { escaped } => self.data(bytes, escaped, file),
            State::Over if bytes.iter().all(u8::is_ascii_whitespace) => Ok(&[]),
            State::Over => Err(bad("something follows the document")),
        }
    }

    fn between<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], BadBody> {
        let matters = |byte: &u8| matches!(byte, b'{' | b'[' | b'}' | b']' | b'"' | b':' | b',');
        let plain = bytes.iter().position(matters).unwrap_or(bytes.len());
        let (before, rest) = bytes.split_at_checked(plain).unwrap_or((bytes, &[]));
        self.keep(before)?;
        let Some((byte, rest)) = rest.split_first() else { return Ok(rest) };
        self.keep(&[*byte])?;
        match byte {
            b'{' | b'[' => self.enter(*byte == b'{')?,
            b'}' | b']' => {
                self.open.pop();
                if self.open.is_empty() {
                    self.state = State::Over;
                }
            }
            b'"' => self.begin_text()?,
            _ => {
                if let Some(top) = self.open.last_mut() {
                    top.at_key = *byte == b',' && top.object;
                }
            }
        }
        Ok(rest)
    }

    fn enter(&mut self, object: bool) -> Result<(), BadBody> {
        if self.open.len() >= MAX_DEPTH {
            return Err(BadBody(format!("the document nests deeper than {MAX_DEPTH} levels")));
        }
        let place = match self.open.last() {
            None => Place::Root,
            Some(top) if !object || top.at_key => Place::Other,
            Some(top) => match top.place {
                Place::Root if self.key == b"_attachments" => Place::Attachments,
                Place::Attachments if self.key.ends_with(b".tgz") => Place::Tarball,
                _ => Place::Other,
            },
        };
        self.open.push(Open { place, object, at_key: object });
        Ok(())
    }

    fn begin_text(&mut self) -> Result<(), BadBody> {
        let top = self.open.last();
        let key = top.is_some_and(|top| top.at_key);
        let tarball = top.is_some_and(|top| top.place == Place::Tarball) && !key && self.key == b"data";
        if tarball && self.has_file {
            return Err(bad("there is more than one tarball"));
        }
        self.has_file |= tarball;
        self.state =
            if tarball { State::Data { escaped: false } } else { State::Text { key, escaped: false } };
        if key {
            self.key.clear();
        }
        Ok(())
    }

    fn text<'b>(&mut self, bytes: &'b [u8], key: bool, escaped: bool) -> Result<&'b [u8], BadBody> {
        let skip = usize::from(escaped);
        let end = bytes.iter().skip(skip).position(|byte| matches!(byte, b'"' | b'\\'));
        let taken = end.map_or(bytes.len(), |end| end + skip + 1);
        let (before, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
        self.keep(before)?;
        let last = before.last().filter(|_| end.is_some());
        if key {
            let name = if last == Some(&b'"') {
                before.split_last().map_or(before, |(_, name)| name)
            } else {
                before
            };
            let room = MAX_KEY.saturating_sub(self.key.len());
            self.key.extend(name.iter().take(room));
        }
        self.state = match last {
            Some(b'"') => State::Between,
            Some(_) => State::Text { key, escaped: true },
            None => State::Text { key, escaped: false },
        };
        Ok(rest)
    }

    fn data<'b>(&mut self, bytes: &'b [u8], escaped: bool, file: &mut Vec<u8>) -> Result<&'b [u8], BadBody> {
        if escaped {
            // Some clients escape the slash; nothing else in base64 needs it.
            let Some((b'/', rest)) = bytes.split_first() else {
                return Err(bad("the tarball is not valid base64"));
            };
            self.base64.feed(b"/", file)?;
            self.state = State::Data { escaped: false };
            return Ok(rest);
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        let (before, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or((bytes, &[]));
        self.base64.feed(before, file)?;
        let Some((last, rest)) = rest.split_first() else { return Ok(rest) };
        if *last == b'"' {
            self.base64.finish()?;
            self.keep(b"\"")?;
            self.state = State::Between;
        } else {
            self.state = State::Data { escaped: true };
        }
        Ok(rest)
    }
}

impl Unwrap for Envelope {
    fn feed(&mut self, bytes: &[u8], file: &mut Vec<u8>) -> Result<(), BadBody> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(rest, file)?;
        }
        Ok(())
    }
    fn has_file(&self) -> bool {
        self.has_file
    }
    fn finish(self: Box<Self>) -> Result<Around, BadBody> {
        match self.state {
            State::Over => Ok(Around::document(self.document)),
            _ => Err(bad("the document is cut short")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Feeds a body in pieces of a size; gives the document and the file.
    fn unwrap(body: &str, piece: usize) -> Result<(Value, Option<Vec<u8>>), BadBody> {
        let mut envelope = Box::new(Envelope::new());
        let mut file = Vec::new();
        for bytes in body.as_bytes().chunks(piece) {
            envelope.feed(bytes, &mut file)?;
        }
        let has_file = envelope.has_file();
        let around = envelope.finish()?;
        let document =
            serde_json::from_slice(&around.document).map_err(|error| BadBody(error.to_string()))?;
        Ok((document, has_file.then_some(file)))
    }

    fn published(data: &str) -> String {
        format!(
            r#"{{"_id":"@acme/widget","note":"a \"data\": \\","_attachments":{{"@acme/widget-1.0.0.tgz":{{"content_type":"x","data":"{data}","length":5}}}}}}"#
        )
    }

    #[test]
    fn the_tarball_is_taken_out_whatever_the_pieces() {
        let body = published("aGVsbG8=");
        for piece in 1..body.len() {
            let (document, file) = unwrap(&body, piece).unwrap();
            assert_eq!(file.as_deref(), Some(&b"hello"[..]), "{piece}");
            assert_eq!(document["_attachments"]["@acme/widget-1.0.0.tgz"]["data"], "");
            assert_eq!(document["note"], "a \"data\": \\");
        }
        assert_eq!(unwrap(&published("\\/\\/8="), 3).unwrap().1.unwrap(), [0xff, 0xff]);
        assert_eq!(unwrap(&published(""), 7).unwrap().1, Some(Vec::new()));
    }

    #[test]
    fn other_data_stays_where_it_is() {
        let body = json!({
            "data": "not it",
            "list": [{ "data": "nor this" }],
            "x": { "_attachments": { "a.tgz": { "data": "nor that" } } },
            "_attachments": { "widget-1.0.0.sigstore": { "data": "{\"proof\":1}" } },
        });
        assert_eq!(unwrap(&body.to_string(), 5).unwrap(), (body, None));
    }

    #[test]
    fn broken_bodies_are_refused_with_a_reason() {
        let two = r#"{"_attachments":{"a.tgz":{"data":"AAAA"},"b.tgz":{"data":"AAAA"}}}"#;
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        for (body, reason) in [
            (published("aGVsbG8"), "cut short"),
            (published("aGVs bG8="), "not valid base64"),
            (published("aGVsbG8=aGVsbG8="), "base64"),
            (published("aGVsbG8=\\n"), "not valid base64"),
            (two.to_owned(), "more than one"),
            (deep, "deeper than 32"),
            (r#"{"a":1"#.to_owned(), "cut short"),
            (r#"{"_attachments":{"a.tgz":{"data":"AAAA"#.to_owned(), "cut short"),
            (r#"{"a":1} {"b":2}"#.to_owned(), "follows"),
            (String::new(), "cut short"),
            ("\"text\"".to_owned(), "cut short"),
        ] {
            for piece in [1, 3, 4096] {
                let error = unwrap(&body, piece).unwrap_err();
                assert!(error.0.contains(reason), "{body}: {error}");
            }
        }
    }

    proptest! {
        #[test]
        fn anything_is_survived(body: Vec<u8>, piece in 1_usize..9) {
            let mut envelope = Box::new(Envelope::new());
            let mut file = Vec::new();
            let fed = body.chunks(piece).try_for_each(|bytes| envelope.feed(bytes, &mut file));
            if fed.is_ok() {
                let _ = envelope.finish();
            }
        }

        #[test]
        fn bytes_come_out_as_they_went_in(bytes: Vec<u8>, piece in 1_usize..50) {
            let (_, file) = unwrap(&published(&STANDARD.encode(&bytes)), piece).unwrap();
            prop_assert_eq!(file, Some(bytes));
        }
    }
}
