use super::{LinkNames, ip, name};
use crate::KernelError;
use crate::address::{AF_INET, AF_INET6, addr};
use crate::netlink::{Attributes, Message, Socket, u32_ne};
use crate::route::HEADER;
use crate::static_route::NEXT_HOP;
use flumen_abi::IfIndex;
use nix::libc::{
    RTA_DST, RTA_GATEWAY, RTA_MULTIPATH, RTA_OIF, RTA_PREFSRC, RTA_PRIORITY, RTA_TABLE, RTA_VIA,
    RTM_F_CLONED, RTM_GETROUTE, RTM_NEWROUTE, RTPROT_REDIRECT,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One route of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// Number of its table; 254 is the main one, 255 that of the host's own addresses.
    pub table: u32,
    /// Destinations that it is for: an address, and how many bits of it count.
    pub destination: (IpAddr, u8),
    /// What it does with packets.
    pub kind: RouteKind,
    /// Who made it (`rtm_protocol`): 2 the kernel, 3 at boot, 4 an administrator; daemons have numbers of their own.
    pub protocol: u8,
    /// Which of several routes to one destination is used: the lowest.
    pub metric: u32,
    /// Source of the host's own packets.
    pub source: Option<IpAddr>,
    /// Where packets go; none unless they are forwarded. Several share them by weight.
    pub hops: Vec<RouteHop>,
}

/// What a route does with packets (`rtm_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// Forwards them.
    Unicast,
    /// They are for the host itself.
    Local,
    /// They are for everybody on a link.
    Broadcast,
    /// They are for whoever is nearest, the host among them.
    Anycast,
    /// They are for a group.
    Multicast,
    /// Discards them.
    Blackhole,
    /// Refuses them: unreachable.
    Unreachable,
    /// Refuses them: prohibited.
    Prohibit,
    /// Leaves them to another table.
    Throw,
    /// Any other, by its number.
    Other(u8),
}

/// One way of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteHop {
    /// The next router; none when the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// Name of the link; empty when the kernel tells none.
    pub link: String,
    /// Its share, 1 or more.
    pub weight: u32,
}

pub(super) fn read(
    socket: &mut Socket,
    names: &LinkNames,
    keep: &dyn Fn(&RouteEntry) -> bool,
) -> Result<Vec<RouteEntry>, KernelError> {
    let mut routes = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let mut request = vec![0; HEADER];
        request[0] = family;
        let wanted = |message: &Message<'_>| parse(message, names).filter(|route| keep(route));
        routes.extend(socket.dump("read the routes", RTM_GETROUTE, &request, wanted)?);
    }
    Ok(routes)
}

fn parse(message: &Message<'_>, names: &LinkNames) -> Option<RouteEntry> {
    if message.kind != RTM_NEWROUTE {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let (family, protocol) = (header[0], header[5]);
    if u32_ne(&header[8..12])? & RTM_F_CLONED != 0 || protocol == RTPROT_REDIRECT {
        return None;
    }
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let unspecified = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AF_INET6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let address = |kind| attributes.get(kind).and_then(|value| addr(family, value)).map(ip);
    let hops = match attributes.get(RTA_MULTIPATH) {
        Some(hops) => multipath(family, hops, names),
        None => {
            let link = attributes.get(RTA_OIF).and_then(u32_ne).map(IfIndex);
            hop(family, attributes, link, 1, names).into_iter().collect()
        }
    };
    Some(RouteEntry {
        table: attributes.get(RTA_TABLE).and_then(u32_ne).unwrap_or(u32::from(header[4])),
        destination: (address(RTA_DST).unwrap_or(unspecified), header[1]),
        kind: RouteKind::from(header[7]),
        protocol,
        metric: attributes.get(RTA_PRIORITY).and_then(u32_ne).unwrap_or(0),
        source: address(RTA_PREFSRC),
        hops,
    })
}

fn hop(
    family: u8,
    attributes: Attributes<'_>,
    link: Option<IfIndex>,
    weight: u32,
    names: &LinkNames,
) -> Option<RouteHop> {
    // RTA_VIA: a router of the other family (RFC 5549); two bytes of family come first.
    let via = attributes.get(RTA_VIA).and_then(|value| {
        let (family, octets) = value.split_at_checked(2)?;
        addr(u16::from_ne_bytes([family[0], family[1]]).try_into().ok()?, octets)
    });
    let gateway = attributes.get(RTA_GATEWAY).and_then(|value| addr(family, value)).or(via).map(ip);
    if gateway.is_none() && link.is_none() {
        return None;
    }
    let link = link.map(|index| name(names, index)).unwrap_or_default();
    Some(RouteHop { gateway, link, weight })
}

/// The ways of a route that has several. Ends at one that is cut short.
fn multipath(family: u8, mut bytes: &[u8], names: &LinkNames) -> Vec<RouteHop> {
    let mut hops = Vec::new();
    while let Some(header) = bytes.get(..NEXT_HOP) {
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let Some(attributes) = bytes.get(NEXT_HOP..length) else { break };
        let link = u32_ne(&header[4..8]).map(IfIndex);
        hops.extend(hop(family, Attributes::new(attributes), link, u32::from(header[3]) + 1, names));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

impl From<u8> for RouteKind {
    fn from(number: u8) -> RouteKind {
        match number {
            1 => RouteKind::Unicast,
            2 => RouteKind::Local,
            3 => RouteKind::Broadcast,
            4 => RouteKind::Anycast,
            5 => RouteKind::Multicast,
            6 => RouteKind::Blackhole,
            7 => RouteKind::Unreachable,
            8 => RouteKind::Prohibit,
            9 => RouteKind::Throw,
            other => RouteKind::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HEADER, RTA_MULTIPATH, RTM_NEWROUTE, parse};
    use crate::netlink::{AttributeWriter, Message};
    use crate::tables::LinkNames;

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            // Behind a header that is right, so that the ways are looked at, too.
            let ways = AttributeWriter::default().put(RTA_MULTIPATH, &payload[..payload.len().min(1000)]);
            let mut whole = vec![2, 24, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0];
            whole.extend(ways.into_bytes());
            for payload in [payload, &whole] {
                let message = Message { kind: RTM_NEWROUTE, flags: 0, sequence: 0, payload };
                let read = parse(&message, &LinkNames::new());
                assert!(read.is_none() || payload.len() >= HEADER);
            }
        });
    }
}
