//! Documents with a tarball in them: never panics, and whatever the pieces in which a body arrives, the same comes
//! out of it.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::{Around, BadBody, Engine as _, Head, Takes};
use keyway_engine_npm::{NpmEngine, Op, PackageName};
use libfuzzer_sys::fuzz_target;

fn take(body: &[u8], piece: usize) -> Result<(Around, Vec<u8>), BadBody> {
    let name = PackageName::parse("widget").expect("the name is good");
    let head = Head { method: &Method::PUT, path: "/widget", query: "", headers: &HeaderMap::new() };
    let Ok(Takes::Wrapped { mut unwrap, .. }) = NpmEngine.takes(&Op::Put { name }, &head) else {
        panic!("a package is put in a document around its tarball");
    };
    let mut file = Vec::new();
    for bytes in body.chunks(piece) {
        unwrap.feed(bytes, &mut file)?;
    }
    Ok((unwrap.finish()?, file))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, body) = input;
    assert_eq!(take(body, body.len().max(1)).ok(), take(body, usize::from(piece).max(1)).ok());
});
