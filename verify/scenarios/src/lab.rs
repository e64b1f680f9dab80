//! A topology with Flumen in the middle.

use anyhow::Result;
use flumen_testkit::netns::Netns;
use flumen_testkit::topology::{Gateway, Segment};

use crate::{Configuration, Flumen};

/// Hosts around a gateway on which Flumen runs.
#[derive(Debug)]
pub struct Lab {
    // detached before its interfaces go
    flumen: Flumen,
    topology: Gateway,
}

// === impl Lab ===

impl Lab {
    /// Client, gateway and server with this configuration; Flumen serves.
    ///
    /// # Errors
    /// Without root, or when Flumen does not start.
    pub fn new(configuration: &Configuration) -> Result<Self> {
        Self::on(Gateway::new()?, configuration)
    }

    /// The same on a topology of one's own.
    ///
    /// # Errors
    /// When Flumen does not start.
    pub fn on(topology: Gateway, configuration: &Configuration) -> Result<Self> {
        let mut lab = Self::idle(topology)?;
        lab.flumen.start(configuration)?;
        Ok(lab)
    }

    /// A topology on which Flumen does not run yet.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn idle(topology: Gateway) -> Result<Self> {
        Ok(Self { flumen: Flumen::new(topology.gateway())?, topology })
    }

    /// The program.
    pub fn flumen(&self) -> &Flumen {
        &self.flumen
    }

    /// The program, to be started and killed.
    pub fn flumen_mut(&mut self) -> &mut Flumen {
        &mut self.flumen
    }

    /// The namespaces.
    pub fn topology(&self) -> &Gateway {
        &self.topology
    }

    /// The host on the LAN.
    pub fn client(&self) -> &Netns {
        self.topology.client()
    }

    /// The gateway's namespace.
    pub fn gateway(&self) -> &Netns {
        self.topology.gateway()
    }

    /// The host on the WAN.
    pub fn server(&self) -> &Netns {
        self.topology.server()
    }

    /// The server's addresses, IPv4 and IPv6, as a command line or a socket address takes them without a port.
    pub fn server_addresses(&self) -> [String; 2] {
        let host = Segment::Wan.host();
        [host.v4.to_string(), host.v6.to_string()]
    }
}
