//! The files of a package's releases, as the feeds of updaters address them: `/{package}/{version}/{file}`. The version
//! is part of the address, so that two releases may have files of one name.

use crate::{Artifact, BadPath, Bits, Denial, FileReply, Reason, Release, Verdict, View, encoded_segment};

/// A file's name without the folders before it, as updaters keep it on their disk.
pub fn base_name(filename: &str) -> &str {
    filename.rsplit_once('/').map_or(filename, |(_, base)| base)
}

/// The address of a file below an engine's root. No part is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// The package's key.
    pub package: String,
    /// The release's version, in any spelling that its ecosystem takes for it.
    pub version: String,
    /// The artifact's file name, which may contain `/`.
    pub filename: String,
}

impl ReleaseFile {
    /// Reads the decoded segments of a path.
    ///
    /// # Errors
    /// [`BadPath::Unknown`] for too few or empty ones, [`BadPath::Malformed`] for `.` and `..` in the file's name.
    pub fn read(segments: &[&str]) -> Result<Self, BadPath> {
        let [package, version, filename @ ..] = segments else { return Err(BadPath::Unknown) };
        let filename = filename.join("/");
        if package.is_empty() || version.is_empty() || filename.is_empty() {
            return Err(BadPath::Unknown);
        }
        if filename.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(BadPath::Malformed("a file name has no empty, `.` or `..` parts".to_owned()));
        }
        Ok(Self { package: (*package).to_owned(), version: (*version).to_owned(), filename })
    }

    /// The path below the engine's root, encoded. Reading it gives the address back.
    pub fn path(&self) -> String {
        let mut path = String::new();
        push_path(&mut path, &self.package, &self.version, &self.filename);
        path
    }

    /// The file, where this caller may have it.
    ///
    /// # Errors
    /// The refusal of a release that the caller is told about; nothing for what is not there.
    pub fn find(&self, view: &View<'_>) -> Result<FileReply, Option<Denial>> {
        let scheme = view.package.releases.first().map(|release| release.version.scheme()).ok_or(None)?;
        let version = keyway_versions::parse(scheme, &self.version).map_err(|_| None)?;
        let release = view.package.position(&version).ok_or_else(|| view.denial.cloned())?;
        if !view.visible.contains(release) {
            return Err(match view.decide.verdict(release) {
                Verdict::Denied(denial) => Some(denial),
                Verdict::Allowed | Verdict::Hidden => view.denial.cloned(),
            });
        }
        let mut artifacts = view.package.releases.get(release).into_iter().flat_map(View::artifacts);
        let (artifact, _) = artifacts.find(|(_, file)| file.filename == self.filename).ok_or(None)?;
        Ok(FileReply { release, artifact, media_type: None, attachment: true })
    }
}

impl View<'_> {
    /// The address of one of a release's files, on our own host: `base` is the engine's root.
    pub fn file_url(&self, base: &str, release: &Release, filename: &str) -> String {
        let (package, version) = (&self.package.key, release.version.verbatim());
        let mut url = String::with_capacity(base.len() + package.len() + version.len() + filename.len() + 16);
        url.push_str(base);
        push_path(&mut url, package, version, filename);
        url
    }

    /// The file that is meant, where its address does not say of which release it is: that of the newest one that the
    /// caller's updater is led to, else of the newest one that the caller may have.
    ///
    /// # Errors
    /// The refusal of a release that the caller is told about; nothing for what is not there.
    pub fn newest_file(
        &self,
        is_meant: impl Fn(&Release, &Artifact) -> bool,
    ) -> Result<FileReply, Option<Denial>> {
        let held =
            |release| View::artifacts(release).find(|(_, file)| is_meant(release, file)).map(|(at, _)| at);
        let newest = |releases: &Bits| {
            let mut found = releases.iter().filter_map(|at| Some((at, self.package.releases.get(at)?)));
            found.find_map(|(at, release)| Some((at, held(release)?)))
        };
        let led_to = self.offered.without(self.waiting);
        if let Some((release, artifact)) = newest(&led_to).or_else(|| newest(self.visible)) {
            return Ok(FileReply { release, artifact, media_type: None, attachment: true });
        }
        let holders = self.package.releases.iter().enumerate().filter(|(_, release)| held(release).is_some());
        let mut refusals = holders.filter_map(|(at, _)| match self.decide.verdict(at) {
            Verdict::Denied(denial) => Some(denial),
            Verdict::Allowed | Verdict::Hidden => None,
        });
        Err(refusals.next().or_else(|| self.denial.cloned()))
    }
}

impl Reason {
    /// The status of an updater's refusal: a withdrawn file is one that is gone.
    pub(crate) const fn updater_status(self) -> http::StatusCode {
        match self {
            Self::Yanked => http::StatusCode::NOT_FOUND,
            reason => reason.status(),
        }
    }
}

fn push_path(path: &mut String, package: &str, version: &str, filename: &str) {
    for segment in [package, version].into_iter().chain(filename.split('/')) {
        path.push('/');
        path.push_str(&encoded_segment(segment));
    }
}

#[cfg(test)]
mod tests {
    use keyway_versions::Scheme;

    use super::*;
    use crate::testing::{Shelf, Standing, artifact, denial, release};

    fn address(version: &str, filename: &str) -> ReleaseFile {
        ReleaseFile::read(&["app", version, filename]).unwrap()
    }

    fn shelf() -> Shelf {
        let filled = |version: &str| {
            let mut release = release(Scheme::Semver, version);
            release.artifacts = vec![artifact("coming.zip", 1), artifact("App 1+1.zip", 1)];
            release.artifacts[0].uploaded = false;
            release
        };
        let refused = denial(Reason::OutsideWindow, "Too new.");
        Shelf::new(
            "app",
            vec![
                (filled("1.0.0+7"), Standing::Visible),
                (filled("2.0.0"), Standing::Withheld(refused)),
                (filled("3.0.0"), Standing::Hidden),
            ],
        )
    }

    #[test]
    fn a_file_is_found_in_its_release_only() {
        let shelf = shelf();
        let view = shelf.view();
        let found = FileReply { release: 2, artifact: 1, media_type: None, attachment: true };
        assert_eq!(address("1.0.0+7", "App 1+1.zip").find(&view), Ok(found));
        for (version, filename) in
            [("1.0.0+7", "coming.zip"), ("1.0.0+7", "none"), ("3.0.0", "App 1+1.zip"), ("x", "App 1+1.zip")]
        {
            assert_eq!(address(version, filename).find(&view), Err(None), "{version} {filename}");
        }
        let refused = address("2.0.0", "App 1+1.zip").find(&view).unwrap_err().unwrap();
        assert_eq!(refused.message, "Too new.");
    }

    #[test]
    fn a_file_without_its_version_is_the_newest_that_one_may_have() {
        let shelf = shelf();
        let find = |name: &str| shelf.view().newest_file(|_, file| file.filename == name);
        let found = FileReply { release: 2, artifact: 1, media_type: None, attachment: true };
        assert_eq!(find("App 1+1.zip"), Ok(found));
        assert_eq!(find("coming.zip"), Err(None));
        let newer = |standing| {
            let mut release = release(Scheme::Semver, "4.0.0");
            release.artifacts = vec![artifact("new.zip", 1)];
            Shelf::new("app", vec![(release, standing)])
        };
        let refused = newer(Standing::Withheld(denial(Reason::Expired, "Expired.")));
        let is_new = |_: &Release, file: &Artifact| file.filename == "new.zip";
        assert_eq!(refused.view().newest_file(is_new).unwrap_err().unwrap().message, "Expired.");
        assert_eq!(newer(Standing::Hidden).view().newest_file(is_new), Err(None));
    }

    #[test]
    fn who_sees_nothing_is_told_why() {
        let shelf = Shelf::new("app", vec![(release(Scheme::Semver, "1.0.0"), Standing::Hidden)])
            .denied(Reason::Suspended, "Suspended.");
        let refused = address("1.0.0", "x").find(&shelf.view()).unwrap_err().unwrap();
        assert_eq!(refused.reason, Reason::Suspended);
    }

    #[test]
    fn addresses_are_encoded_and_read_back() {
        let shelf = shelf();
        let view = shelf.view();
        let (_, release) = view.releases().next().unwrap();
        assert_eq!(
            view.file_url("https://h/k", release, "dir/App 1+1 \"%$`.zip"),
            "https://h/k/app/1.0.0%2B7/dir/App%201%2B1%20%22%25%24%60.zip"
        );
        for bad in [&["app", "1.0.0"][..], &["app", "", "x"], &["", "1", "x"], &["app", "1", ""]] {
            assert_eq!(ReleaseFile::read(bad), Err(BadPath::Unknown), "{bad:?}");
        }
        assert!(matches!(ReleaseFile::read(&["app", "1", "..", "x"]), Err(BadPath::Malformed(_))));
    }
}
