use crate::KernelError;
use crate::address::{Address, addresses};
use crate::link::{Link, links};
use crate::netdev::{NDO_XMIT, NDO_XMIT_SG, Netdev};
use crate::netlink::{Protocol, Socket};
use flumen_abi::{Addr, IfIndex};
use flumen_engine::{HostFacts, LinkFacts, LocalFacts};
use std::collections::BTreeMap;

/// Reads links, addresses and XDP features, and puts them together.
pub(crate) fn read_facts() -> Result<HostFacts, KernelError> {
    let mut socket = Socket::open(Protocol::Route, 0)?;
    let (links, addresses) = (links(&mut socket)?, addresses(&mut socket)?);
    let features = match Netdev::open()? {
        Some(mut netdev) => netdev.features()?,
        None => None,
    };
    Ok(assemble(&links, &addresses, features.as_ref()))
}

/// Primary addresses per link, and all that are the host's own. `features` are those for XDP by link. A kernel that tells
/// none (before 6.3) redirects frames of one buffer to whoever takes them, and no others.
///
/// Every address that is assigned is local, also a tentative or deprecated one: the kernel answers to it
/// sooner or later, and it is never a stranger's.
fn assemble(links: &[Link], addresses: &[Address], features: Option<&BTreeMap<IfIndex, u64>>) -> HostFacts {
    let mut locals = Vec::new();
    for address in addresses {
        let mut add = |addr: Addr, broadcast: bool| {
            let new = LocalFacts { addr, link: address.link, broadcast };
            if !locals.contains(&new) {
                locals.push(new);
            }
        };
        add(address.addr, false);
        for broadcast in [address.subnet_broadcast(), address.broadcast].into_iter().flatten() {
            add(broadcast, true);
        }
    }
    let has = |features: &BTreeMap<IfIndex, u64>, link: IfIndex, feature| {
        features.get(&link).is_some_and(|mask| mask & feature != 0)
    };
    let links = links.iter().map(|link| LinkFacts {
        index: link.index,
        name: link.name.clone(),
        mac: link.mac,
        mtu: link.mtu,
        v4: primary(addresses, link.index, |address| address.addr.is_v4()),
        v6: primary(addresses, link.index, |address| !address.addr.is_v4() && !address.is_unique_local())
            .or_else(|| primary(addresses, link.index, Address::is_unique_local)),
        running: link.running,
        xdp_transmit: features.is_none_or(|all| has(all, link.index, NDO_XMIT)),
        xdp_transmit_fragments: features.is_some_and(|all| has(all, link.index, NDO_XMIT_SG)),
    });
    HostFacts { links: links.collect(), locals }
}

/// The first global address that may be a source, a secondary one only when there is no other.
fn primary(addresses: &[Address], link: IfIndex, wanted: impl Fn(&Address) -> bool) -> Option<Addr> {
    let usable = || addresses.iter().filter(|a| a.link == link && a.global && a.preferred && wanted(a));
    usable().find(|address| !address.secondary).or_else(|| usable().next()).map(|address| address.addr)
}

#[cfg(test)]
mod tests {
    use super::assemble;
    use crate::address::Address;
    use crate::link::Link;
    use flumen_abi::{Addr, IfIndex};
    use std::collections::BTreeMap;
    use std::net::IpAddr;

    fn address(text: &str, prefix_length: u8) -> Address {
        Address {
            link: IfIndex(2),
            addr: text.parse::<IpAddr>().unwrap().into(),
            prefix_length,
            global: true,
            secondary: false,
            preferred: true,
            broadcast: None,
            protocol: 0,
        }
    }

    fn eth0() -> Vec<Link> {
        vec![Link {
            index: IfIndex(2),
            name: "eth0".into(),
            mtu: 1500,
            running: true,
            mac: [0; 6],
            ..Link::default()
        }]
    }

    fn addr(text: &str) -> Option<Addr> {
        Some(text.parse::<IpAddr>().unwrap().into())
    }

    #[test]
    fn the_primary_address_is_the_first_global_one_that_is_not_secondary() {
        let facts = assemble(
            &eth0(),
            &[
                Address { global: false, ..address("169.254.0.1", 16) },
                Address { secondary: true, ..address("192.0.2.2", 24) },
                address("192.0.2.1", 24),
                Address { global: false, ..address("fe80::1", 64) },
                address("fd00::1", 64),
                Address { preferred: false, ..address("2001:db8::9", 64) },
                Address { secondary: true, ..address("2001:db8::8", 64) },
                address("2001:db8::1", 64),
            ],
            None,
        );
        assert_eq!(facts.links[0].v4, addr("192.0.2.1"));
        assert_eq!(facts.links[0].v6, addr("2001:db8::1"));
        assert_eq!(facts.locals.iter().filter(|local| !local.broadcast).count(), 8, "all are the host's own");
    }

    #[test]
    fn unique_local_serves_when_there_is_nothing_better_and_link_local_never() {
        let link_local = Address { global: false, ..address("fe80::1", 64) };
        assert_eq!(
            assemble(&eth0(), &[link_local, address("fd00::1", 64)], None).links[0].v6,
            addr("fd00::1")
        );
        assert_eq!(assemble(&eth0(), &[link_local], None).links[0].v6, None);
    }

    #[test]
    fn a_broadcast_address_is_listed_once_even_when_two_addresses_share_it() {
        let facts = assemble(&eth0(), &[address("192.0.2.1", 24), address("192.0.2.2", 24)], None);
        let broadcasts: Vec<_> = facts.locals.iter().filter(|local| local.broadcast).collect();
        assert_eq!(broadcasts.len(), 1);
        assert_eq!(Some(broadcasts[0].addr), addr("192.0.2.255"));
    }

    #[test]
    fn a_link_takes_frames_of_xdp_when_the_kernel_says_so_or_says_nothing() {
        let takes = |told: Option<&BTreeMap<IfIndex, u64>>| {
            let link = assemble(&eth0(), &[], told).links.remove(0);
            (link.xdp_transmit, link.xdp_transmit_fragments)
        };
        assert_eq!(takes(None), (true, false));
        assert_eq!(takes(Some(&[(IfIndex(2), 0x67)].into())), (true, true));
        assert_eq!(takes(Some(&[(IfIndex(2), 0x27)].into())), (true, false));
        assert_eq!(takes(Some(&[(IfIndex(2), 0x23)].into())), (false, false));
        assert_eq!(takes(Some(&[(IfIndex(3), 0x67)].into())), (false, false));
    }
}
