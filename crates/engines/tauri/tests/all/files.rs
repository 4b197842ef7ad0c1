//! The files that answers lead to.

use keyway_engine::testing::{Shelf, Standing, denial};
use keyway_engine::{Access, FileReply, Reason, Release, Reply, Status};

use crate::shop::{ask, file, linux, plain, release};

#[test]
fn a_file_is_that_of_its_release() {
    let files = || vec![file("other", "linux", "x86_64"), file("Acme +ü.AppImage", "linux", "x86_64")];
    let shelf = Shelf::new(
        "acme",
        vec![
            (release("1.0.0", files()), Standing::Visible),
            (release("1.1.0+b", files()), Standing::Visible),
        ],
    );
    for (address, index) in [
        ("/acme/1.0.0/Acme%20%2B%C3%BC.AppImage", 1),
        ("/acme/1.1.0+b/Acme%20+%C3%BC.AppImage", 0),
        ("/acme/1.1.0%2Bb/Acme%20+%C3%BC.AppImage", 0),
    ] {
        let expected = FileReply { release: index, artifact: 1, media_type: None, attachment: true };
        assert_eq!(ask(address, &Access::Package(shelf.view())), Reply::File(expected), "{address}");
    }
}

#[test]
fn what_is_not_for_the_caller_is_refused_or_absent() {
    let mut waiting = linux("3.0.0");
    waiting.artifacts[0].uploaded = false;
    let refusal = denial(Reason::NotEntitled, "The licence lacks pro.");
    let shelf = Shelf::new(
        "acme",
        vec![
            (linux("1.0.0"), Standing::Visible),
            (linux("2.0.0"), Standing::Withheld(refusal)),
            (waiting, Standing::Visible),
            (linux("4.0.0"), Standing::Hidden),
            (Release { status: Status::Yanked, ..linux("5.0.0") }, Standing::Withdrawn),
        ],
    );
    for (version, status, text) in [
        ("2.0.0", 403, "The licence lacks pro.\n"),
        ("3.0.0", 404, "there is no file \"Acme.AppImage\" here, or none for you\n"),
        ("4.0.0", 404, "there is no file \"Acme.AppImage\" here, or none for you\n"),
        ("5.0.0", 404, "This version was withdrawn.\n"),
        ("9.0.0", 404, "there is no file \"Acme.AppImage\" here, or none for you\n"),
        ("none", 404, "there is no file \"Acme.AppImage\" here, or none for you\n"),
    ] {
        let answer = plain(&format!("/acme/{version}/Acme.AppImage"), &Access::Package(shelf.view()));
        assert_eq!((answer.status.as_u16(), &*answer.body), (status, text.as_bytes()), "{version}");
    }
}
