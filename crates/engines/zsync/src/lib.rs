//! The zsync engine: AppImages under stable names, with the control files by which `zsync` and AppImageUpdate load only
//! the blocks that they lack (`updaters.md` §3).
//!
//! A control file comes from the vendor or is made when the image is uploaded. Its address of the image is ours, and
//! the image is never redirected, since zsync refuses that.

mod control;
mod op;
mod shelf;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, Head, Ingested, Manifest, Need, Outcome,
    Plain, Reject, Reply, Site, Upload, plain_key,
};
use keyway_versions::Scheme;

pub use control::{BadControl, Control, Sums};
pub use op::{Latest, Op, Part, Wanted};

/// The zsync engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZsyncEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "zsync",
    name: "zsync",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[".appimage", ".zsync"],
    body_limit: 0,
    redirects: false,
    registry: false,
    updates: true,
    newest_tag: None,
    setup: "zsync -A {host}=license:{key} {base}/PACKAGE/latest-x86_64.AppImage.zsync",
};

const USAGE: &str = "images are at /{package}/latest-{arch}.AppImage and /{package}/{version}/{file}, \
    with .zsync after them for their control files";

/// The largest uploaded control file.
const MAX_CONTROL: u64 = 8 * 1024 * 1024;

/// What the control file of an artifact is kept as.
const KIND: &str = "zsync";

impl Engine for ZsyncEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Package { key: &op.package }
    }

    fn is_poll(&self, op: &Op) -> bool {
        !matches!(op.wanted, Wanted::Release(_))
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match access {
            Access::Package(view) => shelf::answer(op, context.base, view),
            _ => Plain::not_found("package", &op.package).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        Plain::refused(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        Plain::bad_path(error, USAGE)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        Plain::not_found("package", &op.package).into()
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        let is_control = upload.filename.to_lowercase().ends_with(".zsync");
        let kept = if is_control { uploaded(upload)? } else { made(upload)?.kept() };
        Ok(Ingested { manifests: vec![Manifest { kind: KIND.to_owned(), bytes: kept.into() }] })
    }
}

/// What is kept of the control file that the vendor made.
fn uploaded(upload: &mut Upload<'_>) -> Result<Vec<u8>, Reject> {
    if upload.size > MAX_CONTROL {
        return Err(Reject(format!("`{}` is larger than {MAX_CONTROL} bytes", upload.filename)));
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(upload.body, &mut bytes).map_err(unreadable)?;
    let control = Control::parse(&bytes);
    control
        .map(|control| control.kept())
        .map_err(|error| Reject(format!("`{}` is no control file of zsync: {error}", upload.filename)))
}

/// The control file of an image.
fn made(upload: &mut Upload<'_>) -> Result<Control<'static>, Reject> {
    let (size, sha1) = (upload.size, upload.digests.sha1);
    Control::of(&mut upload.body, size, sha1).map_err(unreadable)
}

fn unreadable(error: std::io::Error) -> Reject {
    Reject(format!("the file could not be read: {error}"))
}

/// A control file as a client gets it.
fn control_file(bytes: Vec<u8>) -> Plain {
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("application/x-zsync", bytes)
}
