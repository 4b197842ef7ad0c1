//! The spec indexes that `gem` reads (`specs.4.8.gz` and its siblings), and single gemspecs.

use bytes::Bytes;
use keyway_engine::{Caching, Document, Reply, Transfer, View};

use crate::dump::{Triple, spec_index};
use crate::facts;
use crate::refusal;
use crate::shelf::{Reached, Row, rows};

/// Which gems an index lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// Every finished version.
    Released,
    /// The highest finished version of each gem on each platform.
    Latest,
    /// Every pre-release.
    Prereleases,
}

/// A spec index, sorted by name, version and platform.
pub(crate) fn index(views: &[View<'_>], which: Which) -> Reply {
    let gems: Vec<(&str, Vec<Row<'_>>)> =
        views.iter().map(|view| (view.package.key.as_str(), chosen(rows(view), which))).collect();
    let triples: Vec<Triple<'_>> = gems
        .iter()
        .flat_map(|(name, rows)| {
            rows.iter().map(|row| Triple { name, version: &row.facts.version, platform: &row.facts.platform })
        })
        .collect();
    document(spec_index(&triples))
}

fn chosen(mut rows: Vec<Row<'_>>, which: Which) -> Vec<Row<'_>> {
    rows.retain(|row| row.release.version.is_prerelease() == (which == Which::Prereleases));
    if which != Which::Latest {
        return rows;
    }
    let mut latest: Vec<Row<'_>> = Vec::new();
    // From the highest version down, the first of each platform stays.
    for row in rows.into_iter().rev() {
        if latest.iter().all(|kept| kept.facts.platform != row.facts.platform) {
            latest.push(row);
        }
    }
    latest.reverse();
    latest
}

/// `quick/Marshal.4.8/{full name}.gemspec.rz`.
pub(crate) fn quick(reached: &Reached<'_>) -> Reply {
    match facts::quick(reached.artifact) {
        Some(bytes) => document(bytes),
        None => refusal::not_found("there is no such gemspec").into(),
    }
}

fn document(bytes: Vec<u8>) -> Reply {
    Reply::Document(Document {
        media_type: "application/octet-stream",
        body: Bytes::from(bytes),
        caching: Caching::Revalidate,
        transfer: Transfer::Packed,
        vary: "Authorization",
    })
}
