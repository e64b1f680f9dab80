//! Knowing when a server inside a namespace is ready.

use std::time::Duration;

use super::Netns;
use crate::{Error, wait_until};

/// A socket to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// A TCP socket that listens on this port, on any address.
    Tcp(u16),
    /// A UDP socket bound to this port, on any address.
    Udp(u16),
}

// === impl Netns ===

impl Netns {
    /// Waits until some process listens.
    ///
    /// # Errors
    /// [`Error::Timeout`].
    pub fn wait_listening(&self, listener: Listener, timeout: Duration) -> Result<(), Error> {
        let what = format!("{listener:?} listens in {}", self.name());
        wait_until(&what, timeout, || self.is_listening(listener))
    }

    fn is_listening(&self, listener: Listener) -> bool {
        // state 0A is LISTEN; an unconnected UDP socket shows 07
        let (files, port, state) = match listener {
            Listener::Tcp(port) => (["tcp", "tcp6"], port, "0A"),
            Listener::Udp(port) => (["udp", "udp6"], port, "07"),
        };
        let port = format!(":{port:04X}");
        files.iter().any(|file| {
            let table = self.read_proc_net(file).unwrap_or_default();
            table.lines().skip(1).any(|line| {
                let mut columns = line.split_whitespace().skip(1);
                let local = columns.next().unwrap_or_default();
                local.ends_with(&port) && columns.nth(1) == Some(state)
            })
        })
    }
}
