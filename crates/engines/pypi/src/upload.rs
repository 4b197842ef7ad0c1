//! The upload form of Python's clients (`npm-pypi.md` §2.8): twine, uv, poetry, pdm and hatch send the same one.
//!
//! What is offered later comes from the file; the form only has to agree. Attestations and signatures in it are left
//! aside: this index has nobody to vouch for their identities.

use http::StatusCode;
use keyway_archive::normalize_python_name;
use keyway_crypto::digest::{Md5, Sha256};
use keyway_engine::{
    Act, Around, BadBody, Context, Digests, Existing, Files, Form, Head, Outcome, Plain, Publication, Sent,
    Takes, Upload,
};

use crate::name::{FileName, ProjectName};
use crate::{ingest, refusal};

/// The largest file that can be uploaded, in bytes.
const FILE_LIMIT: u64 = 1 << 30;

/// The form that an upload is.
///
/// # Errors
/// The answer to something else.
pub(crate) fn takes(head: &Head<'_>) -> Result<Takes, Plain> {
    let form = Form::new(head.header("content-type"), "content").map_err(|BadBody(text)| invalid(&text))?;
    Ok(Takes::Wrapped { limit: FILE_LIMIT, unwrap: Box::new(form) })
}

/// Reads an uploaded file and compares it with its form.
///
/// # Errors
/// The answer to a form or file that is not right.
pub(crate) fn act(context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
    let around = sent.around;
    if around.field(":action") != Some("file_upload") {
        return Err(invalid("the form's :action is not file_upload"));
    }
    let (Some(file), Some(filename)) = (&mut sent.file, around.filename.as_deref()) else {
        return Err(invalid("the form has no file in its field `content`"));
    };
    let field = |name: &str| {
        let value = around.field(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| invalid(&format!("the form has no `{name}`")))
    };
    let (name, version) = (field("name")?, field("version")?);
    let parsed = file_name(filename, around.field("filetype"))?;
    check_project(name, &parsed)?;
    check_digests(around, file.digests)?;
    let mut upload = Upload {
        filename,
        package_key: name,
        version,
        size: file.size,
        digests: file.digests,
        body: &mut *file.body,
        signature: None,
        public_key: None,
        companion: &[],
        signer: context.signer,
    };
    let ingested = ingest::ingest(&mut upload).map_err(|reject| invalid(&reject.0))?;
    let (filetype, media_type) = match parsed {
        FileName::Wheel(_) => ("whl", "application/zip"),
        FileName::Sdist(_) => ("tar.gz", "application/gzip"),
    };
    Ok(Act::Publish(Box::new(Publication {
        package: name.to_owned(),
        version: version.to_owned(),
        filename: filename.to_owned(),
        filetype: Some(filetype),
        media_type,
        platform: None,
        description: None,
        notice: None,
        tags: Vec::new(),
        files: Files::Several,
        manifests: ingested.manifests,
    })))
}

/// What became of an upload; `None` where nothing is to be told.
pub(crate) fn told(outcome: &Outcome) -> Option<Plain> {
    Some(match outcome {
        Outcome::LoggedIn { .. } | Outcome::Content(_) => return None,
        Outcome::Published { filename, .. } => {
            Plain::said(StatusCode::OK, &format!("{filename} is published"))
        }
        Outcome::Changed => Plain::said(StatusCode::OK, "done"),
        // Sending the same file again is no failure: CI runs are repeated.
        Outcome::Exists { filename, by: Existing::Same, .. } => {
            Plain::said(StatusCode::OK, &format!("{filename} was published before"))
        }
        // twine and uv look for these words when they are told to skip what is there.
        Outcome::Exists { filename, by: Existing::Other, .. } => invalid(&format!(
            "File already exists ('{filename}', with other content): use a different version"
        )),
        Outcome::Exists { filename, by: Existing::Gone, .. } => invalid(&format!(
            "{filename} was withdrawn or deleted, and its name is not used again: use a different version"
        )),
        Outcome::Absent(message) => refusal::not_found(message),
        Outcome::Invalid(message) => invalid(message),
        Outcome::TooLarge { limit } => Plain::said(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("what is sent may have at most {limit} bytes"),
        ),
    })
}

fn file_name(filename: &str, filetype: Option<&str>) -> Result<FileName, Plain> {
    let neither = || invalid("a file to upload is a wheel (.whl) or a source distribution (.tar.gz)");
    let parsed =
        FileName::parse(filename).ok_or_else(neither)?.map_err(|error| invalid(&error.to_string()))?;
    let expected = match parsed {
        FileName::Wheel(_) => "bdist_wheel",
        FileName::Sdist(_) => "sdist",
    };
    match filetype {
        Some(other) if other != expected => {
            Err(invalid(&format!("`filetype` of the form is {other}, but {filename} is a {expected}")))
        }
        _ => Ok(parsed),
    }
}

fn check_project(name: &str, file: &FileName) -> Result<(), Plain> {
    ProjectName::parse(name).map_err(|error| invalid(&error.0))?;
    if normalize_python_name(name) == file.project() {
        return Ok(());
    }
    Err(invalid(&format!("the form is for {name}, but {file} is a file of {}", file.project())))
}

/// Digests that the client computed must be those of what arrived. BLAKE2 is not looked at: SHA-256 comes with it.
fn check_digests(around: &Around, digests: &Digests) -> Result<(), Plain> {
    let ours =
        [("md5_digest", Md5::new(digests.md5).hex()), ("sha256_digest", Sha256::new(digests.sha256).hex())];
    for (field, digest) in ours {
        let said = around.field(field).filter(|said| !said.is_empty());
        if said.is_some_and(|said| !said.eq_ignore_ascii_case(&digest)) {
            return Err(invalid(&format!(
                "the file does not have the `{field}` that the form says: it is {digest}"
            )));
        }
    }
    Ok(())
}

fn invalid(message: &str) -> Plain {
    Plain::said(StatusCode::BAD_REQUEST, message)
}
