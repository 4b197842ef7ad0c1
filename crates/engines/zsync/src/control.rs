//! Control files (zsync 0.6.2): lines that say what the file is, an empty one, and two sums of each of its blocks, by
//! which a client finds the blocks that it has already.

use std::borrow::Cow;
use std::io::{self, Read};

use md4::{Digest as _, Md4};

/// The largest block count of a control file that we make, so that it stays small: 16,384 blocks take 144 KiB or less.
const MAX_BLOCKS: u64 = 16 * 1024;
/// The smallest block, which zsyncmake takes too.
const MIN_BLOCK: u64 = 2048;
/// The longest head of an uploaded control file.
const MAX_HEAD: usize = 16 * 1024;

/// What a control file says of a file's bytes. Names and addresses are not part of it: they are written anew in each
/// answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control<'t> {
    /// The size of a block, a power of two.
    pub block: u64,
    /// The size of the file.
    pub length: u64,
    /// How the sums are kept.
    pub sums: Sums,
    /// The SHA-1 of the file.
    pub sha1: [u8; 20],
    /// The sums of all blocks.
    pub table: Cow<'t, [u8]>,
}

/// How the sums of blocks are kept: `Hash-Lengths`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// How many blocks have to match in a row.
    pub run: u8,
    /// The bytes of a rolling sum.
    pub rolling: u8,
    /// The bytes of an MD4.
    pub strong: u8,
}

/// What is wrong with a control file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadControl {
    /// There is no empty line where one has to be.
    #[error("it has no head that ends with an empty line")]
    Head,
    /// A line is missing or cannot be read.
    #[error("its line `{0}` is missing or cannot be read")]
    Line(&'static str),
    /// It leads to a compressed copy of the file.
    #[error("it is made for a compressed file (`{0}`): make it with `zsyncmake -e`, of the file itself")]
    Compressed(&'static str),
    /// The sums are not those of all blocks.
    #[error("it has {found} bytes of sums, but its blocks have {expected}")]
    Table {
        /// How many there are.
        found: usize,
        /// How many there have to be.
        expected: u64,
    },
}

impl<'t> Control<'t> {
    /// Reads a control file.
    ///
    /// # Errors
    /// [`BadControl`] says what is wrong with it.
    pub fn parse(bytes: &'t [u8]) -> Result<Self, BadControl> {
        let limited = bytes.get(..bytes.len().min(MAX_HEAD)).unwrap_or(bytes);
        let end = limited.windows(2).position(|pair| pair == b"\n\n").ok_or(BadControl::Head)?;
        let head =
            bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).ok_or(BadControl::Head)?;
        let table = bytes.get(end + 2..).unwrap_or_default();
        if let Some(line) =
            ["Z-URL", "Z-Map2", "Recompress"].into_iter().find(|line| value(head, line).is_some())
        {
            return Err(BadControl::Compressed(line));
        }
        let number =
            |line| value(head, line).and_then(|text| text.parse().ok()).ok_or(BadControl::Line(line));
        let block = number("Blocksize").ok().filter(|block: &u64| block.is_power_of_two() && *block >= 256);
        let block = block.ok_or(BadControl::Line("Blocksize"))?;
        let length: u64 = number("Length")?;
        let sums =
            value(head, "Hash-Lengths").and_then(Sums::read).ok_or(BadControl::Line("Hash-Lengths"))?;
        let mut sha1 = [0; 20];
        let digest = value(head, "SHA-1").and_then(|text| hex::decode_to_slice(text, &mut sha1).ok());
        digest.ok_or(BadControl::Line("SHA-1"))?;
        let expected = length.div_ceil(block).saturating_mul(sums.width());
        if table.len() as u64 != expected {
            return Err(BadControl::Table { found: table.len(), expected });
        }
        Ok(Self { block, length, sums, sha1, table: table.into() })
    }

    /// Makes the control file of a file, reading it once.
    ///
    /// # Errors
    /// The reader's.
    pub fn of(body: &mut dyn Read, length: u64, sha1: [u8; 20]) -> io::Result<Self> {
        let mut block = MIN_BLOCK;
        while length.div_ceil(block) > MAX_BLOCKS {
            block *= 2;
        }
        let sums = Sums::for_file(length, block);
        let mut table = Vec::new();
        loop {
            let mut bytes = Vec::new();
            if (&mut *body).take(block).read_to_end(&mut bytes)? == 0 {
                break;
            }
            bytes.resize(usize::try_from(block).map_err(io::Error::other)?, 0);
            sums.push(&bytes, &mut table);
        }
        Ok(Self { block, length, sums, sha1, table: table.into() })
    }

    /// What is kept of it beside the file; [`Control::parse`] reads it back.
    pub fn kept(&self) -> Vec<u8> {
        let Sums { run, rolling, strong } = self.sums;
        let head = format!(
            "Blocksize: {}\nLength: {}\nHash-Lengths: {run},{rolling},{strong}\nSHA-1: {}\n\n",
            self.block,
            self.length,
            hex::encode(self.sha1),
        );
        [head.as_bytes(), &self.table].concat()
    }
}

impl Sums {
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(',').map(|number| number.trim().parse::<u8>().ok());
        let (Some(run), Some(rolling), Some(strong), None) =
            (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next())
        else {
            return None;
        };
        let fits = (1..=2).contains(&run) && (1..=4).contains(&rolling) && (3..=16).contains(&strong);
        fits.then_some(Self { run, rolling, strong })
    }

    /// How long the sums have to be for a chance match to be as unlikely as zsyncmake makes it.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes in bits, which are clamped"
    )]
    fn for_file(length: u64, block: u64) -> Self {
        let run = if length > block { 2 } else { 1 };
        let bits = |number: u64| (number.max(1) as f64).log2();
        let bytes = |bits: f64, fewest: u8, most: u8| (bits / 8.0).clamp(fewest.into(), most.into()) as u8;
        let blocks = bits(1 + length / block);
        let each = f64::from(run);
        let rolling = ((bits(length) + bits(block) - 8.6) / each / 8.0).ceil() * 8.0;
        let together = ((20.0 + bits(length) + blocks) / each / 8.0).ceil() * 8.0;
        let alone = ((7.9 + 20.0 + blocks) / 8.0).floor() * 8.0;
        Self { run, rolling: bytes(rolling, 2, 4), strong: bytes(together.max(alone), 3, 16) }
    }

    fn width(self) -> u64 {
        u64::from(self.rolling) + u64::from(self.strong)
    }

    /// Adds the sums of a block: the last bytes of the rolling one, the first of the MD4.
    fn push(self, block: &[u8], table: &mut Vec<u8>) {
        let rolling = rolling(block);
        let strong = Md4::digest(block);
        table.extend(rolling.get(4 - usize::from(self.rolling)..).unwrap_or_default());
        table.extend(strong.get(..usize::from(self.strong)).unwrap_or_default());
    }
}

/// rsync's weak sum: a sum of the bytes, and one of them weighed by how far they are from the end.
fn rolling(block: &[u8]) -> [u8; 4] {
    let (mut plain, mut weighed) = (0_u16, 0_u16);
    for byte in block {
        plain = plain.wrapping_add((*byte).into());
        weighed = weighed.wrapping_add(plain);
    }
    let ([a, b], [c, d]) = (plain.to_be_bytes(), weighed.to_be_bytes());
    [a, b, c, d]
}

/// The value of a line of the head.
fn value<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What zsyncmake 0.6.2 wrote for the files below.
    const SEVENS: &str = "zsync: 0.6.2\nFilename: g.AppImage\nMTime: Sun, 22 Nov 2026 18:40:55 +0000\n\
        Blocksize: 2048\nLength: 5000\nHash-Lengths: 2,2,3\nURL: g.AppImage\n\
        SHA-1: d24a12e5f523e404dad2296f9023bd868e2b1e1e\n\n";
    const SEVENS_TABLE: &str = "2e00f039424e00142a81ac985c6383";
    const HELLO_SHA1: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";

    fn sevens() -> Vec<u8> {
        (0..5000_u32).map(|i| ((i * 7 + i / 256) & 0xff) as u8).collect()
    }

    fn sha1(text: &str) -> [u8; 20] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    #[test]
    fn we_make_what_zsyncmake_makes() {
        let control_file = [SEVENS.as_bytes(), &hex::decode(SEVENS_TABLE).unwrap()].concat();
        let theirs = Control::parse(&control_file).unwrap();
        let bytes = sevens();
        let ours = Control::of(&mut bytes.as_slice(), 5000, theirs.sha1).unwrap();
        assert_eq!(ours, theirs);
        let kept = "Blocksize: 2048\nLength: 5000\nHash-Lengths: 2,2,3\n\
            SHA-1: d24a12e5f523e404dad2296f9023bd868e2b1e1e\n\n";
        assert_eq!(ours.kept(), [kept.as_bytes(), &hex::decode(SEVENS_TABLE).unwrap()].concat());

        let hello = Control::of(&mut b"hello".as_slice(), 5, sha1(HELLO_SHA1)).unwrap();
        assert_eq!(hello.sums, Sums { run: 1, rolling: 2, strong: 3 });
        assert_eq!(hex::encode(hello.table), "9bc385de8b");
    }

    /// As zsyncmake chooses for these sizes and blocks.
    #[test]
    fn sums_are_as_long_as_they_have_to_be() {
        for (length, block, sums) in
            [(300_000, 2048, (2, 2, 4)), (40_000_000, 4096, (2, 2, 5)), (5, 2048, (1, 2, 3))]
        {
            let Sums { run, rolling, strong } = Sums::for_file(length, block);
            assert_eq!((run, rolling, strong), sums, "{length}");
        }
        let mut nothing = io::empty();
        assert_eq!(Control::of(&mut nothing, 33 << 20, [0; 20]).unwrap().block, 4096);
        assert_eq!(Control::of(&mut nothing, 1 << 40, [0; 20]).unwrap().block, 1 << 26);
        assert!(Control::of(&mut nothing, 0, [0; 20]).unwrap().table.is_empty());
    }

    #[test]
    fn a_broken_control_file_is_named() {
        let parse = |text: &str| Control::parse(text.as_bytes()).err();
        let with = |from: &str, to: &str| parse(&SEVENS.replace(from, to));
        assert_eq!(parse("zsync: 0.6.2"), Some(BadControl::Head));
        assert_eq!(with("", ""), Some(BadControl::Table { found: 0, expected: 15 }));
        assert_eq!(with("2048", "2000"), Some(BadControl::Line("Blocksize")));
        assert_eq!(with("2048", "0"), Some(BadControl::Line("Blocksize")));
        assert_eq!(with("Length: 5000", "Length: -1"), Some(BadControl::Line("Length")));
        assert_eq!(with("2,2,3", "2,2"), Some(BadControl::Line("Hash-Lengths")));
        assert_eq!(with("2,2,3", "2,2,17"), Some(BadControl::Line("Hash-Lengths")));
        assert_eq!(with("SHA-1: d2", "SHA-1: "), Some(BadControl::Line("SHA-1")));
        assert_eq!(with("URL:", "Z-URL:"), Some(BadControl::Compressed("Z-URL")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_made_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..9000)) {
            let made = Control::of(&mut bytes.as_slice(), bytes.len() as u64, [7; 20]).unwrap();
            let kept = made.kept();
            prop_assert_eq!(Control::parse(&kept), Ok(made));
        }

        #[test]
        fn nothing_that_is_sent_panics(head in "[A-Za-z0-9:, \\-\n]{0,80}", tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            let bytes = [head.as_bytes(), b"\n\n", &tail].concat();
            if let Ok(control) = Control::parse(&bytes) {
                let kept = control.kept();
                prop_assert_eq!(Control::parse(&kept), Ok(control));
            }
        }
    }
}
