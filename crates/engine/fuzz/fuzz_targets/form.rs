//! Upload forms: never panics, and whatever the pieces in which a body arrives, the same comes out of it.
#![no_main]

use keyway_engine::{Around, BadBody, Form, Unwrap as _};
use libfuzzer_sys::fuzz_target;

fn take(body: &[u8], piece: usize) -> Result<(Around, Vec<u8>), BadBody> {
    let form = Form::new(Some("multipart/form-data; boundary=B"), "content");
    let mut form = Box::new(form.expect("the boundary is good"));
    let mut file = Vec::new();
    for bytes in body.chunks(piece) {
        form.feed(bytes, &mut file)?;
    }
    Ok((form.finish()?, file))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, body) = input;
    let whole = take(body, body.len().max(1));
    let pieces = take(body, usize::from(piece).max(1));
    // What is too long may be noticed at another byte.
    if let (Ok(whole), Ok(pieces)) = (&whole, &pieces) {
        assert_eq!(whole, pieces);
    }
    assert_eq!(whole.is_ok(), pieces.is_ok());
});
