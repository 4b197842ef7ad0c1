//! `multipart/form-data` with one file (RFC 7578), taken apart while it streams in.
//!
//! Fields are kept, the file is passed on. Whatever a stranger sends, no more is held in memory than the fields'
//! limit, one block of headers and the length of a boundary.

use crate::{Around, BadBody, Field, Unwrap};

/// The most bytes that the fields may have together. Python's clients send a project's whole description.
const MAX_FIELDS: usize = 4 << 20;
/// The most fields: metadata has one for each dependency and classifier.
const MAX_COUNT: usize = 4096;
/// The longest block of headers of a part.
const MAX_HEADERS: usize = 8 << 10;
/// The longest boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;
/// The most blanks after a boundary.
const MAX_PADDING: usize = 256;

/// Takes one form apart.
#[derive(Debug)]
pub struct Form {
    /// `\r\n--` and the boundary.
    delimiter: Vec<u8>,
    /// The name of the field that is the file.
    file: &'static str,
    state: State,
    /// What is not looked at yet.
    rest: Vec<u8>,
    around: Around,
    kept: usize,
    has_file: bool,
}

/// Where in the form the next byte is.
#[derive(Debug)]
enum State {
    /// Before the first part.
    Before,
    /// Right behind a boundary.
    AtBoundary,
    /// In the headers of a part.
    Headers,
    /// In the file.
    File,
    /// In a field.
    Value { name: String, value: Vec<u8> },
    /// Behind the last part.
    Over,
}

fn bad<T>(text: &str) -> Result<T, BadBody> {
    Err(BadBody(text.to_owned()))
}

impl Form {
    /// A form whose field `file` is the file, by the request's `Content-Type`.
    ///
    /// # Errors
    /// [`BadBody`]: it is no form, or has no good boundary.
    pub fn new(content_type: Option<&str>, file: &'static str) -> Result<Self, BadBody> {
        let Some((kind, parameters)) = content_type.and_then(|text| text.split_once(';')) else {
            return bad("the body must be multipart/form-data with a boundary");
        };
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return bad("the body must be multipart/form-data with a boundary");
        }
        let boundary = parameter(parameters, "boundary").unwrap_or_default();
        let fits = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        let good = (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.bytes().all(fits);
        if !good || boundary.ends_with(' ') {
            return bad("the Content-Type has no good boundary");
        }
        Ok(Self {
            delimiter: [b"\r\n--", boundary.as_bytes()].concat(),
            file,
            state: State::Before,
            // The first boundary may be the first line.
            rest: b"\r\n".to_vec(),
            around: Around::default(),
            kept: 0,
            has_file: false,
        })
    }

    /// Looks at what is there; `false` when more is needed.
    fn step(&mut self, file: &mut Vec<u8>) -> Result<bool, BadBody> {
        match &self.state {
            State::Before | State::File | State::Value { .. } => self.content(file),
            State::AtBoundary => self.boundary(),
            State::Headers => self.headers(),
            State::Over => {
                self.rest.clear();
                Ok(false)
            }
        }
    }

    /// The content of a part, or what is before the first one, up to the next boundary.
    fn content(&mut self, file: &mut Vec<u8>) -> Result<bool, BadBody> {
        let found = find(&self.rest, &self.delimiter);
        // The beginning of a boundary may be the end of what is there.
        let safe = found.unwrap_or_else(|| self.rest.len().saturating_sub(self.delimiter.len() - 1));
        let content: Vec<u8> = self.rest.drain(..safe).collect();
        match &mut self.state {
            State::File => file.extend_from_slice(&content),
            State::Value { value, .. } => {
                self.kept += content.len();
                if self.kept > MAX_FIELDS {
                    return bad("the fields of the form are too large");
                }
                value.extend_from_slice(&content);
            }
            _ => {}
        }
        if found.is_none() {
            return Ok(false);
        }
        self.rest.drain(..self.delimiter.len());
        if let State::Value { name, value } = std::mem::replace(&mut self.state, State::AtBoundary) {
            let Ok(value) = String::from_utf8(value) else {
                return Err(BadBody(format!("the field {name:?} of the form is not UTF-8")));
            };
            self.around.fields.push(Field { name, value });
        }
        Ok(true)
    }

    /// What follows a boundary: the end of the form, or blanks and the end of the line.
    fn boundary(&mut self) -> Result<bool, BadBody> {
        if self.rest.starts_with(b"--") {
            self.state = State::Over;
            return Ok(true);
        }
        let end = find(&self.rest, b"\r\n").filter(|end| *end <= MAX_PADDING);
        let Some(end) = end else {
            let long = self.rest.len() >= MAX_PADDING + 2;
            return if long { bad("a boundary of the form is not a line") } else { Ok(false) };
        };
        let line: Vec<u8> = self.rest.drain(..end + 2).collect();
        if !line.trim_ascii().is_empty() {
            return bad("a boundary of the form is not a line");
        }
        self.state = State::Headers;
        Ok(true)
    }

    fn headers(&mut self) -> Result<bool, BadBody> {
        // A part without headers has an empty line at once.
        let end = if self.rest.starts_with(b"\r\n") { Some(0) } else { find(&self.rest, b"\r\n\r\n") };
        let Some(end) = end.filter(|end| *end <= MAX_HEADERS) else {
            let long = self.rest.len() >= MAX_HEADERS + 4;
            return if long { bad("the headers of a part are too long") } else { Ok(false) };
        };
        let block: Vec<u8> = self.rest.drain(..if end == 0 { 2 } else { end + 4 }).collect();
        let Ok(block) = String::from_utf8(block) else { return bad("the headers of a part are not UTF-8") };
        self.begin_part(&block)?;
        Ok(true)
    }

    fn begin_part(&mut self, block: &str) -> Result<(), BadBody> {
        let disposition = block.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
        });
        let Some((kind, parameters)) = disposition.and_then(|value| value.split_once(';')) else {
            return bad("a part of the form has no name");
        };
        let name = parameter(parameters, "name").filter(|_| kind.trim().eq_ignore_ascii_case("form-data"));
        let Some(name) = name else { return bad("a part of the form has no name") };
        if name != self.file {
            if self.around.fields.len() >= MAX_COUNT {
                return bad("the form has too many fields");
            }
            self.kept += name.len();
            self.state = State::Value { name, value: Vec::new() };
            return Ok(());
        }
        if self.has_file {
            return bad("the form has more than one file");
        }
        let Some(filename) = parameter(parameters, "filename") else { return bad("the file has no name") };
        self.around.filename = Some(filename);
        self.has_file = true;
        self.state = State::File;
        Ok(())
    }
}

impl Unwrap for Form {
    fn feed(&mut self, bytes: &[u8], file: &mut Vec<u8>) -> Result<(), BadBody> {
        self.rest.extend_from_slice(bytes);
        while self.step(file)? {}
        Ok(())
    }
    fn has_file(&self) -> bool {
        self.has_file
    }
    fn finish(self: Box<Self>) -> Result<Around, BadBody> {
        match self.state {
            State::Over => Ok(self.around),
            _ => bad("the form is cut short"),
        }
    }
}

/// The first occurrence of `what`, which begins with a rare byte.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let tail = bytes.get(from..)?;
        let at = from + tail.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A parameter of a header's value, its quotes taken off.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (name, after) = rest.trim_start_matches([';', ' ', '\t']).split_once('=')?;
        let (value, after) = value_of(after)?;
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// A token or quoted text at the beginning, and what follows it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end)?;
        return Some((value.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' => return Some((value, quoted.get(index + 1..)?)),
            // Only these two are escaped: names with a backslash in them are sent as they are by some.
            '\\' if quoted.get(index + 1..).is_some_and(|next| next.starts_with(['"', '\\'])) => {
                value.extend(characters.next().map(|(_, c)| c));
            }
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XyZ";

    fn take(body: &[u8], piece: usize) -> Result<(Around, Option<Vec<u8>>), BadBody> {
        let mut form = Box::new(Form::new(Some(TYPE), "content").unwrap());
        let mut file = Vec::new();
        for bytes in body.chunks(piece) {
            form.feed(bytes, &mut file)?;
        }
        let has_file = form.has_file();
        Ok((form.finish()?, has_file.then_some(file)))
    }

    fn part(disposition: &str, value: &str) -> String {
        format!("--XyZ\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
    }

    fn body() -> String {
        let file = "--XyZ  \r\ncontent-type: application/zip\r\ncontent-disposition: form-data; filename=\"a\\\"b.whl\"; \
             name=content\r\n\r\nPK\r\n--Xy\r\n\r\n-\r\n";
        format!(
            "preamble\r\n{}{file}{}--XyZ--\r\nepilogue",
            part("name=\"name\"", "Acme.Up"),
            part("name=\"v\"", "")
        )
    }

    #[test]
    fn fields_and_file_come_apart_whatever_the_pieces() {
        let body = body();
        for piece in 1..body.len() + 1 {
            let (around, file) = take(body.as_bytes(), piece).unwrap();
            assert_eq!(file.as_deref(), Some(&b"PK\r\n--Xy\r\n\r\n-"[..]), "{piece}");
            assert_eq!((around.field("name"), around.field("v")), (Some("Acme.Up"), Some("")), "{piece}");
            assert_eq!(around.filename.as_deref(), Some("a\"b.whl"));
            assert_eq!(around.fields.len(), 2);
        }
    }

    #[test]
    fn tricks_are_refused_with_a_reason() {
        let file = part("name=\"content\"; filename=\"a\"", "x");
        let many = part("name=\"x\"", "").repeat(MAX_COUNT + 1);
        for (body, reason) in [
            (String::new(), "cut short"),
            (body().split("--XyZ--").next().unwrap().to_owned(), "cut short"),
            (format!("{file}{file}--XyZ--"), "more than one file"),
            (part("name=\"content\"", "x"), "the file has no name"),
            (part("filename=\"x\"", "x"), "no name"),
            (format!("--XyZ\r\nX: {}\r\n\r\n", "x".repeat(2 * MAX_HEADERS)), "too long"),
            (format!("--XyZ{}", " ".repeat(2 * MAX_PADDING)), "not a line"),
            ("--XyZnot\r\n\r\n".to_owned(), "not a line"),
            (part("name=\"x\"", &"x".repeat(MAX_FIELDS + 100)), "too large"),
            (many, "too many"),
            ("--XyZ\r\n\r\nx".to_owned(), "no name"),
        ] {
            let error = take(body.as_bytes(), 1000).unwrap_err();
            assert!(error.0.contains(reason), "{}: {error}", body.get(..80).unwrap_or(&body));
        }
        let binary = [part("name=\"x\"", "").trim_end().as_bytes(), b"\r\n\r\n\xff\r\n--XyZ--"].concat();
        assert!(take(&binary, 7).unwrap_err().0.contains("UTF-8"));
    }

    #[test]
    fn boundaries_are_read_as_clients_write_them() {
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for (text, good) in [
            ("multipart/form-data; boundary=abc", true),
            ("Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b\"", true),
            ("multipart/form-data", false),
            ("multipart/form-data; boundary=", false),
            ("multipart/form-data; boundary=\"open", false),
            ("multipart/form-data; boundary=\"ends \"", false),
            ("application/json; boundary=abc", false),
            (&long, false),
        ] {
            assert_eq!(Form::new(Some(text), "content").is_ok(), good, "{text}");
        }
        assert!(Form::new(None, "content").is_err());
    }
}
