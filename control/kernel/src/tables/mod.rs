//! What the kernel's tables hold, to be shown. Nothing is decided by it.

mod links;
mod neighbours;
mod routes;

pub use links::{LinkCounters, LinkEntry};
pub use neighbours::{NeighbourEntry, NeighbourState};
pub use routes::{RouteEntry, RouteHop, RouteKind};

use crate::address::addresses;
use crate::link::links;
use crate::netlink::{Protocol, Socket};
use crate::{KernelError, LinuxHost};
use flumen_abi::{Addr, IfIndex};
use std::collections::HashMap;
use std::net::IpAddr;

/// The kernel's tables of one network namespace.
pub trait KernelTables {
    /// Routes of both families that `keep` wants, of every table, in the kernel's order. Those that it made of others
    /// for one destination (clones, RFC 4861 redirects) are left out.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn routes(&self, keep: &dyn Fn(&RouteEntry) -> bool) -> Result<Vec<RouteEntry>, KernelError>;

    /// Neighbours of both families that are resolved or being resolved (ARP, RFC 4861).
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn neighbours(&self) -> Result<Vec<NeighbourEntry>, KernelError>;

    /// Every link with its addresses and counters.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn link_entries(&self) -> Result<Vec<LinkEntry>, KernelError>;
}

impl KernelTables for LinuxHost {
    fn routes(&self, keep: &dyn Fn(&RouteEntry) -> bool) -> Result<Vec<RouteEntry>, KernelError> {
        let mut socket = Socket::open(Protocol::Route, 0)?;
        let names = names(&mut socket)?;
        routes::read(&mut socket, &names, keep)
    }

    fn neighbours(&self) -> Result<Vec<NeighbourEntry>, KernelError> {
        let mut socket = Socket::open(Protocol::Route, 0)?;
        let names = names(&mut socket)?;
        neighbours::read(&mut socket, &names)
    }

    fn link_entries(&self) -> Result<Vec<LinkEntry>, KernelError> {
        let mut socket = Socket::open(Protocol::Route, 0)?;
        let addresses = addresses(&mut socket)?;
        let mut found = links::read(&mut socket)?;
        for (index, link) in &mut found {
            let own = addresses.iter().filter(|address| address.link == *index);
            link.addresses = own.map(|address| (ip(address.addr), address.prefix_length)).collect();
        }
        Ok(found.into_iter().map(|(_, link)| link).collect())
    }
}

/// Names of links by their numbers.
type LinkNames = HashMap<IfIndex, String>;

fn names(socket: &mut Socket) -> Result<LinkNames, KernelError> {
    Ok(links(socket)?.into_iter().map(|link| (link.index, link.name)).collect())
}

/// The name of a link; `#N` for one that has gone meanwhile.
fn name(names: &LinkNames, index: IfIndex) -> String {
    names.get(&index).cloned().unwrap_or_else(|| format!("#{index}"))
}

fn ip(addr: Addr) -> IpAddr {
    addr.into()
}
