use crate::KernelError;
use crate::link::{HEADER, IFF_LOWER_UP, IFF_UP};
use crate::netlink::{Attributes, Message, Socket, text, u32_ne, u64_ne};
use flumen_abi::IfIndex;
use nix::libc::{
    IFLA_ADDRESS, IFLA_CARRIER_CHANGES, IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MTU,
    IFLA_NUM_RX_QUEUES, IFLA_NUM_TX_QUEUES, IFLA_STATS64, RTM_GETLINK, RTM_NEWLINK,
};
use std::net::IpAddr;

/// One link of the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkEntry {
    /// Its name.
    pub name: String,
    /// Kind of a virtual link: `veth`, `vlan`, `bridge`; empty for hardware.
    pub kind: String,
    /// Ethernet address; none for links that have none.
    pub mac: Option<[u8; 6]>,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub carrier: bool,
    /// How often the carrier came or went.
    pub carrier_changes: u32,
    /// Queues for receiving and for sending.
    pub queues: (u32, u32),
    /// Addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// What the driver and the kernel have counted; frames that XDP takes are in them as the driver sees fit.
    pub counters: LinkCounters,
}

/// Counters of a link (`struct rtnl_link_stats64`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Packets, bytes, errors and drops on the receiving side.
    pub received: [u64; 4],
    /// The same on the sending side.
    pub sent: [u64; 4],
}

pub(super) fn read(socket: &mut Socket) -> Result<Vec<(IfIndex, LinkEntry)>, KernelError> {
    socket.dump("read the links and their counters", RTM_GETLINK, &[0; HEADER], parse)
}

fn parse(message: &Message<'_>) -> Option<(IfIndex, LinkEntry)> {
    if message.kind != RTM_NEWLINK {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let flags = u32_ne(&header[8..12])?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let number = |kind| attributes.get(kind).and_then(u32_ne).unwrap_or(0);
    let kind = attributes.get(IFLA_LINKINFO).and_then(|info| Attributes::new(info).get(IFLA_INFO_KIND));
    let link = LinkEntry {
        name: text(attributes.get(IFLA_IFNAME)?),
        kind: kind.map(text).unwrap_or_default(),
        mac: attributes.get(IFLA_ADDRESS).and_then(|value| value.try_into().ok()),
        mtu: number(IFLA_MTU),
        up: flags & IFF_UP != 0,
        carrier: flags & IFF_LOWER_UP != 0,
        carrier_changes: number(IFLA_CARRIER_CHANGES),
        queues: (number(IFLA_NUM_RX_QUEUES), number(IFLA_NUM_TX_QUEUES)),
        addresses: Vec::new(),
        counters: attributes.get(IFLA_STATS64).map(counters).unwrap_or_default(),
    };
    Some((IfIndex(u32_ne(&header[4..8])?), link))
}

/// The first eight: packets, bytes, errors, drops, each received and sent.
fn counters(stats: &[u8]) -> LinkCounters {
    let (words, _) = stats.as_chunks::<8>();
    let word = |at: usize| words.get(at).and_then(|word| u64_ne(word)).unwrap_or(0);
    let side = |first: usize| [0, 2, 4, 6].map(|at| word(first + at));
    LinkCounters { received: side(0), sent: side(1) }
}

#[cfg(test)]
mod tests {
    use super::{HEADER, LinkCounters, RTM_NEWLINK, counters, parse};
    use crate::netlink::Message;

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = parse(&Message { kind: RTM_NEWLINK, flags: 0, sequence: 0, payload });
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }

    #[test]
    fn counters_alternate_between_received_and_sent() {
        let stats: Vec<u8> = (1_u64..=24).flat_map(u64::to_ne_bytes).collect();
        assert_eq!(counters(&stats), LinkCounters { received: [1, 3, 5, 7], sent: [2, 4, 6, 8] });
        assert_eq!(counters(&stats[..20]), LinkCounters { received: [1, 0, 0, 0], sent: [2, 0, 0, 0] });
    }
}
