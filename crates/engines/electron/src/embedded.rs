//! The block map at the end of an AppImage or of a web installer's package: deflated JSON, and its length in the last
//! four bytes, the highest first (`updaters.md` §2.4).

use std::io::{Read as _, SeekFrom};

use flate2::read::DeflateDecoder;
use keyway_engine::{ReadSeek, Reject};

/// How its JSON begins.
const START: &[u8] = b"{\"version\":\"";

/// The size of the block map at the end of a file, if there is one.
///
/// # Errors
/// [`Reject`] when the file cannot be read.
pub(crate) fn size(body: &mut dyn ReadSeek, size: u64) -> Result<Option<u64>, Reject> {
    look(body, size).map_err(|error| Reject(format!("the end of the file cannot be read: {error}")))
}

fn look(body: &mut dyn ReadSeek, size: u64) -> std::io::Result<Option<u64>> {
    let Some(end) = size.checked_sub(4) else { return Ok(None) };
    let mut length = [0; 4];
    body.seek(SeekFrom::Start(end))?;
    body.read_exact(&mut length)?;
    let length = u64::from(u32::from_be_bytes(length));
    let Some(start) = end.checked_sub(length).filter(|_| length > 0) else { return Ok(None) };
    body.seek(SeekFrom::Start(start))?;
    let mut begin = Vec::new();
    // what is not deflated ends in an error, which only says that there is no map
    let inflated = DeflateDecoder::new(body.take(length)).take(START.len() as u64).read_to_end(&mut begin);
    Ok((inflated.is_ok() && begin == START).then_some(length))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn with_map(content: &[u8], json: &[u8]) -> (Vec<u8>, u64) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(json).unwrap();
        let map = encoder.finish().unwrap();
        let length = u32::try_from(map.len()).unwrap();
        let file = [content, &map, &length.to_be_bytes()].concat();
        (file, u64::from(length))
    }

    fn size_in(bytes: &[u8]) -> Option<u64> {
        size(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn the_map_of_electron_builder_is_found() {
        let json = br#"{"version":"2","files":[{"name":"file","offset":0,"checksums":[],"sizes":[]}]}"#;
        let (file, length) = with_map(b"\x7fELF and more", json);
        assert_eq!(size_in(&file), Some(length));
    }

    #[test]
    fn other_ends_are_no_map() {
        let (other, _) = with_map(b"\x7fELF", br#"{"name":"x"}"#);
        let lying = [b"\x7fELF".as_slice(), &[0, 0, 0, 3]].concat();
        for bytes in [&b""[..], b"abc", b"\0\0\0\0", b"\xff\xff\xff\xff", &[0; 64], &other, &lying] {
            assert_eq!(size_in(bytes), None, "{bytes:?}");
        }
    }
}
