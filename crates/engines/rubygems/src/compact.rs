//! The compact index: `versions`, `info/{gem}` and `names`.
//!
//! Gems that were made within a minute of one another form a batch. Inside a batch everything is sorted; later
//! batches follow earlier ones. So a document only grows at its end as gems are added, and Bundler fetches what
//! is new; and any node makes the same document of the same gems.

use bytes::Bytes;
use keyway_base::Timestamp;
use keyway_crypto::digest::RunningMd5;
use keyway_engine::{Caching, Document, NameList, Reply, Transfer, View};

use crate::refusal;
use crate::shelf::{Row, rows};

/// Gems further apart than this, in microseconds, are in different batches.
const QUIET: i64 = 60_000_000;

/// `names`.
pub(crate) fn names(names: &NameList) -> Reply {
    let mut out = "---\n".to_owned();
    for name in &names.0 {
        out.push_str(&name.key);
        out.push('\n');
    }
    document(out)
}

/// `info/{gem}`.
pub(crate) fn info(view: &View<'_>) -> Reply {
    let rows = in_batches(rows(view));
    if rows.is_empty() {
        return match view.denial {
            Some(denial) => refusal::denied(denial).into(),
            None => refusal::not_found(&format!("there is no gem {}", view.package.key)).into(),
        };
    }
    let mut out = "---\n".to_owned();
    rows.iter().for_each(|row| out.push_str(&row.facts.line(&row.sha256)));
    document(out)
}

/// `versions`: for each batch a line per gem with the batch's versions of it and the MD5 of its info document as
/// of then. Clients go by a gem's last line.
pub(crate) fn versions(views: &[View<'_>]) -> Reply {
    let gems: Vec<(&str, Vec<Row<'_>>)> =
        views.iter().map(|view| (view.package.key.as_str(), in_batches(rows(view)))).collect();
    let mut times: Vec<Timestamp> =
        gems.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.created)).collect();
    times.sort_unstable();
    let starts = starts(&times);
    let mut lines: Vec<(usize, String)> =
        gems.iter().flat_map(|(name, rows)| lines_of(name, rows, &starts)).collect();
    // A stable sort: names stay in order within a batch.
    lines.sort_by_key(|(batch, _)| *batch);
    let first = times.first().copied().unwrap_or(Timestamp::from_micros(0));
    let mut out = format!("created_at: {first}\n---\n");
    lines.iter().for_each(|(_, line)| out.push_str(line));
    document(out)
}

/// The lines of one gem, each with the batch that it belongs to.
fn lines_of(name: &str, rows: &[Row<'_>], starts: &[Timestamp]) -> Vec<(usize, String)> {
    let batch_of = |row: &Row<'_>| starts.partition_point(|start| *start <= row.created);
    let mut running = RunningMd5::default();
    running.update(b"---\n");
    let batches = rows.chunk_by(|left, right| batch_of(left) == batch_of(right));
    let lines = batches.map(|batch| {
        batch.iter().for_each(|row| running.update(row.facts.line(&row.sha256).as_bytes()));
        let versions: Vec<String> = batch.iter().map(|row| row.facts.tail()).collect();
        let number = batch.first().map_or(0, batch_of);
        (number, format!("{name} {} {}\n", versions.join(","), running.so_far()))
    });
    lines.collect()
}

/// Sorts rows (lowest version first) by batch. The batches of one gem lie within those of all gems, since what is
/// far apart among all is far apart in each.
fn in_batches(mut rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut times: Vec<Timestamp> = rows.iter().map(|row| row.created).collect();
    times.sort_unstable();
    let starts = starts(&times);
    rows.sort_by_key(|row| starts.partition_point(|start| *start <= row.created));
    rows
}

/// The first moment of each batch, of sorted times.
fn starts(times: &[Timestamp]) -> Vec<Timestamp> {
    let batches = times.chunk_by(|left, right| right.as_micros().saturating_sub(left.as_micros()) <= QUIET);
    batches.filter_map(|batch| batch.first().copied()).collect()
}

fn document(text: String) -> Reply {
    Reply::Document(Document {
        media_type: "text/plain; charset=utf-8",
        body: Bytes::from(text),
        caching: Caching::Revalidate,
        transfer: Transfer::Appended,
        vary: "Accept, Authorization",
    })
}
