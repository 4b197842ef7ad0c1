//! The MSIX engine: App Installer files, by which Windows installs an MSIX package and looks for newer ones
//! (`updaters.md` §3), and the packages that they name.
//!
//! What a package is, is read from its manifest when it is uploaded. Windows sends no header of ours: who asks is known
//! by a token in the address.

mod identity;
mod installer;
mod op;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_archive::{Limits, appx};
use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, FileReply, Head, Ingested, Manifest,
    Need, Outcome, Plain, Reject, Reply, Site, Told, Update, Upload, View, plain_key,
};
use keyway_versions::Scheme;

pub use identity::{BadIdentity, FourPart, Identity};
pub use op::{Asked, BadFeed, Feed, Op};

/// The MSIX engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct MsixEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "msix",
    name: "MSIX",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[".msix", ".msixbundle", ".appx", ".appxbundle"],
    body_limit: 0,
    redirects: false,
    registry: false,
    updates: true,
    newest_tag: None,
    setup: "curl --fail-with-body --user \"license:{key}\" \"{base}/PACKAGE/NAME.appinstaller\"",
};

const USAGE: &str = "App Installer files are at /{package}/{name}.appinstaller, packages at \
    /{package}/{version}/{file}";

/// What the identity of an artifact is kept as.
const KIND: &str = "appx.identity";

/// Media types by the ending of a file's name, as Windows asks for them.
const MEDIA_TYPES: [(&str, &str); 5] = [
    (".msix", "application/msix"),
    (".msixbundle", "application/msixbundle"),
    (".appx", "application/appx"),
    (".appxbundle", "application/appxbundle"),
    (".appinstaller", "application/appinstaller"),
];

impl Engine for MsixEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Package { key: op.package() }
    }

    fn is_poll(&self, op: &Op) -> bool {
        matches!(op, Op::Feed(_))
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Feed(feed), Access::Package(view)) => answer(feed, context.base, view),
            (Op::File(file), Access::Package(view)) => match file.find(view) {
                Ok(found) => Reply::File(FileReply { media_type: media_type(&file.filename), ..found }),
                Err(Some(denial)) => Plain::refused(&denial).into(),
                Err(None) => Plain::not_found("file", &file.filename).into(),
            },
            _ => Plain::not_found("package", op.package()).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        Plain::refused(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        Plain::bad_path(error, USAGE)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        Plain::not_found("package", op.package()).into()
    }

    /// A package whose version is another than its release's would never be installed as that release's update.
    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        let filename = upload.filename;
        let limits = Limits { member: 4 * 1024 * 1024, ..Limits::image() };
        let manifest = appx::read(&mut *upload.body, &limits)
            .map_err(|error| Reject(format!("`{filename}` is not an MSIX package: {error}")))?;
        let identity = Identity::read(&manifest)
            .map_err(|error| Reject(format!("the manifest of `{filename}` cannot be used: {error}")))?;
        let release = keyway_versions::parse(Scheme::Semver, upload.version).ok();
        if !release.as_ref().and_then(|it| it.semver()).is_some_and(|it| identity.version.is_of(it)) {
            return Err(Reject(format!(
                "`{filename}` has version {}, but its release has {}: the first three numbers have to be the same",
                identity.version, upload.version
            )));
        }
        let bytes = identity.kept().into();
        Ok(Ingested { manifests: vec![Manifest { kind: KIND.to_owned(), bytes }] })
    }
}

fn media_type(filename: &str) -> Option<&'static str> {
    let name = filename.to_lowercase();
    MEDIA_TYPES.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, media_type)| *media_type)
}

fn answer(feed: &Feed, base: &str, view: &View<'_>) -> Reply {
    if let Some(denial) = view.denial {
        return Update::refused(denial).into();
    }
    let asked = match &feed.asked {
        Ok(asked) => asked,
        Err(BadFeed::Poll(bad)) => return misread(&bad.to_string(), Told::misread(bad)),
        Err(BadFeed::Target(name)) => {
            let text = format!("there is no arch {name}");
            return misread(&text, Told::unknown_target(&text));
        }
    };
    let decision = view.upgrade(&asked.poll, None, |release| installer::package(release, asked.arch));
    let told = decision.told(&asked.poll, Some("windows"));
    let answer = match &decision.offer {
        Some(offer) => Plain::status(StatusCode::OK)
            .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
            .body(
                "application/appinstaller",
                installer::render(feed, base, view, offer.release, &offer.found),
            ),
        None => Plain::not_found("package for you in the channel", &decision.channel.to_string()),
    };
    Update { answer, told }.into()
}

/// Windows has no file that means nothing new but that of what is newest: an error leaves it at what runs.
fn misread(text: &str, told: Told) -> Reply {
    Update { answer: Plain::said(StatusCode::BAD_REQUEST, text), told }.into()
}
