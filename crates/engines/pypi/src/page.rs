//! Index and project pages in JSON (PEP 691, 700, 592, 714) and, as a rendering of the same, HTML (PEP 503).

use bytes::Bytes;
use keyway_engine::{Caching, Context, Document, NameList, Reply, Transfer, View};
use serde_json::Value;

use crate::facts;
use crate::format::Format;
use crate::html::escape;
use crate::op::file_path;
use crate::refusal;
use crate::shelf::{Listed, Row, rows};

/// The highest version of the API whose rules these pages keep: 1.1 asks for versions, sizes and times, 1.2
/// to 1.4 add what may be left out; 1.5 would oblige us to publish namespace grants, which we do not have.
const API_VERSION: &str = "1.4";

/// What a file adds beside its facts, its name (thrice), the base and its digest.
const PER_FILE: usize = 320;

/// The page of every project that the caller may see.
pub(crate) fn index(names: &NameList, context: &Context<'_>, format: Format) -> Reply {
    let mut out = Vec::with_capacity(
        512 + names.0.iter().map(|name| 64 + context.base.len() + 2 * name.key.len()).sum::<usize>(),
    );
    match format {
        Format::Json => {
            write(&mut out, &["{\"meta\":{\"api-version\":\"", API_VERSION, "\"},\"projects\":["]);
            for (position, name) in names.0.iter().enumerate() {
                separate(&mut out, position);
                write(&mut out, &["{\"name\":", &quote(&name.key), "}"]);
            }
            out.extend_from_slice(b"]}");
        }
        Format::VersionedHtml | Format::Html => {
            write_head(&mut out, &format!("Packages for {}", context.account), "");
            for name in &names.0 {
                let href = format!("{}/simple/{}/", context.base, name.normalised);
                write(&mut out, &["<a href=\"", &escape(&href), "\">", &escape(&name.key), "</a><br>\n"]);
            }
            out.extend_from_slice(b"</body>\n</html>\n");
        }
    }
    document(format, out)
}

/// A project's page.
pub(crate) fn project(view: &View<'_>, context: &Context<'_>, format: Format) -> Reply {
    let rows = rows(view);
    match view.denial {
        Some(denial) if rows.is_empty() => refusal::denied(denial).into(),
        _ => document(format, render(view, context, &rows, format)),
    }
}

fn render(view: &View<'_>, context: &Context<'_>, rows: &[Row<'_>], format: Format) -> Vec<u8> {
    let name = view.package.normalised.as_str();
    let mut out = Vec::with_capacity(capacity(rows, context.base, name));
    match format {
        Format::Json => write_json(&mut out, name, context.base, rows),
        Format::VersionedHtml | Format::Html => write_html(&mut out, name, context.base, rows),
    }
    out
}

fn capacity(rows: &[Row<'_>], base: &str, name: &str) -> usize {
    let files = rows.iter().flat_map(|row| row.files.iter().map(move |file| (row, file)));
    let sizes = files.map(|(row, file)| {
        let facts = file.members.len().max(facts::attributes(file.artifact).len());
        let reason = row.yanked.map_or(0, str::len);
        PER_FILE + base.len() + name.len() + facts + 3 * file.artifact.filename.len() + reason
    });
    1024 + sizes.sum::<usize>()
}

fn write_json(out: &mut Vec<u8>, name: &str, base: &str, rows: &[Row<'_>]) {
    write(out, &["{\"meta\":{\"api-version\":\"", API_VERSION, "\"},\"name\":", &quote(name)]);
    out.extend_from_slice(b",\"project-status\":{\"status\":\"active\"},\"versions\":[");
    for (position, row) in rows.iter().enumerate() {
        separate(out, position);
        out.extend_from_slice(quote(row.release.version.verbatim()).as_bytes());
    }
    out.extend_from_slice(b"],\"files\":[");
    let files = rows.iter().flat_map(|row| row.files.iter().map(move |file| (row, file)));
    for (position, (row, file)) in files.enumerate() {
        separate(out, position);
        let yanked = match row.yanked {
            None => "false".to_owned(),
            Some("") => "true".to_owned(),
            Some(reason) => quote(reason),
        };
        write_json_file(out, &url(base, name, file), file, &yanked);
    }
    out.extend_from_slice(b"]}");
}

fn write_json_file(out: &mut Vec<u8>, url: &str, file: &Listed<'_>, yanked: &str) {
    let name = quote(&file.artifact.filename);
    write(
        out,
        &[
            "{\"filename\":",
            &name,
            ",\"url\":",
            &quote(url),
            ",\"hashes\":{\"sha256\":\"",
            &file.sha256,
            "\"}",
        ],
    );
    if !file.members.is_empty() {
        out.push(b',');
        out.extend_from_slice(file.members);
    }
    let size = file.artifact.size.to_string();
    let created = file.artifact.created.to_string();
    write(out, &[",\"size\":", &size, ",\"upload-time\":\"", &created, "\",\"yanked\":", yanked, "}"]);
}

fn write_html(out: &mut Vec<u8>, name: &str, base: &str, rows: &[Row<'_>]) {
    write_head(out, &format!("Links for {name}"), "<meta name=\"pypi:project-status\" content=\"active\">\n");
    for row in rows {
        for file in &row.files {
            write(out, &["<a href=\"", &escape(&url(base, name, file)), "#sha256=", &file.sha256, "\""]);
            out.extend_from_slice(facts::attributes(file.artifact));
            if let Some(reason) = row.yanked {
                write(out, &[" data-yanked=\"", &escape(reason), "\""]);
            }
            write(out, &[">", &escape(&file.artifact.filename), "</a><br>\n"]);
        }
    }
    out.extend_from_slice(b"</body>\n</html>\n");
}

fn write_head(out: &mut Vec<u8>, title: &str, meta: &str) {
    let title = escape(title);
    write(
        out,
        &[
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta name=\"pypi:repository-version\" content=\"",
            API_VERSION,
            "\">\n",
            meta,
            "<title>",
            &title,
            "</title>\n</head>\n<body>\n<h1>",
            &title,
            "</h1>\n",
        ],
    );
}

/// A file's permanent address: under our own base, not signed, since lock files keep it.
fn url(base: &str, project: &str, file: &Listed<'_>) -> String {
    format!("{base}{}", file_path(project, &file.artifact.filename))
}

fn document(format: Format, body: Vec<u8>) -> Reply {
    Reply::Document(Document {
        media_type: format.media_type(),
        body: Bytes::from(body),
        caching: Caching::Revalidate,
        transfer: Transfer::Negotiated,
        vary: "Accept, Authorization, Accept-Encoding",
    })
}

/// A text as a JSON string.
fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn separate(out: &mut Vec<u8>, position: usize) {
    if position > 0 {
        out.push(b',');
    }
}

fn write(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}
