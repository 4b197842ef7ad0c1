//! The feed: RSS 2.0 with Sparkle's own elements (`updaters.md` §3).

use keyway_base::Timestamp;
use keyway_engine::xml::Xml;
use keyway_engine::{Artifact, Release, View};
use keyway_versions::Channel;

use crate::enclosure::{self, Enclosure};

/// The media type of a feed.
pub(crate) const MEDIA_TYPE: &str = "application/rss+xml; charset=utf-8";

const NAMESPACE: &str = "http://www.andymatuschak.org/xml-namespaces/sparkle";

/// One release that is offered, as one file.
pub(crate) struct Item<'a> {
    /// The release.
    pub release: &'a Release,
    /// The channel that a client has to have chosen to hear of it; none for everybody.
    pub channel: Option<Channel>,
    /// The file.
    pub enclosure: Enclosure<'a>,
}

/// The feed of a package, under `base`.
pub(crate) fn render(view: &View<'_>, base: &str, items: &[Item<'_>]) -> String {
    let mut xml = Xml::default();
    let head = [("version", "2.0"), ("xmlns:sparkle", NAMESPACE)];
    xml.around("rss", &head, |xml| {
        xml.around("channel", &[], |xml| {
            xml.text("title", &[], &view.package.name);
            for item in items {
                xml.around("item", &[], |xml| Writer { view, base, item }.write(xml));
            }
        });
    });
    xml.finish()
}

struct Writer<'a> {
    view: &'a View<'a>,
    base: &'a str,
    item: &'a Item<'a>,
}

impl Writer<'_> {
    fn write(&self, xml: &mut Xml) {
        let Item { release, channel, enclosure } = self.item;
        let short = release.version.verbatim();
        let version = bundle_version(release);
        xml.text("title", &[], release.name.as_deref().unwrap_or(short));
        xml.text("pubDate", &[], &rfc_822(release.created));
        xml.text("sparkle:version", &[], version);
        xml.text("sparkle:shortVersionString", &[], short);
        if let Some(channel) = channel {
            xml.text("sparkle:channel", &[], &channel.to_string());
        }
        if let Some(system) = &release.urgency.minimum_system {
            xml.text("sparkle:minimumSystemVersion", &[], system);
        }
        if let Some(arch) = enclosure.requires {
            xml.text("sparkle:hardwareRequirements", &[], arch);
        }
        if let Some(seconds) = release.phased_interval {
            xml.text("sparkle:phasedRolloutInterval", &[], &seconds.to_string());
        }
        self.critical(xml);
        self.notes(xml);
        let mut more = vec![("sparkle:version", version), ("sparkle:shortVersionString", short)];
        more.extend(enclosure.os.map(|os| ("sparkle:os", os)));
        self.enclosure(xml, enclosure.artifact, &more);
        if enclosure.os.is_none() {
            self.deltas(xml, version);
        }
    }

    /// Critical for everybody, or for those below a version, which is one that the client knows itself by.
    fn critical(&self, xml: &mut Xml) {
        const NAME: &str = "sparkle:criticalUpdate";
        let urgency = &self.item.release.urgency;
        if urgency.forced || urgency.critical {
            xml.empty(NAME, &[]);
        } else if let Some(minimum) = &urgency.minimum_version {
            let package = self.view.package;
            let known = package.position(minimum).and_then(|at| package.releases.get(at));
            xml.empty(NAME, &[("sparkle:version", known.map_or(minimum.verbatim(), bundle_version))]);
        }
    }

    /// A page of notes where there is one, else what the release says of itself. Sparkle takes a description for
    /// HTML unless told otherwise.
    fn notes(&self, xml: &mut Xml) {
        let release = self.item.release;
        if let Some(page) = enclosure::notes(release) {
            let url = self.view.file_url(self.base, release, &page.filename);
            xml.text("sparkle:releaseNotesLink", &[], &url);
        } else if let Some(text) = release.description.as_deref().filter(|text| !text.trim().is_empty()) {
            let plain = [("sparkle:format", "plain-text")];
            let is_html = text.trim_start().starts_with('<');
            xml.text("description", if is_html { &[] } else { &plain }, text);
        }
    }

    fn enclosure(&self, xml: &mut Xml, artifact: &Artifact, more: &[(&str, &str)]) {
        let url = self.view.file_url(self.base, self.item.release, &artifact.filename);
        let length = artifact.size.to_string();
        let fixed = [("url", url.as_str()), ("length", &length), ("type", "application/octet-stream")];
        let signature = enclosure::signature(artifact).map(|text| ("sparkle:edSignature", text));
        let more = more.iter().copied();
        let attributes: Vec<(&str, &str)> = fixed.into_iter().chain(more).chain(signature).collect();
        xml.empty("enclosure", &attributes);
    }

    fn deltas(&self, xml: &mut Xml, version: &str) {
        let deltas = enclosure::deltas(self.item.release, version);
        if deltas.is_empty() {
            return;
        }
        xml.around("sparkle:deltas", &[], |xml| {
            for (from, artifact) in deltas {
                let more = [("sparkle:version", version), ("sparkle:deltaFrom", from)];
                self.enclosure(xml, artifact, &more);
            }
        });
    }
}

/// What the client knows the release by: the number of its build, or its version.
fn bundle_version(release: &Release) -> &str {
    release.bundle_version.as_deref().unwrap_or_else(|| release.version.verbatim())
}

/// `Fri, 02 Jan 2026 03:04:05 +0000`: Sparkle reads `E, dd MMM yyyy HH:mm:ss Z` only.
fn rfc_822(moment: Timestamp) -> String {
    moment.http_date().replace("GMT", "+0000")
}
