//! Wheels.

use std::io::Cursor;

use keyway_archive::{ArchiveError, Wheel, WheelName, wheel};

use crate::zip_writer::{Member, archive};

const ABOUT: &[u8] = b"Metadata-Version: 2.1\nName: acme-widget\nVersion: 1.0.0\n";
const RECORD: &str = "acme_widget/__init__.py,sha256=47DEQpj8,0\n\
    acme_widget-1.0.0.dist-info/METADATA,sha256=abc,55\n\
    acme_widget-1.0.0.dist-info/WHEEL,sha256=abc,\n\
    acme_widget-1.0.0.dist-info/RECORD,,\n";

fn members(record: &str) -> Vec<Member> {
    vec![
        Member::stored("acme_widget/__init__.py", b""),
        Member::deflated("acme_widget-1.0.0.dist-info/METADATA", ABOUT),
        Member::deflated("acme_widget-1.0.0.dist-info/WHEEL", b"Wheel-Version: 1.0\n"),
        Member::deflated("acme_widget-1.0.0.dist-info/RECORD", record.as_bytes()),
    ]
}

fn read(members: &[Member]) -> Result<Wheel, ArchiveError> {
    let name = WheelName::parse("acme_widget-1.0.0-py3-none-any.whl")?;
    wheel::read(&mut Cursor::new(archive(members)), &name)
}

fn refusal(members: &[Member]) -> String {
    read(members).unwrap_err().to_string()
}

#[test]
fn a_good_wheel_is_described() {
    let record_size = RECORD.len() as u64;
    let expected = Wheel { metadata: ABOUT.to_vec(), entries: 4, unpacked_size: 55 + 19 + record_size };
    assert_eq!(read(&members(RECORD)).unwrap(), expected);
}

#[test]
fn the_three_files_have_to_be_there() {
    for name in ["METADATA", "WHEEL", "RECORD"] {
        let path = format!("acme_widget-1.0.0.dist-info/{name}");
        let mut members = members(RECORD);
        members.retain(|member| member.name != path.as_bytes());
        assert_eq!(refusal(&members), format!("'{path}' is missing"));
    }
    let mut large = members(RECORD);
    large[1] = Member::deflated("acme_widget-1.0.0.dist-info/METADATA", &vec![b' '; (2 << 20) + 1]);
    assert!(refusal(&large).ends_with("is larger than 2097152 bytes"));
}

#[test]
fn there_is_one_dist_info_and_the_file_name_names_it() {
    let mut second = members(RECORD);
    second.push(Member::stored("acme_widget-1.0.1.dist-info/METADATA", ABOUT));
    assert_eq!(
        refusal(&second),
        "the top directory is 'acme_widget-1.0.1.dist-info', but the file name calls for 'acme_widget-1.0.0.dist-info'"
    );
    let mut folded = members(RECORD);
    folded.push(Member::stored("Acme_Widget-1.0.0.DIST-INFO/x", b""));
    assert!(refusal(&folded).contains("the file name calls for"));
    let name = WheelName::parse("acme_widget-1.0-py3-none-any.whl").unwrap();
    let other = wheel::read(&mut Cursor::new(archive(&members(RECORD))), &name);
    assert!(other.unwrap_err().to_string().contains("the file name calls for 'acme_widget-1.0.dist-info'"));
}

#[test]
fn record_lists_exactly_the_files() {
    let problem = |record: &str| refusal(&members(record)).replace("RECORD does not match the wheel: ", "");
    let without = RECORD.replace("acme_widget/__init__.py,sha256=47DEQpj8,0\n", "");
    assert_eq!(problem(&without), "'acme_widget/__init__.py' is not listed");
    let more = format!("{RECORD}acme_widget/ghost.py,sha256=abc,1\n");
    let absent = "is listed, but is not a file in the wheel (or is listed twice)";
    assert_eq!(problem(&more), format!("'acme_widget/ghost.py' {absent}"));
    let twice = format!("{RECORD}acme_widget/__init__.py,sha256=47DEQpj8,0\n");
    assert_eq!(problem(&twice), format!("'acme_widget/__init__.py' {absent}"));
    let weak = RECORD.replace("sha256=47DEQpj8", "md5=47DEQpj8");
    assert_eq!(problem(&weak), "'acme_widget/__init__.py' has no hash of SHA-256 or stronger");
    let size = RECORD.replace("abc,55", "abc,54");
    assert_eq!(problem(&size), "'acme_widget-1.0.0.dist-info/METADATA' is listed with another size");
    assert_eq!(problem("one field\n"), "'one field' is not a row of path, hash and size");
    assert!(read(&members(&RECORD.replace('\n', "\r\n"))).is_ok());
    let mut signed = members(RECORD);
    signed.push(Member::stored("acme_widget-1.0.0.dist-info/RECORD.jws", b"{}"));
    assert!(read(&signed).is_ok());
}

#[test]
fn every_member_is_decompressed_once() {
    let mut damaged = members(RECORD);
    damaged[0].crc = 1;
    assert_eq!(refusal(&damaged), "entry 'acme_widget/__init__.py' does not match its checksum");
}
