//! Taking a package in: its name, what it says of itself and its release have to agree.

use keyway_archive::{ArchiveError, nupkg};
use keyway_engine::{Ingested, Reject, Upload, base_name};
use keyway_versions::{Scheme, parse};

use crate::facts::Facts;
use crate::name::{Kind, is_plain, squirrel_spelling};

/// Reads an uploaded `.nupkg`.
///
/// Clients believe the feed's version until the package is installed, and its own from then on: were they not the
/// same, they would install it again and again.
///
/// # Errors
/// [`Reject`]: a name that no client finds or can use, a file that is cut short, or one that is at odds with its name
/// or its release.
pub fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    let name = base_name(upload.filename);
    if Kind::split(name).is_none() {
        return Err(Reject(format!(
            "`{name}` is neither a full nor a delta package: their names end in `-full.nupkg` and `-delta.nupkg`"
        )));
    }
    if !is_plain(name) {
        return Err(Reject(format!(
            "`{name}` cannot be offered: names of packages have letters, digits, `.`, `_`, `-`, `+` and `~` only, \
             since clients put them into addresses and lines as they are"
        )));
    }
    let broken = |error: ArchiveError| Reject(format!("`{name}` is not a package: {error}"));
    if !nupkg::looks_whole(&mut *upload.body).map_err(broken)? {
        return Err(Reject(format!("`{name}` is not a package: it is no zip archive, or was cut short")));
    }
    let facts = match nupkg::read(&mut *upload.body) {
        Ok(spec) => Facts::of_nuspec(spec),
        Err(error @ (ArchiveError::Source(_) | ArchiveError::Nuspec { .. })) => return Err(broken(error)),
        // A zip archive that is not read here may be one that clients read: its name has to do.
        Err(_) => Facts::of_name(name, upload.version).ok_or_else(|| {
            Reject(format!(
                "`{name}` does not name the version of its release, {}: names are \
                 `ID-VERSION-full.nupkg` or `ID-VERSION-CHANNEL-full.nupkg`",
                upload.version
            ))
        })?,
    };
    check(&facts, name, upload.version)?;
    Ok(Ingested { manifests: vec![facts.manifest()] })
}

fn check(facts: &Facts<'_>, name: &str, release: &str) -> Result<(), Reject> {
    let version = facts.version.as_ref();
    let read = |text| parse(Scheme::Semver, text).ok();
    let is_same = read(version).is_some_and(|version| Some(version) == read(release));
    if !is_same && !version.eq_ignore_ascii_case(&squirrel_spelling(release)) {
        return Err(Reject(format!(
            "`{name}` holds version {version}, but the release's version is {release}"
        )));
    }
    let expected = format!("{}-{version}-", facts.id);
    let begins = name.get(..expected.len()).is_some_and(|start| start.eq_ignore_ascii_case(&expected));
    if !begins {
        return Err(Reject(format!(
            "`{name}` holds version {version} of `{}`: its name has to begin with `{expected}`, for clients read \
             the version out of it",
            facts.id
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use keyway_engine::testing::{EchoSigner, digests};
    use zip::write::SimpleFileOptions;

    use super::*;

    fn package(id: &str, version: &str) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(format!("{id}.nuspec"), SimpleFileOptions::default()).unwrap();
        let metadata =
            format!("<id>{id}</id><version>{version}</version><channel>win-beta</channel><os>win</os>");
        write!(zip, "<package><metadata>{metadata}</metadata></package>").unwrap();
        zip.start_file("lib/app/app.exe", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"app").unwrap();
        zip.finish().unwrap().into_inner()
    }

    /// What is kept of an upload, or why it is refused.
    fn taken(filename: &str, version: &str, bytes: &[u8]) -> Result<String, String> {
        let mut upload = Upload {
            filename,
            package_key: "app",
            version,
            size: bytes.len() as u64,
            digests: &digests(),
            body: &mut Cursor::new(bytes),
            signature: None,
            public_key: None,
            companion: &[],
            signer: &EchoSigner,
        };
        match ingest(&mut upload) {
            Ok(ingested) => Ok(String::from_utf8(ingested.manifests[0].bytes.to_vec()).unwrap()),
            Err(reject) => Err(reject.0),
        }
    }

    #[test]
    fn a_package_s_own_words_are_kept() {
        let kept = r#"{"id":"App","version":"1.2.0","channel":"win-beta","os":"win"}"#;
        for name in ["App-1.2.0-full.nupkg", "x64/app-1.2.0-win-beta-delta.nupkg"] {
            assert_eq!(taken(name, "1.2.0", &package("App", "1.2.0")).as_deref(), Ok(kept), "{name}");
        }
        assert_eq!(taken("App-1.2.0-full.nupkg", "1.2.0+7", &package("App", "1.2.0")).as_deref(), Ok(kept));
        let squirrel = taken("App-1.2.0-rc1-full.nupkg", "1.2.0-rc.1", &package("App", "1.2.0-rc1"));
        assert!(squirrel.unwrap().contains(r#""version":"1.2.0-rc1""#));
    }

    #[test]
    fn an_archive_that_is_not_read_here_is_known_by_its_name() {
        let mut commented = package("App", "1.2.0");
        let length = commented.len();
        commented[length - 2] = 1;
        commented.push(b'x');
        let kept = r#"{"id":"App","version":"1.2.0","channel":"osx"}"#;
        assert_eq!(taken("App-1.2.0-osx-full.nupkg", "1.2.0", &commented).as_deref(), Ok(kept));
        let refused = taken("App-1.3.0-full.nupkg", "1.2.0", &commented).unwrap_err();
        assert!(refused.contains("does not name the version"), "{refused}");
    }

    #[test]
    fn what_does_not_agree_is_refused_with_the_reason() {
        let good = package("App", "1.2.0");
        for (name, version, bytes, text) in [
            ("App-1.2.0.nupkg", "1.2.0", &good, "neither a full nor a delta"),
            ("App 1-1.2.0-full.nupkg", "1.2.0", &good, "cannot be offered"),
            ("App\"-1.2.0-full.nupkg", "1.2.0", &good, "cannot be offered"),
            (
                "App-1.3.0-full.nupkg",
                "1.3.0",
                &good,
                "holds version 1.2.0, but the release's version is 1.3.0",
            ),
            ("App-1.3.0-full.nupkg", "1.2.0", &good, "has to begin with `App-1.2.0-`"),
            ("Other-1.2.0-full.nupkg", "1.2.0", &good, "has to begin with `App-1.2.0-`"),
            ("App-1.2.0-full.nupkg", "1.2.0", &good[..good.len() - 30].to_vec(), "was cut short"),
            ("App-1.2.0-full.nupkg", "1.2.0", &b"MZ".to_vec(), "no zip archive"),
        ] {
            let refused = taken(name, version, bytes).unwrap_err();
            assert!(refused.contains(text), "{name}: {refused}");
        }
    }

    #[test]
    fn a_package_without_a_version_is_refused() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("App.nuspec", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"<package><metadata><id>App</id></metadata></package>").unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        let refused = taken("App-1.2.0-full.nupkg", "1.2.0", &bytes).unwrap_err();
        assert_eq!(refused, "`App-1.2.0-full.nupkg` is not a package: the .nuspec has no version");
    }
}
