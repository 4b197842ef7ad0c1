//! Which file an operation means for this caller, and its control file as the caller is told it.

use keyway_engine::{
    Artifact, BadPoll, Denial, FileReply, Manifest, Plain, Poll, Release, Reply, Spelled, Told, Update, View,
    base_name,
};

use crate::op::{Latest, Op, Part, Wanted};
use crate::{KIND, control::Control, control_file};

/// The answer to an operation.
pub(crate) fn answer(op: &Op, base: &str, view: &View<'_>) -> Reply {
    match &op.wanted {
        Wanted::Latest(latest) => newest(latest, op.part, base, view),
        Wanted::Release(file) => reached(op.part, base, view, &file.filename, file.find(view)),
        Wanted::Named(name) => {
            let found = view.newest_file(|_, artifact| artifact.filename == *name);
            reached(op.part, base, view, name, found)
        }
    }
}

/// The image of the release that the caller is led to. Only a control file is the answer to a poll: the image is
/// loaded after one.
fn newest(latest: &Latest, part: Part, base: &str, view: &View<'_>) -> Reply {
    if let Some(denial) = view.denial {
        return Update::refused(denial).into();
    }
    let poll = match &latest.poll {
        Ok(poll) => poll,
        Err(bad) => return misread(bad),
    };
    let found = view.upgrade(poll, None, |release| image(release, latest.arch, part));
    let told = found.told(poll, Some("linux"));
    let Some(offer) = found.offer else { return nothing(latest, poll, told) };
    let file = FileReply { release: offer.index, artifact: offer.found, media_type: None, attachment: true };
    match part {
        Part::File => Reply::File(file),
        Part::Control => Update { answer: written(base, view, &file), told }.into(),
    }
}

/// Nobody can be told that there is nothing new without a file that is newest: the reason is in the header.
fn nothing(latest: &Latest, poll: &Poll, told: Told) -> Reply {
    let channel =
        told.channel.or(poll.channel).map_or_else(|| "any".to_owned(), |channel| channel.to_string());
    let wanted = format!("AppImage for {} in the channel {channel}", latest.arch.key);
    Update { answer: Plain::not_found("release with an", &wanted), told }.into()
}

fn misread(bad: &BadPoll) -> Reply {
    let answer = Plain::said(http::StatusCode::BAD_REQUEST, &bad.to_string());
    Update { answer, told: Told::misread(bad) }.into()
}

/// The position of a release's image for an arch; for its control file, of one that has one. Where an image does not
/// say, it is for x86_64, as build tools name them.
fn image(release: &Release, arch: &Spelled, part: Part) -> Option<usize> {
    let is_image = |artifact: &Artifact| {
        artifact.filename.to_lowercase().ends_with(".appimage") && !Spelled::is_of_unknown_arch(artifact)
    };
    let is_for =
        |artifact: &Artifact| Spelled::arch_of(artifact).map_or("x86_64", |arch| arch.key) == arch.key;
    let says = |artifact: &Artifact| Spelled::arch_of(artifact).is_some();
    let has_part = |artifact: &Artifact| part == Part::File || control(release, artifact).is_some();
    View::artifacts(release)
        .filter(|(_, artifact)| is_image(artifact) && is_for(artifact) && has_part(artifact))
        .max_by_key(|(at, artifact)| (says(artifact), *at))
        .map(|(at, _)| at)
}

fn reached(
    part: Part,
    base: &str,
    view: &View<'_>,
    name: &str,
    found: Result<FileReply, Option<Denial>>,
) -> Reply {
    match (found, part) {
        (Ok(file), Part::File) => Reply::File(file),
        (Ok(file), Part::Control) => written(base, view, &file).into(),
        (Err(Some(denial)), _) => Plain::refused(&denial).into(),
        (Err(None), _) => Plain::not_found("file", name).into(),
    }
}

/// The control file of a file, with our address of it.
fn written(base: &str, view: &View<'_>, file: &FileReply) -> Plain {
    let release = view.package.releases.get(file.release);
    let found = release.and_then(|release| {
        let artifact = release.artifacts.get(file.artifact)?;
        Some((release, artifact, control(release, artifact)?))
    });
    let Some((release, artifact, control)) = found else {
        return Plain::not_found("control file", "of this file");
    };
    // zsync refuses a name with folders, and a line ends at a line break.
    let name: String = base_name(&artifact.filename).chars().filter(|c| !c.is_control()).collect();
    let changed = artifact.created.http_date().replace("GMT", "+0000");
    let url = view.file_url(base, release, &artifact.filename);
    let head = format!("zsync: 0.6.2\nFilename: {name}\nMTime: {changed}\nURL: {url}\n");
    control_file([head.as_bytes(), &control.bytes].concat())
}

/// What is kept of a file's blocks: the vendor's where it is of this file, else ours.
fn control<'a>(release: &'a Release, artifact: &'a Artifact) -> Option<&'a Manifest> {
    let name = format!("{}.zsync", artifact.filename);
    let beside = View::artifacts(release).filter(|(_, file)| file.filename == name);
    let uploaded = beside.filter_map(|(_, file)| file.manifest(KIND)).find(|kept| is_of(kept, artifact));
    uploaded.or_else(|| artifact.manifest(KIND))
}

/// Whether a control file is of the bytes that we have.
fn is_of(kept: &Manifest, artifact: &Artifact) -> bool {
    let sha1 = artifact.digests.as_ref().map(|digests| digests.sha1);
    Control::parse(&kept.bytes)
        .is_ok_and(|control| control.length == artifact.size && Some(control.sha1) == sha1)
}
