//! Asking for a role's credentials: a web identity, a container's endpoint, a machine's metadata.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use keyway_base::{Secret, Timestamp};
use keyway_crypto::sigv4::Credentials;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::lent::Loan;
use crate::S3Role;
use crate::s3_role::ContainerToken;

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(10);
/// The longest answer.
const LONGEST: usize = 64 * 1024;

/// Asks for the credentials of one role.
#[derive(Debug)]
pub(crate) struct Lender {
    role: S3Role,
    connector: Connector,
}

/// Why a role lends nothing. It says whom we asked, and never what with.
#[derive(Debug, thiserror::Error)]
pub enum LenderError {
    /// No answer.
    #[error("{0} does not answer: no credentials of the role can be had")]
    Unreachable(String),
    /// Another answer than credentials.
    #[error("{place} answered {status}{said}: it lends no credentials of the role")]
    Refused {
        /// Whom we asked.
        place: String,
        /// The status.
        status: u16,
        /// A code of the answer.
        said: String,
    },
    /// An answer that is not understood.
    #[error("{0} answered something else than credentials")]
    Unreadable(String),
    /// The token cannot be read.
    #[error("the role's token cannot be read from {}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// How container endpoints and machines answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: String,
}

impl Lender {
    pub(crate) fn new(role: S3Role) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        Self { role, connector: Connector::builder().tls_provider(provider).build() }
    }

    /// Asks for credentials.
    pub(crate) async fn ask(&self) -> Result<Loan, LenderError> {
        match &self.role {
            S3Role::WebIdentity { token_file, role, session, endpoint } => {
                let token = read(token_file).await?;
                self.exchange(endpoint, role, session, token.trim()).await
            }
            S3Role::Container { url, token } => {
                let token = match token {
                    ContainerToken::Absent => None,
                    ContainerToken::Given(token) => Some(token.expose().clone()),
                    ContainerToken::File(path) => Some(read(path).await?),
                };
                let headers = token.as_deref().map(|token| ("authorization", token.trim()));
                from_json(url, &self.send("GET", url, headers.as_slice(), "").await?)
            }
            S3Role::Instance { endpoint } => self.of_instance(endpoint).await,
        }
    }

    async fn of_instance(&self, endpoint: &str) -> Result<Loan, LenderError> {
        let seconds = ("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        let token = self.send("PUT", &format!("{endpoint}/latest/api/token"), &[seconds], "").await?;
        let token = [("x-aws-ec2-metadata-token", token.trim())];
        let roles = format!("{endpoint}/latest/meta-data/iam/security-credentials/");
        let listed = self.send("GET", &roles, &token, "").await?;
        let name = listed.lines().next().unwrap_or_default().trim();
        let url = format!("{roles}{}", utf8_percent_encode(name, NON_ALPHANUMERIC));
        from_json(&url, &self.send("GET", &url, &token, "").await?)
    }

    async fn exchange(&self, at: &str, role: &str, session: &str, token: &str) -> Result<Loan, LenderError> {
        let given = [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token)];
        let mut form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15".to_owned();
        for (name, value) in given {
            form.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        from_xml(at, &self.send("POST", &format!("{at}/"), &kind, &form).await?)
    }

    /// One request; the text of an answer of success.
    async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Result<String, LenderError> {
        let odd = |_| LenderError::Unreadable(url.to_owned());
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(odd)?;
        request.set_uri(url).map_err(odd)?;
        for (name, value) in headers {
            request.headers_mut().try_insert(*name, (*value).to_owned()).map_err(odd)?;
        }
        let length = body.len().to_string();
        request.headers_mut().try_insert("content-length", length).map_err(odd)?;
        let away = || LenderError::Unreachable(url.to_owned());
        let answer = timeout(TIME, self.connector.call(request)).await.map_err(|_| away())?;
        let answer = answer.map_err(|_| away())?;
        let status = answer.status().as_u16();
        let read = timeout(TIME, ByteStream::new(answer.into_body()).collect()).await.map_err(|_| away())?;
        let bytes = read.map_err(|_| away())?.into_bytes();
        let text = bytes.get(..bytes.len().min(LONGEST)).map(String::from_utf8_lossy).unwrap_or_default();
        if status == 200 {
            return Ok(text.into_owned());
        }
        let said = element(&text, "Code").map(|code| format!(" ({code})")).unwrap_or_default();
        Err(LenderError::Refused { place: url.to_owned(), status, said })
    }
}

async fn read(path: &std::path::Path) -> Result<String, LenderError> {
    let path = path.to_owned();
    let failed = |path: PathBuf| move |source| LenderError::Token { path, source };
    let reading = {
        let path = path.clone();
        spawn_blocking(move || std::fs::read_to_string(path))
    };
    let read = reading.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    read.map_err(failed(path))
}

fn from_json(place: &str, text: &str) -> Result<Loan, LenderError> {
    let answer: Result<Answer, _> = serde_json::from_str(text);
    let loan = answer.ok().and_then(|answer| {
        loan(&answer.access_key_id, &answer.secret_access_key, answer.token.as_deref(), &answer.expiration)
    });
    loan.ok_or_else(|| LenderError::Unreadable(place.to_owned()))
}

fn from_xml(place: &str, text: &str) -> Result<Loan, LenderError> {
    let member = |name| element(text, name);
    let found = || {
        loan(
            member("AccessKeyId")?,
            member("SecretAccessKey")?,
            member("SessionToken"),
            member("Expiration")?,
        )
    };
    found().ok_or_else(|| LenderError::Unreadable(place.to_owned()))
}

fn loan(id: &str, secret: &str, token: Option<&str>, ends: &str) -> Option<Loan> {
    let token = token.filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned()));
    let credentials = Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: token,
    };
    let ends: Timestamp = ends.parse().ok()?;
    (!id.is_empty() && !secret.is_empty()).then_some(Loan { credentials, ends })
}

/// The text of the first element of a name. What is read so has no entities: keys are letters, digits and `+/=`.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_in_json_and_xml_are_read() {
        let json = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIA1","SecretAccessKey":"s/+=",
            "Token":"t","Expiration":"2026-11-22T12:00:00Z"}"#;
        let xml = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
            <SessionToken>t</SessionToken><SecretAccessKey>s/+=</SecretAccessKey>
            <Expiration>2026-11-22T12:00:00Z</Expiration><AccessKeyId>ASIA1</AccessKeyId></Credentials>
            </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
        for loan in [from_json("x", json).unwrap(), from_xml("x", xml).unwrap()] {
            assert_eq!(loan.credentials.access_key_id, "ASIA1");
            assert_eq!(loan.credentials.secret_access_key.expose(), "s/+=");
            assert_eq!(loan.credentials.session_token, Some(Secret::new("t".to_owned())));
            assert_eq!(loan.ends, "2026-11-22T12:00:00Z".parse().unwrap());
        }
    }

    #[test]
    fn other_answers_are_refused() {
        for text in [
            "",
            "{}",
            "<html>",
            r#"{"AccessKeyId":"","SecretAccessKey":"s","Expiration":"2026-11-22T12:00:00Z"}"#,
        ] {
            assert!(matches!(from_json("x", text), Err(LenderError::Unreadable(_))), "{text}");
            assert!(matches!(from_xml("x", text), Err(LenderError::Unreadable(_))), "{text}");
        }
    }
}
