//! Interfaces of a namespace: veth pairs, addresses, MTU, features, neighbours, counters.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;

use super::{Netns, command};
use crate::Error;
use crate::packet::Mac;

/// An interface of a namespace.
#[derive(Clone, Copy, Debug)]
pub struct Link<'ns> {
    namespace: &'ns Netns,
    dev: &'ns str,
}

/// Which kind of VLAN tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// 802.1Q.
    Customer,
    /// 802.1ad: the outer one of two.
    Service,
}

/// Counters of an interface since it was made, as `/proc/net/dev` shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Bytes received.
    pub rx_bytes: u64,
    /// Frames received.
    pub rx_packets: u64,
    /// Frames received and dropped.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Frames sent.
    pub tx_packets: u64,
    /// Frames not sent.
    pub tx_dropped: u64,
}

/// Makes a veth pair, one end in each of two namespaces (or both in one). Both ends are down and without address.
///
/// For XDP redirect into an end, its peer needs GRO (or an XDP program). Switch GRO on after both ends are up: a kernel
/// from 6.3 on does not notice it at an end that starts with it.
///
/// # Errors
/// [`Error::Command`].
pub fn veth(a: (&Netns, &str), b: (&Netns, &str)) -> Result<(), Error> {
    let ((ns_a, dev_a), (ns_b, dev_b)) = (a, b);
    ns_a.ip(&format!("link add {dev_a} type veth peer name {dev_b} netns {}", ns_b.name())).map(drop)
}

// === impl Netns ===

impl Netns {
    /// An interface by name; it is not looked up here.
    pub fn link<'ns>(&'ns self, dev: &'ns str) -> Link<'ns> {
        Link { namespace: self, dev }
    }
}

// === impl Link ===

impl<'ns> Link<'ns> {
    /// Its name.
    pub fn dev(&self) -> &'ns str {
        self.dev
    }

    /// Its namespace.
    pub fn namespace(&self) -> &'ns Netns {
        self.namespace
    }

    /// Sets it up.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn up(self) -> Result<Self, Error> {
        self.set("up")
    }

    /// Sets it down.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn down(self) -> Result<Self, Error> {
        self.set("down")
    }

    /// Sets its MTU in bytes.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn mtu(self, bytes: u32) -> Result<Self, Error> {
        self.set(&format!("mtu {bytes}"))
    }

    /// Sets its MAC address.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn set_mac(self, mac: Mac) -> Result<Self, Error> {
        self.set(&format!("address {mac}"))
    }

    /// Adds an address: `"10.0.0.1/24"` or `"2001:db8::1/64"`, the latter usable at once (no duplicate detection).
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn address(self, cidr: &str) -> Result<Self, Error> {
        let nodad = if cidr.contains(':') { " nodad" } else { "" };
        self.namespace.ip(&format!("address add {cidr} dev {}{nodad}", self.dev))?;
        Ok(self)
    }

    /// Adds a permanent neighbour.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn neighbour(self, ip: IpAddr, mac: Mac) -> Result<Self, Error> {
        self.namespace.ip(&format!("neigh replace {ip} lladdr {mac} dev {} nud permanent", self.dev))?;
        Ok(self)
    }

    /// Switches features in the words of `ethtool -K`: `"gro on tx off"`.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn features(self, features: &str) -> Result<Self, Error> {
        let name = self.namespace.name();
        command::run_line(&format!("ip netns exec {name} ethtool -K {} {features}", self.dev))?;
        Ok(self)
    }

    /// Makes the sub-interface `<name>.<vid>` for frames with a tag: 802.1Q, or 802.1ad for the outer one of two. It is
    /// up, and has this interface's MAC address and MTU.
    ///
    /// # Errors
    /// [`Error::Command`]; where the kernel has no 802.1Q the message says "Unknown device type".
    pub fn sub_interface(self, tag: Tag, vid: u16) -> Result<String, Error> {
        let (parent, name) = (self.dev, format!("{}.{vid}", self.dev));
        let protocol = match tag {
            Tag::Customer => "802.1q",
            Tag::Service => "802.1ad",
        };
        self.namespace
            .ip(&format!("link add link {parent} name {name} type vlan protocol {protocol} id {vid}"))?;
        self.namespace.link(&name).up()?;
        Ok(name)
    }

    /// Interface index in its namespace.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub fn ifindex(&self) -> Result<u32, Error> {
        let index = self.namespace.run(|| nix::net::if_::if_nametoindex(self.dev))?;
        index.map_err(|_| self.missing())
    }

    /// MAC address.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub fn mac(&self) -> Result<Mac, Error> {
        let mac = self.namespace.run(|| {
            let mut own = getifaddrs()?.filter(|address| address.interface_name == self.dev);
            Ok(own.find_map(|address| address.address?.as_link_addr()?.addr()))
        })?;
        let mac = mac.map_err(|source| Error::System { call: "getifaddrs", source })?;
        mac.map(Mac).ok_or_else(|| self.missing())
    }

    /// Counters.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub fn stats(&self) -> Result<LinkStats, Error> {
        let table = self.namespace.read_proc_net("dev")?;
        let row = table.lines().find_map(|line| {
            let (dev, row) = line.split_once(':')?;
            (dev.trim() == self.dev).then_some(row)
        });
        let row = row.ok_or_else(|| self.missing())?;
        let counters: Vec<u64> = row.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let counter = |at: usize| counters.get(at).copied().unwrap_or_default();
        Ok(LinkStats {
            rx_bytes: counter(0),
            rx_packets: counter(1),
            rx_dropped: counter(3),
            tx_bytes: counter(8),
            tx_packets: counter(9),
            tx_dropped: counter(11),
        })
    }

    fn set(self, what: &str) -> Result<Self, Error> {
        self.namespace.ip(&format!("link set {} {what}", self.dev))?;
        Ok(self)
    }

    fn missing(&self) -> Error {
        Error::NoLink { namespace: self.namespace.name().to_owned(), dev: self.dev.to_owned() }
    }
}
