//! Bare tar, and what is around it in an npm tarball.
#![no_main]

use keyway_archive::{ArchiveError, EntryProblem, Limits, npm_tarball, tarball};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { decompressed: 1 << 20, entries: 100, member: 4096, ..Limits::npm() };
    let walked = tarball::walk(&mut &*data, &limits, |entry, content| {
        assert!(!entry.path.as_str().split('/').any(|segment| segment.is_empty() || segment == ".."));
        match content.read_to_vec(entry, limits.member) {
            Err(ArchiveError::Entry { problem: EntryProblem::TooLarge { .. }, .. }) => Ok(()),
            read => read.map(|bytes| assert_eq!(bytes.len() as u64, entry.size)),
        }
    });
    if let Ok(summary) = walked {
        assert!(summary.entries <= limits.entries && summary.unpacked_size <= limits.decompressed);
    }
    if let Ok(package) = npm_tarball::read_within(&mut &*data, &limits) {
        assert!(package.package_json.len() as u64 <= limits.member);
    }
});
