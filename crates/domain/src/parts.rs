//! Uploads in parts: how a file is cut up. The limits are those of S3, so that every store can keep them.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The largest file that one request may bring: 5 GiB.
pub const LARGEST_WHOLE: u64 = 5 << 30;
/// The most parts that an upload may have.
pub const MOST_PARTS: u64 = 10_000;
/// The sizes that parts (but the last) may have.
pub const PART_SIZES: RangeInclusive<u64> = 5 << 20..=5 << 30;
/// How long an upload in parts may take from its start to its completion.
pub const TIME_FOR_PARTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The size of parts where none is asked for, and the file is not too large for it.
const USUAL_PART: u64 = 64 << 20;
/// What sizes are rounded up to.
const MIB: u64 = 1 << 20;

/// The size of the parts of a file, as wanted or as fits.
///
/// # Errors
/// What is wrong with the size that is wanted.
pub fn part_size(file: u64, wanted: Option<u64>) -> Result<u64, String> {
    let least = file.div_ceil(MOST_PARTS);
    match wanted {
        None => Ok(least.next_multiple_of(MIB).max(USUAL_PART)),
        Some(wanted) if !PART_SIZES.contains(&wanted) => {
            let (least, most) = (PART_SIZES.start(), PART_SIZES.end());
            Err(format!("part-size must be between {least} and {most} bytes"))
        }
        Some(wanted) if wanted < least => Err(format!(
            "part-size must be at least {least} bytes for this file, which would have more than {MOST_PARTS} parts"
        )),
        Some(wanted) => Ok(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn parts_are_usual_until_there_would_be_too_many() {
        for (file, size) in
            [(1, 64 * MIB), (600 * GIB, 64 * MIB), (1024 * GIB, 105 * MIB), (5 << 40, 525 * MIB)]
        {
            assert_eq!(part_size(file, None), Ok(size), "{file}");
            assert!(file.div_ceil(size) <= MOST_PARTS);
        }
    }

    #[test]
    fn sizes_that_do_not_do_are_refused_with_those_that_do() {
        for (file, wanted, said) in [
            (GIB, 5 * MIB, Ok(5 * MIB)),
            (GIB, 5 * GIB, Ok(5 * GIB)),
            (GIB, 5 * MIB - 1, Err("between 5242880 and 5368709120")),
            (GIB, 5 * GIB + 1, Err("between 5242880 and 5368709120")),
            (100 * GIB, 10 * MIB, Err("at least 10737419 bytes for this file")),
            (100 * GIB, 10_737_419, Ok(10_737_419)),
        ] {
            match (part_size(file, Some(wanted)), said) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(text), Err(expected)) => assert!(text.contains(expected), "{text}"),
                (found, _) => panic!("{file} in parts of {wanted}: {found:?}"),
            }
        }
    }
}
