//! What can keep an endpoint from answering, in the words that webhook events show.

use std::error::Error;
use std::io;

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The certificate is none that is trusted, or TLS failed otherwise.
    #[error("SSL_ERROR")]
    Tls,
    /// It took too long.
    #[error("REQ_TIMEOUT")]
    Slow,
    /// Nobody listens there.
    #[error("CONN_REFUSED")]
    Refused,
    /// The other side broke off.
    #[error("CONN_RESET")]
    Reset,
    /// There is no way to the network.
    #[error("NET_UNREACH")]
    NoNetwork,
    /// There is no way to the host.
    #[error("HOST_UNREACH")]
    NoHost,
    /// The host's name cannot be resolved.
    #[error("DNS_ERROR")]
    NoName,
    /// The connection ended before the answer did, or what came was no answer.
    #[error("EOF_ERROR")]
    Eof,
    /// The host is of a network that webhooks are not sent into.
    #[error("ADDRESS_NOT_ALLOWED")]
    NotAllowed,
}

impl Trouble {
    /// Whether another attempt is made.
    pub(super) const fn is_passing(self) -> bool {
        matches!(self, Self::Tls | Self::Slow)
    }

    /// What is told of an endpoint that was tried before: as long as there is hope, it is tried again.
    pub(super) const fn and(self, later: Self) -> Self {
        if self.is_passing() { self } else { later }
    }

    /// Reads an error of a connection, or of what is spoken over it.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<rustls::Error>() {
                return Self::Tls;
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                return Self::of_io(io);
            }
            next = error.source();
        }
        Self::Eof
    }

    fn of_io(error: &io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            return Self::Tls;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Self::NoNetwork,
            io::ErrorKind::HostUnreachable => Self::NoHost,
            io::ErrorKind::TimedOut => Self::Slow,
            _ => Self::Eof,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_have_the_words_of_the_specification() {
        use io::ErrorKind as K;
        for (kind, word, passing) in [
            (K::ConnectionRefused, "CONN_REFUSED", false),
            (K::ConnectionReset, "CONN_RESET", false),
            (K::NetworkUnreachable, "NET_UNREACH", false),
            (K::HostUnreachable, "HOST_UNREACH", false),
            (K::UnexpectedEof, "EOF_ERROR", false),
            (K::TimedOut, "REQ_TIMEOUT", true),
        ] {
            let trouble = Trouble::of(&io::Error::from(kind));
            assert_eq!((trouble.to_string().as_str(), trouble.is_passing()), (word, passing));
        }
        let tls = io::Error::new(K::InvalidData, rustls::Error::DecryptError);
        assert_eq!(Trouble::of(&tls).to_string(), "SSL_ERROR");
        assert!(
            Trouble::Tls.is_passing() && !Trouble::NoName.is_passing() && !Trouble::NotAllowed.is_passing()
        );
    }
}
