//! Validation failures and the codes and pointers they get (`licensing.md` §1.4).

use std::borrow::Cow;

use crate::{ErrorObject, Source, camel_key};

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The record as a whole.
    Base,
    /// The id.
    Id,
    /// An attribute.
    Attribute(&'static str),
    /// A relation.
    Relation(&'static str),
    /// An attribute or relation of an embedded record.
    Nested { relation: &'static str, index: usize, member: &'static str, is_relation: bool },
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A number outside its range.
    Comparison,
    /// Not one of the values allowed, or one of those forbidden.
    Inclusion,
    /// Absent.
    Blank,
    /// Any other kind, by its name in capitals (`TAKEN`, `TOO_LONG`).
    Kind(&'static str),
}

/// One validation failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    place: Place,
    failure: Failure,
    detail: String,
    prefix: Option<&'static str>,
}

impl Invalid {
    fn new(place: Place, failure: Failure, detail: impl Into<String>) -> Self {
        Self { place, failure, detail: detail.into(), prefix: None }
    }
    /// The record as a whole; `model` is its internal name (`license_user`), which the code starts with.
    pub fn base(model: &'static str, failure: Failure, detail: impl Into<String>) -> Self {
        Self { prefix: Some(model), ..Self::new(Place::Base, failure, detail) }
    }
    /// The id that the client chose.
    pub fn id(failure: Failure, detail: impl Into<String>) -> Self {
        Self::new(Place::Id, failure, detail)
    }
    /// An attribute, by its folded name.
    pub fn attribute(name: &'static str, failure: Failure, detail: impl Into<String>) -> Self {
        Self::new(Place::Attribute(name), failure, detail)
    }
    /// A relation, by its folded name.
    pub fn relation(name: &'static str, failure: Failure, detail: impl Into<String>) -> Self {
        Self::new(Place::Relation(name), failure, detail)
    }
    /// An attribute of an embedded record.
    pub fn nested(
        relation: &'static str,
        index: usize,
        member: &'static str,
        failure: Failure,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(Place::Nested { relation, index, member, is_relation: false }, failure, detail)
    }
    /// A relation of an embedded record.
    pub fn nested_relation(
        relation: &'static str,
        index: usize,
        member: &'static str,
        failure: Failure,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(Place::Nested { relation, index, member, is_relation: true }, failure, detail)
    }
    /// The failure of an attribute, as that of the same attribute of an embedded record.
    #[must_use]
    pub fn embedded(mut self, relation: &'static str, index: usize) -> Self {
        if let Place::Attribute(member) = self.place {
            self.place = Place::Nested { relation, index, member, is_relation: false };
        }
        self
    }
    /// "must exist" at a relation: an id that is nobody's, or nobody's whom the caller knows.
    pub fn missing_relation(name: &'static str) -> Self {
        Self::relation(name, Failure::Blank, "must exist")
    }
    /// "has already been taken" at an attribute.
    pub fn taken(name: &'static str) -> Self {
        Self::attribute(name, Failure::Kind("TAKEN"), "has already been taken")
    }
    /// The code (steps 1–4 and 7).
    pub fn code(&self) -> Cow<'static, str> {
        let prefix = match (&self.place, self.prefix) {
            (_, Some(prefix)) => prefix.to_owned(),
            (Place::Base, None) => "base".to_owned(),
            (Place::Id, None) => "id".to_owned(),
            (Place::Attribute(name) | Place::Relation(name), None) => (*name).to_owned(),
            (Place::Nested { relation, member, .. }, None) => format!("{relation}_{member}"),
        };
        // Admins are users, and codes are named after what a record is.
        let prefix = match prefix.strip_prefix("admins") {
            Some(rest) => format!("users{rest}"),
            None => prefix,
        };
        let code = format!("{prefix}_{}", self.suffix()).to_ascii_uppercase();
        match code.as_str() {
            "USERS_LIMIT_EXCEEDED" | "LICENSE_USER_LIMIT_EXCEEDED" => Cow::Borrowed("USER_LIMIT_EXCEEDED"),
            _ => Cow::Owned(code),
        }
    }
    fn suffix(&self) -> &'static str {
        let related = matches!(self.place, Place::Relation(_) | Place::Nested { is_relation: true, .. });
        match self.failure {
            Failure::Comparison => "INVALID",
            Failure::Inclusion => "NOT_ALLOWED",
            Failure::Blank if related => "NOT_FOUND",
            Failure::Blank => "MISSING",
            Failure::Kind(kind) => kind,
        }
    }
    /// The pointer (step 5).
    pub fn pointer(&self) -> String {
        match &self.place {
            Place::Base => "/data".to_owned(),
            Place::Id => "/data/id".to_owned(),
            Place::Attribute(name) => format!("/data/attributes/{}", camel_key(name)),
            Place::Relation(name) => format!("/data/relationships/{}", camel_key(name)),
            Place::Nested { relation, index, member, is_relation } => {
                let part = if *is_relation { "relationships" } else { "attributes" };
                let (relation, member) = (camel_key(relation), camel_key(member));
                format!("/data/relationships/{relation}/data/{index}/{part}/{member}")
            }
        }
    }
    /// The error object.
    pub fn into_object(self) -> ErrorObject {
        let (code, pointer) = (self.code(), self.pointer());
        let pointer =
            if code == "USER_LIMIT_EXCEEDED" { "/data/relationships/users".to_owned() } else { pointer };
        ErrorObject {
            title: "Unprocessable resource",
            detail: self.detail,
            code: Some(code),
            source: Some(Source::Pointer(pointer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `licensing.md` §1.4, "Code construction for 422 validation errors".
    #[test]
    fn codes_and_pointers_follow_the_construction() {
        let table = [
            (
                Invalid::attribute("max_machines", Failure::Comparison, ""),
                "MAX_MACHINES_INVALID",
                "/data/attributes/maxMachines",
            ),
            (
                Invalid::attribute("expiration_strategy", Failure::Inclusion, ""),
                "EXPIRATION_STRATEGY_NOT_ALLOWED",
                "/data/attributes/expirationStrategy",
            ),
            (Invalid::missing_relation("policy"), "POLICY_NOT_FOUND", "/data/relationships/policy"),
            (Invalid::attribute("name", Failure::Blank, ""), "NAME_MISSING", "/data/attributes/name"),
            (Invalid::taken("key"), "KEY_TAKEN", "/data/attributes/key"),
            (Invalid::id(Failure::Kind("CONFLICT"), ""), "ID_CONFLICT", "/data/id"),
            (
                Invalid::base("machine", Failure::Kind("LIMIT_EXCEEDED"), ""),
                "MACHINE_LIMIT_EXCEEDED",
                "/data",
            ),
            (
                Invalid::base("license_user", Failure::Kind("LIMIT_EXCEEDED"), ""),
                "USER_LIMIT_EXCEEDED",
                "/data/relationships/users",
            ),
            (
                Invalid::nested("components", 0, "fingerprint", Failure::Kind("TAKEN"), ""),
                "COMPONENTS_FINGERPRINT_TAKEN",
                "/data/relationships/components/data/0/attributes/fingerprint",
            ),
            (
                Invalid::nested_relation("constraints", 1, "entitlement", Failure::Blank, ""),
                "CONSTRAINTS_ENTITLEMENT_NOT_FOUND",
                "/data/relationships/constraints/data/1/relationships/entitlement",
            ),
        ];
        for (invalid, code, pointer) in table {
            let object = invalid.into_object();
            assert_eq!(object.code.as_deref(), Some(code));
            assert_eq!(object.source, Some(Source::Pointer(pointer.to_owned())), "{code}");
        }
    }

    #[test]
    fn the_same_failure_is_reported_once() {
        let error =
            crate::ApiError::invalid([Invalid::taken("key"), Invalid::taken("key"), Invalid::taken("id")]);
        assert_eq!(error.errors.len(), 2);
    }
}
