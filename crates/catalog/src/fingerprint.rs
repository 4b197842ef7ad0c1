//! What tells two states of a package apart: a digest over its rows.

use keyway_crypto::digest::sha256;
use keyway_jsonapi::{Record, Value};

use crate::Identity;

/// Bytes longer than this (manifests) are told apart by their row's id, since rows of that kind are replaced,
/// never changed.
const LONG: usize = 64;

/// Gathers rows. Two gatherings have the same identity when the same rows were put in in the same order, so
/// that what was rendered from them can be used again after a reload.
pub(crate) struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// Begins with what the rows are read for.
    pub(crate) fn of(purpose: &str) -> Self {
        let mut print = Self(Vec::with_capacity(4096));
        print.bytes(0, purpose.as_bytes());
        print
    }

    /// Adds a row.
    pub(crate) fn record(&mut self, record: &Record) {
        self.bytes(1, record.resource.table.as_bytes());
        record.values.iter().for_each(|value| self.value(value));
    }

    /// Adds a text from a row of which nothing else counts.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(5, text.as_bytes());
    }

    /// Adds something that has an identity of its own.
    pub(crate) fn identity_of(&mut self, part: Identity) {
        self.bytes(11, &part.0.to_be_bytes());
    }

    /// The identity of what was gathered.
    pub(crate) fn identity(&self) -> Identity {
        let digest = sha256(&self.0);
        let (half, _) = digest.as_bytes().split_first_chunk().expect("32 bytes have a first half of 16");
        Identity(u128::from_be_bytes(*half))
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(2, &[]),
            Value::Bool(value) => self.bytes(3, &[u8::from(*value)]),
            Value::Int(value) => self.bytes(4, &value.to_be_bytes()),
            Value::Text(text) => self.bytes(5, text.as_bytes()),
            Value::Id(id) => self.bytes(6, id.as_bytes()),
            Value::Time(time) => self.bytes(7, &time.as_micros().to_be_bytes()),
            Value::Json(json) => self.bytes(8, json.to_string().as_bytes()),
            Value::Bytes(bytes) if bytes.len() > LONG => self.bytes(9, &bytes.len().to_be_bytes()),
            Value::Bytes(bytes) => self.bytes(10, bytes),
        }
    }

    /// A tag, a length and the bytes, so that no two sequences run into one another.
    fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.0.push(tag);
        self.0.extend_from_slice(&bytes.len().to_be_bytes());
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, RecordId, Timestamp};
    use keyway_domain::resources::Entitlement;
    use keyway_jsonapi::Declared;

    use super::*;

    fn entitlement(code: &str) -> Record {
        let now = Timestamp::from_micros(1);
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let mut record = Record::new(Entitlement::RESOURCE, id, AccountId::from(id), None, now);
        record.set("code", Value::Text(code.to_owned()));
        record
    }

    fn identity(purpose: &str, codes: &[&str]) -> Identity {
        let mut print = Fingerprint::of(purpose);
        codes.iter().for_each(|code| print.record(&entitlement(code)));
        print.identity()
    }

    #[test]
    fn equal_rows_have_one_identity_and_every_difference_another() {
        assert_eq!(identity("npm", &["a", "b"]), identity("npm", &["a", "b"]));
        let others = [identity("npm", &["b", "a"]), identity("npm", &["a"]), identity("pypi", &["a", "b"])];
        assert!(others.iter().all(|other| *other != identity("npm", &["a", "b"])));
    }
}
