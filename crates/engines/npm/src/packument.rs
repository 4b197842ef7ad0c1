//! Packuments and their parts, rendered by copying fragments (`npm-pypi.md` §1.2, §4).

use bytes::Bytes;
use keyway_base::Timestamp;
use keyway_engine::{Caching, Context, Document, Reply, Transfer, View};

use crate::fragment::{self, close, escape, quote};
use crate::offer::{Offer, dist_tags, offers, reach, tarball, unavailable};
use crate::op::{self, Form};
use crate::refusal;

/// What a version adds beside its fragment, its name and the base: punctuation, its time, its deprecation.
const PER_VERSION: usize = 160;

impl Form {
    /// The media type of the document.
    const fn media_type(self) -> &'static str {
        match self {
            Self::Full => "application/json",
            Self::Abbreviated => op::ABBREVIATED,
        }
    }

    /// The kind of its fragments.
    const fn fragment(self) -> &'static str {
        match self {
            Self::Full => fragment::FULL,
            Self::Abbreviated => fragment::ABBREVIATED,
        }
    }
}

/// The packument of everything that the view offers.
pub(crate) fn packument(view: &View<'_>, context: &Context<'_>, form: Form) -> Reply {
    let offers = offers(view);
    if offers.is_empty() {
        return unavailable(view, &format!("no version of {} has been published", view.package.key)).into();
    }
    let base = escape(context.base);
    let mut out = Vec::with_capacity(capacity(view, &offers, form, &base));
    write_head(&mut out, view, &offers, form);
    out.extend_from_slice(b",\"versions\":{");
    for (index, offer) in offers.iter().rev().enumerate() {
        separate(&mut out, index);
        write_parts(&mut out, &["\"", offer.version(), "\":"]);
        write_version(&mut out, view, offer, form, &base);
    }
    out.extend_from_slice(b"},\"time\":");
    write_times(&mut out, view, &offers);
    out.push(b'}');
    document(form.media_type(), out)
}

/// One version's metadata.
pub(crate) fn manifest(view: &View<'_>, context: &Context<'_>, selector: &str) -> Reply {
    let absent = || unavailable(view, &format!("{} has no version or tag {selector}", view.package.key));
    let is_version = keyway_versions::parse(keyway_versions::Scheme::Npm, selector).is_ok();
    let tag = dist_tags(view, &offers(view)).into_iter().find(|(tag, _)| *tag == selector);
    let version = match tag {
        _ if is_version => selector,
        Some((_, version)) => version,
        None => return absent().into(),
    };
    let release = match reach(view, version) {
        Ok((_, release)) => release,
        Err(plain) => return plain.into(),
    };
    let Some((_, artifact)) = tarball(release) else { return absent().into() };
    let mut out = Vec::new();
    write_version(&mut out, view, &Offer { release, artifact }, Form::Full, &escape(context.base));
    document(Form::Full.media_type(), out)
}

/// The dist-tags alone.
pub(crate) fn tags(view: &View<'_>) -> Reply {
    let offers = offers(view);
    if offers.is_empty() {
        return unavailable(view, &format!("no version of {} has been published", view.package.key)).into();
    }
    let mut out = Vec::new();
    write_tags(&mut out, view, &offers);
    document(Form::Full.media_type(), out)
}

fn document(media_type: &'static str, body: Vec<u8>) -> Reply {
    Reply::Document(Document {
        media_type,
        body: Bytes::from(body),
        caching: Caching::Revalidate,
        transfer: Transfer::Negotiated,
        vary: "Accept, Authorization, Accept-Encoding",
    })
}

fn capacity(view: &View<'_>, offers: &[Offer<'_>], form: Form, base: &str) -> usize {
    let fixed = PER_VERSION + base.len() + 2 * view.package.key.len();
    let fragments =
        offers.iter().map(|offer| fragment_of(offer, form).len() + offer.deprecated().map_or(0, str::len));
    1024 + offers.len() * fixed + fragments.sum::<usize>()
}

/// Everything before `versions`. `_id` and `_rev` are what old clients of the full form expect to be there.
fn write_head(out: &mut Vec<u8>, view: &View<'_>, offers: &[Offer<'_>], form: Form) {
    let name = quote(&view.package.key);
    match form {
        Form::Full => write_parts(out, &["{\"_id\":", &name, ",\"_rev\":\"1-0\",\"name\":", &name]),
        Form::Abbreviated => {
            let modified = modified(view, offers).to_string();
            write_parts(out, &["{\"name\":", &name, ",\"modified\":\"", &modified, "\""]);
        }
    }
    out.extend_from_slice(b",\"dist-tags\":");
    write_tags(out, view, offers);
}

fn write_tags(out: &mut Vec<u8>, view: &View<'_>, offers: &[Offer<'_>]) {
    out.push(b'{');
    for (index, (tag, version)) in dist_tags(view, offers).into_iter().enumerate() {
        separate(out, index);
        write_parts(out, &[&quote(tag), ":\"", version, "\""]);
    }
    out.push(b'}');
}

fn write_version(out: &mut Vec<u8>, view: &View<'_>, offer: &Offer<'_>, form: Form, base: &str) {
    out.extend_from_slice(fragment_of(offer, form));
    close(out, base, &view.package.key, offer.version(), offer.deprecated());
}

/// When each version came to be: clients with a release-age gate refuse every version without it (§1.7).
fn write_times(out: &mut Vec<u8>, view: &View<'_>, offers: &[Offer<'_>]) {
    let created = view.package.created.to_string();
    let modified = modified(view, offers).to_string();
    write_parts(out, &["{\"created\":\"", &created, "\",\"modified\":\"", &modified, "\""]);
    for offer in offers.iter().rev() {
        write_parts(out, &[",\"", offer.version(), "\":\"", &offer.artifact.created.to_string(), "\""]);
    }
    out.push(b'}');
}

/// When the youngest thing in the document came to be.
fn modified(view: &View<'_>, offers: &[Offer<'_>]) -> Timestamp {
    offers.iter().map(|offer| offer.artifact.created).fold(view.package.created, Timestamp::max)
}

fn fragment_of<'a>(offer: &Offer<'a>, form: Form) -> &'a [u8] {
    offer.artifact.manifest(form.fragment()).map_or(&[], |manifest| &*manifest.bytes)
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

fn write_parts(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The tarball of a version.
pub(crate) fn file(view: &View<'_>, version: &str) -> Reply {
    let (index, release) = match reach(view, version) {
        Ok(found) => found,
        Err(plain) => return plain.into(),
    };
    match tarball(release) {
        Some((artifact, _)) => Reply::File(keyway_engine::FileReply {
            release: index,
            artifact,
            media_type: Some("application/octet-stream"),
            attachment: false,
        }),
        None => {
            refusal::not_found(&format!("{} has no tarball of version {version}", view.package.key)).into()
        }
    }
}
