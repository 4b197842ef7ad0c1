//! What a check-out may be asked for: in the query, in `meta`, or in both, where `meta` wins.

use keyway_crypto::certificate::{CertificateAlgorithm, Encoding};
use keyway_domain::license::check_out::{DEFAULT_TTL, MIN_TTL, signature};
use keyway_domain::resources::Scheme;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Query, QueryValue, Source};
use serde_json::{Map, Value};

/// The form of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// Whether the payload is encrypted, unless the algorithm says so.
    encrypt: bool,
    /// The algorithm that was named.
    algorithm: Option<CertificateAlgorithm>,
    /// The seconds that the file lives; `None` for ever.
    pub(super) ttl: Option<i64>,
    /// What is to be included, as it was named.
    pub(super) include: Vec<String>,
}

impl Options {
    /// Reads query and body.
    ///
    /// # Errors
    /// 400 for a body that does not fit its schema, and for options that mean nothing.
    pub(super) fn read(query: &Query, body: &Map<String, Value>) -> Result<Self, ApiError> {
        check(&schema(), body)?;
        let mut asked = of_query(query)?;
        for (name, value) in body.get("meta").and_then(Value::as_object).into_iter().flatten() {
            // Only of the time to live null is a value.
            if name == "ttl" || !value.is_null() {
                asked.insert(name.clone(), value.clone());
            }
        }
        Ok(Self {
            encrypt: asked.get("encrypt").and_then(Value::as_bool).unwrap_or(false),
            algorithm: algorithm(asked.get("algorithm"))?,
            ttl: ttl(asked.get("ttl"))?,
            include: include(asked.get("include")),
        })
    }
    /// The algorithm for a licence under a scheme.
    pub(super) fn algorithm(&self, scheme: Option<Scheme>) -> CertificateAlgorithm {
        let encoding = if self.encrypt { Encoding::Aes256Gcm } else { Encoding::Base64 };
        self.algorithm.unwrap_or(CertificateAlgorithm { encoding, signature: signature(scheme) })
    }
}

/// `meta {encrypt?, algorithm?, ttl?, include?}`; nothing at all is fine.
pub(super) fn schema() -> Vec<Node> {
    let members = vec![
        Node::new("encrypt", Form::Boolean),
        Node::new("algorithm", Form::Text).blank(),
        Node::new("ttl", Form::Integer).nullable(),
        Node::new("include", Form::Texts),
    ];
    vec![Node::object("meta", members)]
}

/// The options of a query, as a body would have them. What else is there does not matter; what is empty is null.
fn of_query(query: &Query) -> Result<Map<String, Value>, ApiError> {
    let mut asked = Map::new();
    if let Some(text) = query.text("encrypt") {
        let flag = match text {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                return Err(ApiError::parameter(
                    "encrypt",
                    "type mismatch (received string expected boolean)",
                ));
            }
        };
        asked.insert("encrypt".to_owned(), flag.into());
    }
    if let Some(text) = query.text("algorithm") {
        asked.insert("algorithm".to_owned(), text.into());
    }
    match query.get("ttl").map(QueryValue::text) {
        Some(None | Some("null")) => drop(asked.insert("ttl".to_owned(), Value::Null)),
        Some(Some(text)) => {
            let seconds: i64 = text.trim().parse().map_err(|_| ttl_invalid())?;
            asked.insert("ttl".to_owned(), seconds.into());
        }
        None => {}
    }
    match query.get("include") {
        Some(QueryValue::Text(text)) => drop(asked.insert("include".to_owned(), text.split(',').collect())),
        Some(QueryValue::List(items)) => {
            drop(asked.insert("include".to_owned(), items.iter().filter_map(QueryValue::text).collect()));
        }
        Some(QueryValue::Map(_)) | None => {}
    }
    Ok(asked)
}

fn algorithm(asked: Option<&Value>) -> Result<Option<CertificateAlgorithm>, ApiError> {
    let text = asked.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let invalid = |error: keyway_crypto::certificate::UnknownAlgorithm| {
        refused("algorithm", "CHECKOUT_ALGORITHM_INVALID", &error.to_string())
    };
    text.map(CertificateAlgorithm::parse).transpose().map_err(invalid)
}

fn ttl(asked: Option<&Value>) -> Result<Option<i64>, ApiError> {
    match asked {
        None => Ok(Some(DEFAULT_TTL)),
        Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().filter(|seconds| *seconds >= MIN_TTL).map(Some).ok_or_else(ttl_invalid),
    }
}

fn ttl_invalid() -> ApiError {
    refused("ttl", "CHECKOUT_TTL_INVALID", &format!("must be greater than or equal to {MIN_TTL} (1 hour)"))
}

/// The names that were given, each once.
fn include(asked: Option<&Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in asked.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let name = name.trim();
        if !name.is_empty() && names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// 400 for an option that means nothing; it is called a parameter wherever it stood.
pub(super) fn refused(parameter: &str, code: &'static str, detail: &str) -> ApiError {
    ApiError::bad_request_coded(detail, code).at(Source::Parameter(parameter.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(query: &str, meta: Value) -> Result<Options, ApiError> {
        let body = match meta {
            Value::Null => Map::new(),
            meta => Map::from_iter([("meta".to_owned(), meta)]),
        };
        Options::read(&Query::parse(query).unwrap(), &body)
    }

    /// Encryption, algorithm for a licence without a scheme, time to live and includes.
    fn shown(query: &str, meta: Value) -> (String, Option<i64>, Vec<String>) {
        let options = read(query, meta).unwrap();
        (options.algorithm(None).to_string(), options.ttl, options.include)
    }

    #[test]
    fn nothing_asked_is_a_plain_file_for_a_month() {
        assert_eq!(shown("", json!(null)), ("base64+ed25519".to_owned(), Some(2_629_746), vec![]));
        let empty = shown("encrypt=&algorithm=&include=&unknown=1", json!({}));
        assert_eq!(empty, ("base64+ed25519".to_owned(), Some(2_629_746), vec![]), "empty is not there");
    }

    #[test]
    fn query_and_meta_ask_alike_and_meta_wins() {
        let query = "encrypt=true&ttl=3600&include=owner,policy,,owner&algorithm=base64%2Brsa-sha256";
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let expected = ("base64+rsa-sha256".to_owned(), Some(3_600), names(&["owner", "policy"]));
        assert_eq!(shown(query, json!(null)), expected, "an algorithm overrides encrypt");
        let meta = json!({"encrypt": true, "ttl": null, "include": ["users"], "algorithm": null});
        let expected = ("base64+rsa-sha256".to_owned(), None, names(&["users"]));
        assert_eq!(shown(query, meta), expected, "null is a time to live and no algorithm");
        assert_eq!(shown("include[]=owner&include[]=users", json!(null)).2, names(&["owner", "users"]));
        assert_eq!(shown("encrypt=1", json!(null)).0, "aes-256-gcm+ed25519");
        assert_eq!(shown("encrypt=1", json!({"encrypt": false})).0, "base64+ed25519");
        for query in ["ttl=", "ttl=null"] {
            assert_eq!(shown(query, json!(null)).1, None, "{query}: an empty time to live is for ever");
        }
        let longest = shown("", json!({"ttl": i64::MAX})).1;
        assert_eq!(longest, Some(i64::MAX), "there is no longest");
    }

    #[test]
    fn the_scheme_is_asked_where_no_algorithm_is() {
        let options = read("encrypt=true", json!(null)).unwrap();
        let algorithm = options.algorithm(Some(Scheme::RsaPssSignV2));
        assert_eq!(algorithm.to_string(), "aes-256-gcm+rsa-pss-sha256");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (query, meta, code, source) in [
            ("ttl=3599", json!(null), "CHECKOUT_TTL_INVALID", "ttl"),
            ("ttl=soon", json!(null), "CHECKOUT_TTL_INVALID", "ttl"),
            ("", json!({"ttl": 3599}), "CHECKOUT_TTL_INVALID", "ttl"),
            ("", json!({"ttl": -1}), "CHECKOUT_TTL_INVALID", "ttl"),
            ("algorithm=rot13%2Bed25519", json!(null), "CHECKOUT_ALGORITHM_INVALID", "algorithm"),
            ("", json!({"algorithm": "base64+hs256"}), "CHECKOUT_ALGORITHM_INVALID", "algorithm"),
            ("encrypt=maybe", json!(null), "", "encrypt"),
            ("", json!({"encrypt": "true"}), "", "/meta/encrypt"),
            ("", json!({"ttl": "3600"}), "", "/meta/ttl"),
            ("", json!({"include": "owner"}), "", "/meta/include"),
            ("", json!({"other": 1}), "", "/meta/other"),
        ] {
            let error = read(query, meta.clone()).unwrap_err();
            let at = match error.source_of_first() {
                Some(Source::Pointer(at) | Source::Parameter(at)) => at.as_str(),
                _ => "",
            };
            assert_eq!(
                (error.status.as_u16(), error.code().unwrap_or(""), at),
                (400, code, source),
                "{query} {meta}"
            );
        }
    }
}
