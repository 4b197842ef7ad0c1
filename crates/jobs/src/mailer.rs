//! Mail: by SMTP or, for development, into a directory.

use std::fmt;
use std::time::Duration;

use keyway_store::Job;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::runner::Parts;

/// How long a mail server may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// After how many attempts a mail is given up: about two hours.
const ATTEMPTS: u32 = 16;

/// Sends mail from one address.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    /// Where links in mail lead: the base of the API.
    api: String,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Directory(AsyncFileTransport<Tokio1Executor>),
}

/// A place or an address that mail cannot be sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// Neither a mail server nor a directory.
    #[error(
        "must be smtp://USER:PASSWORD@HOST:PORT?tls=required, smtps://USER:PASSWORD@HOST or file:DIRECTORY"
    )]
    Place,
    /// No address.
    #[error("must be an e-mail address such as licences@example.com or Acme <licences@example.com>")]
    From,
}

/// Mail that was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It never will be: the address is none, or the mail server refuses it for good.
    #[error("the mail cannot be delivered: {0}")]
    Refused(String),
    /// It may be sent later.
    #[error("the mail cannot be sent now: {0}")]
    Later(String),
}

/// A mail in plain text.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Mailer {
    /// A mailer as settings name it: the place that mail is sent by, the sender, and the base of the API.
    ///
    /// # Errors
    /// [`MailerError`]; it does not repeat the place, which may hold a password.
    pub fn at(place: &str, from: &str, api: &str) -> Result<Self, MailerError> {
        let from = from.parse().map_err(|_| MailerError::From)?;
        let transport = match place.strip_prefix("file:") {
            Some("") => return Err(MailerError::Place),
            Some(directory) => Transport::Directory(AsyncFileTransport::new(directory)),
            None => {
                let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(place);
                Transport::Smtp(smtp.map_err(|_| MailerError::Place)?.timeout(Some(ANSWER_TIME)).build())
            }
        };
        Ok(Self { from, api: api.to_owned(), transport })
    }

    /// The base of the API.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// Sends a mail.
    pub(crate) async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let refused = |error: &dyn fmt::Display| MailError::Refused(error.to_string());
        let to: Mailbox = mail.to.parse().map_err(|error| refused(&error))?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(mail.subject);
        let message = message.header(ContentType::TEXT_PLAIN).body(mail.text);
        let message = message.map_err(|error| refused(&error))?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(message).await.map(drop).map_err(|error| {
                let text = error.to_string();
                if error.is_permanent() { MailError::Refused(text) } else { MailError::Later(text) }
            }),
            Transport::Directory(directory) => {
                directory.send(message).await.map(drop).map_err(|error| MailError::Later(error.to_string()))
            }
        }
    }
}

/// Sends the mail of a job, if there is what sends it. One that cannot be sent is tried again for a while, and then
/// given up.
///
/// # Errors
/// [`MailError::Later`] as long as it is to be tried again.
pub(crate) async fn send(parts: &Parts, job: &Job, mail: Option<Mail>) -> Result<(), MailError> {
    let (Some(mailer), Some(mail)) = (&parts.mailer, mail) else { return Ok(()) };
    match mailer.send(mail).await {
        Ok(()) => Ok(()),
        Err(error @ MailError::Later(_)) if job.attempts < ATTEMPTS => Err(error),
        Err(error) => {
            tracing::warn!(kind = job.kind, account = %job.account, %error, "a mail was not sent");
            Ok(())
        }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer(from {})", self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "https://api.example.com";

    #[test]
    fn places_and_senders() {
        for place in [
            "smtp://127.0.0.1:2525",
            "smtp://user:hush@mail.example.com:587?tls=required",
            "smtps://user:hush@mail.example.com",
            "file:/var/mail",
        ] {
            let mailer = Mailer::at(place, "Acme <a@example.com>", API).unwrap();
            assert!(!format!("{mailer:?}").contains("hush"));
        }
        for place in ["", "file:", "mail.example.com", "https://mail.example.com", "smtp://"] {
            assert_eq!(Mailer::at(place, "a@example.com", API).err(), Some(MailerError::Place), "{place}");
        }
        for from in ["", "Acme", "a@b@c"] {
            assert_eq!(Mailer::at("file:x", from, API).err(), Some(MailerError::From), "{from}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_an_address_is_refused_for_good() {
        let directory = tempfile::tempdir().unwrap();
        let mailer =
            Mailer::at(&format!("file:{}", directory.path().display()), "a@example.com", API).unwrap();
        let mail = |to: &str| Mail { to: to.to_owned(), subject: "Ä".to_owned(), text: "ö".to_owned() };
        assert!(matches!(mailer.send(mail("not an address")).await, Err(MailError::Refused(_))));
        mailer.send(mail("jane@example.com")).await.unwrap();
        assert_eq!(directory.path().read_dir().unwrap().count(), 1);
        drop(directory);
        assert!(matches!(mailer.send(mail("jane@example.com")).await, Err(MailError::Later(_))));
    }
}
