//! `GET` and `POST …/actions/check-out` (`licensing.md` §13): a signed copy of a record, to be checked where there is
//! no network. The same for every kind of file.

mod include;
mod license;
mod machine;
mod options;

pub(crate) use license::{RAW as RAW_LICENSE, RESOURCE as LICENSE, raw as raw_license, resource as license};
pub(crate) use machine::{RAW as RAW_MACHINE, RESOURCE as MACHINE, raw as raw_machine, resource as machine};

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_crypto::certificate::{self, CertificateAlgorithm, Subject};
use keyway_domain::license::check_out::{MIN_TTL, Validity};
use keyway_domain::permission::Permission;
use keyway_domain::resources::License;
use keyway_jsonapi::document::{account_path, record_path};
use keyway_jsonapi::{Declared, Record, Value};
use serde_json::{Map, json};
use tokio::task::spawn_blocking;

use self::include::{Document, Include};
use self::options::Options;
use super::license_state::policy_of;
use crate::call::Call;
use crate::contract::{Asked, Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{change, find, one};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::version::Route;
use crate::work::Work;

/// A kind of file.
struct Kind {
    /// The JSON:API type of the file.
    file: &'static str,
    /// Whom its certificate is about.
    subject: Subject,
    /// The rules of the records that are checked out.
    hooks: &'static dyn Hooks,
    /// Checking one out.
    action: Action,
    /// Reading one.
    read: Permission,
    /// Reading one, as a route: what a version's documents are like there they are like in its files.
    route: Route,
    /// The column that refers to the licence; none when the record is the licence.
    license: Option<&'static str>,
    /// What a file is encrypted with, by licence and record.
    secret: fn(&Record, &Record) -> String,
    /// What it may include.
    includes: &'static [&'static Include],
}

/// A file, and what is said of it beside.
struct File {
    record: Record,
    license: Record,
    algorithm: CertificateAlgorithm,
    includes: Vec<String>,
    validity: Validity,
    certificate: String,
}

/// The certificate alone, to be saved.
async fn raw(call: Arc<Call>, kind: &'static Kind) -> Outcome<Reply> {
    let file = check_out(&call, kind).await?;
    Ok(Reply::attachment(&format!("{}.lic", file.record.id()), file.certificate))
}

/// The certificate in a resource, which is stored nowhere.
async fn resource(call: Arc<Call>, kind: &'static Kind) -> Outcome<Reply> {
    let file = check_out(&call, kind).await?;
    let (issued, expiry) = (file.validity.issued, file.validity.expiry().map(|expiry| expiry.to_string()));
    let attributes = json!({
        "certificate": file.certificate,
        "algorithm": file.algorithm.to_string(),
        "includes": file.includes,
        "ttl": file.validity.ttl,
        "expiry": expiry,
        "issued": issued.to_string(),
    });
    let id = RecordId::generate(call.now).to_string();
    let relationships = relationships(&file);
    Ok(Reply::data(
        json!({ "id": id, "type": kind.file, "attributes": attributes, "relationships": relationships }),
    ))
}

/// What every check-out asks for, and how it is refused.
const OPTIONS: Contract = Contract::USUAL
    .asks(&[
        Asked::query("encrypt", || json!({ "type": "boolean" }), "Whether the payload is encrypted."),
        Asked::query("algorithm", || json!({ "type": "string" }), "Encoding and signature, joined by `+`."),
        Asked::query(
            "ttl",
            || json!({ "type": ["integer", "null"], "minimum": MIN_TTL }),
            "Seconds it lives.",
        ),
        Asked::query("include", || json!({ "type": "string" }), "What it carries along, by commas."),
    ])
    .codes(&["CHECKOUT_TTL_INVALID", "CHECKOUT_ALGORITHM_INVALID", "CHECKOUT_INCLUDE_INVALID"]);

/// A certificate by itself.
const CERTIFICATE: &[Given] = &[Given::new(200, Data::Raw("application/octet-stream"))];

/// The resource of a file, of such a type.
fn file_schema(kind: &str) -> serde_json::Value {
    let moment = json!({ "type": ["string", "null"], "format": "date-time" });
    json!({
        "type": "object",
        "required": ["id", "type", "attributes", "relationships"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "type": { "const": kind },
            "attributes": {
                "type": "object",
                "required": ["certificate", "algorithm", "includes", "ttl", "expiry", "issued"],
                "properties": {
                    "certificate": { "type": "string" },
                    "algorithm": { "type": "string" },
                    "includes": { "type": "array", "items": { "type": "string" } },
                    "ttl": { "type": ["integer", "null"] },
                    "expiry": moment,
                    "issued": { "type": "string", "format": "date-time" },
                },
                "additionalProperties": false,
            },
            "relationships": { "type": "object" },
        },
        "additionalProperties": false,
    })
}

/// Finds the record, notes that it was checked out, and signs what it is now.
async fn check_out(call: &Arc<Call>, kind: &'static Kind) -> Outcome<File> {
    let mut work = Work::writing(call).await?;
    let before = find(&mut work, kind.hooks, call.param(0)).await?;
    let subject = kind.hooks.subject(&mut work, &before).await?;
    gate::authorize(call, kind.action, &subject)?;
    gate::require(call, kind.read)?;
    let options = Options::read(&call.query, &call.body)?;
    let includes = include::named(kind.includes, &options.include)?;
    include::permit(call, &includes)?;
    let mut record = before.clone();
    record.set("last_check_out_at", Value::Time(call.now));
    change(&mut work, &before, &mut record).await?;
    work.log(&record, "checked-out").await?;
    let license = match kind.license {
        None => Some(record.clone()),
        Some(column) => work.referred(&record, column, License::RESOURCE).await?,
    };
    let license = license.ok_or_else(|| Refusal::Broken(format!("a {:?} has no licence", kind.subject)))?;
    let algorithm = options.algorithm(policy_of(&mut work, &license).await?.scheme);
    if is_slow(algorithm) {
        call.api.pace().count(call.account.id, license.id().into(), call.api.parts().clock.monotonic())?;
    }
    work.commit().await?;
    let validity = Validity { issued: call.now, ttl: options.ttl };
    // Others may write while it is rendered: what it carries along may be much.
    let mut work = Work::reading(call).await?;
    let payload = payload(&mut work, kind, &record, &includes, validity).await?;
    drop(work);
    let certificate = sign(call, kind.subject, algorithm, (kind.secret)(&license, &record), payload).await?;
    Ok(File { record, license, algorithm, includes: options.include, validity, certificate })
}

/// Whether signing takes far longer than all else.
const fn is_slow(algorithm: CertificateAlgorithm) -> bool {
    matches!(algorithm.signature, SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaSha256)
}

/// The document that is signed, in the version that the caller speaks.
async fn payload(
    work: &mut Work,
    kind: &Kind,
    record: &Record,
    includes: &[&'static Include],
    validity: Validity,
) -> Outcome<String> {
    let mut document = Document::of(one(work, kind.hooks, record).await?);
    for include in includes {
        document.include(work, record, include).await?;
    }
    let (data, included) = document.into_parts();
    let mut members = Map::from_iter([("data".to_owned(), data)]);
    if !includes.is_empty() {
        members.insert("included".to_owned(), included.into());
    }
    let expiry = validity.expiry().map(|expiry| expiry.to_string());
    let meta = json!({ "issued": validity.issued.to_string(), "expiry": expiry, "ttl": validity.ttl });
    members.insert("meta".to_owned(), meta);
    Ok(work.call.version.render(members.into(), Some(kind.route)).to_string())
}

/// Signs where blocking is allowed: RSA takes its time.
async fn sign(
    call: &Call,
    subject: Subject,
    algorithm: CertificateAlgorithm,
    secret: String,
    payload: String,
) -> Outcome<String> {
    let keys = Arc::clone(&call.account.keys);
    let _core = if is_slow(algorithm) { call.api.pace().core().await } else { None };
    let signing =
        spawn_blocking(move || certificate::write(&keys, subject, algorithm, &secret, payload.as_bytes()));
    let signed = signing.await.map_err(|error| Refusal::Broken(format!("signing died: {error}")))?;
    signed.map_err(|error| Refusal::Broken(error.to_string()))
}

/// Account and environment as every resource has them, the licence, and the machine where it is one's file.
fn relationships(file: &File) -> serde_json::Value {
    let record = &file.record;
    let account = account_path(record.account());
    let environment = record.environment().map(|id| id.to_string());
    let link = environment.as_ref().map(|id| format!("{account}/environments/{id}"));
    let data = environment.map(|id| json!({ "type": "environments", "id": id }));
    let mut all = Map::new();
    let id = record.account().to_string();
    let of_account = json!({ "links": { "related": account }, "data": { "type": "accounts", "id": id } });
    all.insert("account".to_owned(), of_account);
    all.insert("environment".to_owned(), json!({ "links": { "related": link }, "data": data }));
    for record in [&file.license, record] {
        let data = json!({ "type": record.resource.kind, "id": record.id().to_string() });
        let link = json!({ "links": { "related": record_path(record) }, "data": data });
        all.insert(record.resource.noun.to_owned(), link);
    }
    all.into()
}
