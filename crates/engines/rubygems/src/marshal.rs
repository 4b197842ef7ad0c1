//! Ruby's Marshal format 4.8, as much of it as gem indexes are made of.

/// Writes one Marshal stream. A caller that announces so many items writes exactly as many.
#[derive(Debug)]
pub(crate) struct Marshal {
    out: Vec<u8>,
    /// Symbols written so far: each is spelt out once and then named by its number.
    symbols: Vec<&'static str>,
}

impl Marshal {
    pub(crate) fn new() -> Self {
        Self { out: vec![4, 8], symbols: Vec::new() }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn nil(&mut self) {
        self.out.push(b'0');
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.out.push(if value { b'T' } else { b'F' });
    }

    pub(crate) fn integer(&mut self, value: i32) {
        self.out.push(b'i');
        self.number(value);
    }

    /// A UTF-8 string.
    pub(crate) fn string(&mut self, text: &str) {
        self.out.push(b'I');
        self.out.push(b'"');
        self.bytes(text.as_bytes());
        self.number(1);
        self.symbol("E");
        self.boolean(true);
    }

    pub(crate) fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.nil(),
        }
    }

    pub(crate) fn symbol(&mut self, name: &'static str) {
        match self.symbols.iter().position(|known| *known == name) {
            Some(at) => {
                self.out.push(b';');
                self.length(at);
            }
            None => {
                self.symbols.push(name);
                self.out.push(b':');
                self.bytes(name.as_bytes());
            }
        }
    }

    /// An array of so many items, which are to be written next.
    pub(crate) fn array(&mut self, len: usize) {
        self.out.push(b'[');
        self.length(len);
    }

    /// An array of strings.
    pub(crate) fn strings(&mut self, texts: &[String]) {
        self.array(texts.len());
        texts.iter().for_each(|text| self.string(text));
    }

    /// A hash of so many pairs, which are to be written next.
    pub(crate) fn hash(&mut self, len: usize) {
        self.out.push(b'{');
        self.length(len);
    }

    /// An object with so many instance variables, each to be written next as symbol and value.
    pub(crate) fn object(&mut self, class: &'static str, variables: usize) {
        self.out.push(b'o');
        self.symbol(class);
        self.length(variables);
    }

    /// An object whose class makes it of one value (`marshal_load`), which is to be written next.
    pub(crate) fn made_of(&mut self, class: &'static str) {
        self.out.push(b'U');
        self.symbol(class);
    }

    /// An object whose class makes it of bytes (`_load`).
    pub(crate) fn loaded(&mut self, class: &'static str, bytes: &[u8]) {
        self.out.push(b'u');
        self.symbol(class);
        self.bytes(bytes);
    }

    /// Midnight (UTC) of a day.
    pub(crate) fn midnight(&mut self, day: jiff::civil::Date) {
        let year = u32::try_from(i32::from(day.year()) - 1900).unwrap_or(0) & 0xffff;
        let month = u32::from(day.month().unsigned_abs()) - 1;
        let high = 1 << 31 | 1 << 30 | year << 14 | month << 10 | u32::from(day.day().unsigned_abs()) << 5;
        self.out.push(b'I');
        self.loaded("Time", &u64::from(high).to_le_bytes());
        self.number(1);
        self.symbol("zone");
        self.out.push(b'I');
        self.out.push(b'"');
        self.bytes(b"UTC");
        self.number(1);
        self.symbol("E");
        self.boolean(false);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    fn length(&mut self, length: usize) {
        self.number(i32::try_from(length).unwrap_or(i32::MAX));
    }

    /// A number in one to five bytes.
    fn number(&mut self, value: i32) {
        match value {
            0 => self.out.push(0),
            1..=122 => self.out.push((value + 5).to_le_bytes()[0]),
            -123..=-1 => self.out.push((value - 5).to_le_bytes()[0]),
            _ => {
                let bytes = value.to_le_bytes();
                let filler = if value < 0 { 0xff } else { 0 };
                let used = bytes.iter().rposition(|byte| *byte != filler).map_or(1, |last| last + 1);
                let count = u8::try_from(used).unwrap_or(4);
                self.out.push(if value < 0 { count.wrapping_neg() } else { count });
                self.out.extend(bytes.iter().take(used));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Marshal)) -> Vec<u8> {
        let mut marshal = Marshal::new();
        write(&mut marshal);
        marshal.finish()
    }

    /// Each as `Marshal.dump` writes it.
    #[test]
    fn numbers_are_ruby_s() {
        for (number, bytes) in [
            (0, &b"\x04\x08i\x00"[..]),
            (1, b"\x04\x08i\x06"),
            (122, b"\x04\x08i\x7f"),
            (123, b"\x04\x08i\x01\x7b"),
            (255, b"\x04\x08i\x01\xff"),
            (256, b"\x04\x08i\x02\x00\x01"),
            (70_000, b"\x04\x08i\x03\x70\x11\x01"),
            (1_073_741_823, b"\x04\x08i\x04\xff\xff\xff\x3f"),
            (-1, b"\x04\x08i\xfa"),
            (-123, b"\x04\x08i\x80"),
            (-124, b"\x04\x08i\xff\x84"),
            (-129, b"\x04\x08i\xff\x7f"),
            (-256, b"\x04\x08i\xff\x00"),
            (-257, b"\x04\x08i\xfe\xff\xfe"),
        ] {
            assert_eq!(written(|m| m.integer(number)), bytes, "{number}");
        }
    }

    #[test]
    fn strings_and_symbols_are_ruby_s() {
        let both = written(|m| {
            m.array(3);
            m.string("é");
            m.string("");
            m.symbol("runtime");
        });
        assert_eq!(both, b"\x04\x08[\x08I\"\x07\xc3\xa9\x06:\x06ETI\"\x00\x06;\x00T:\x0cruntime");
    }

    /// `Marshal.dump(Time.utc(2026, 1, 2))`.
    #[test]
    fn a_day_is_ruby_s() {
        let day = written(|m| m.midnight(jiff::civil::date(2026, 1, 2)));
        assert_eq!(
            day,
            b"\x04\x08Iu:\x09Time\x0d\x40\x80\x1f\xc0\x00\x00\x00\x00\x06:\x09zoneI\"\x08UTC\x06:\x06EF"
        );
    }
}
