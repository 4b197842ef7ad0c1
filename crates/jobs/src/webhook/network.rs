//! What a sender of webhooks needs of the network: to look a name up, and to connect to an address.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use tokio::net::{TcpStream, lookup_host};

/// The addresses of a name, when they are known.
pub(super) type Looking<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;
/// A connection, when there is one.
pub(super) type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;

/// A network. Who connects says to which address, so that a name means the same from the look-up on.
pub(super) trait Network: fmt::Debug + Send + Sync {
    /// The addresses that a name has now.
    fn addresses<'a>(&'a self, host: &'a str) -> Looking<'a>;
    /// Connects to an address.
    fn connect(&self, address: SocketAddr) -> Connecting<'_>;
}

/// The network that this machine is in.
#[derive(Debug)]
pub(super) struct Internet;

impl Network for Internet {
    fn addresses<'a>(&'a self, host: &'a str) -> Looking<'a> {
        Box::pin(async move { Ok(lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        Box::pin(TcpStream::connect(address))
    }
}
