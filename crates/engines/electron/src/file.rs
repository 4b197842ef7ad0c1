//! Which file an address means for this caller.

use keyway_engine::{FileReply, Plain, ReleaseFile, Reply, View};

/// Finds a file: in the release that the address names, or else the newest of its name among those that the caller
/// may have. The block map of a withdrawn release is readable still, for it is about a file that the client has.
pub(crate) fn answer(below: Option<&ReleaseFile>, name: &str, view: &View<'_>) -> Reply {
    let named = below.map(|below| below.find(view));
    if let Some(Ok(file)) = named {
        return Reply::File(file);
    }
    let refused = match view.newest_file(|_, file| file.filename == name) {
        Ok(file) => return Reply::File(file),
        Err(refused) => named.and_then(Result::err).flatten().or(refused),
    };
    match (withdrawn_map(below, name, view), refused) {
        (Some(file), _) => Reply::File(file),
        (None, Some(denial)) => Plain::refused(&denial).into(),
        (None, None) => Plain::not_found("file", name).into(),
    }
}

fn withdrawn_map(below: Option<&ReleaseFile>, name: &str, view: &View<'_>) -> Option<FileReply> {
    if !name.to_lowercase().ends_with(".blockmap") {
        return None;
    }
    let mut withdrawn = view.releases_in(view.yanked);
    withdrawn.find_map(|(index, release)| {
        let below = below.filter(|below| below.version == release.version.verbatim());
        let wanted = below.map_or(name, |below| &below.filename);
        let (artifact, _) = View::artifacts(release).find(|(_, file)| file.filename == wanted)?;
        Some(FileReply { release: index, artifact, media_type: None, attachment: true })
    })
}
