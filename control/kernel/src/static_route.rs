use crate::KernelError;
use crate::address::{AF_INET, AF_INET6, addr, bytes, family};
use crate::link::Link;
use crate::netlink::{AttributeWriter, Attributes, Message, Socket, u32_ne};
use crate::network::{Hop, OURS, RouteTarget, StaticRoute};
use crate::route::HEADER;
use flumen_abi::Addr;
use ipnet::IpNet;
use nix::errno::Errno;
use nix::libc::{
    RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTA_DST, RTA_GATEWAY, RTA_MULTIPATH, RTA_OIF,
    RTA_PRIORITY, RTA_TABLE, RTM_DELROUTE, RTM_F_CLONED, RTM_GETROUTE, RTM_NEWROUTE, RTN_BLACKHOLE,
    RTN_UNICAST, RTN_UNREACHABLE,
};
use std::net::IpAddr;

/// How a route is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where there is none.
    Free,
    /// Instead of the one that is there.
    Taken,
}

/// `struct rtnexthop`: length, flags, weight less 1, interface; attributes follow.
pub(crate) const NEXT_HOP: usize = 8;

/// Routes of the main table that `protocol` made; of all, when it is none. Links are those of the host.
pub(crate) fn routes(
    socket: &mut Socket,
    protocol: Option<u8>,
    links: &[Link],
) -> Result<Vec<StaticRoute>, KernelError> {
    socket.be_strict()?;
    let mut routes = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let mut request = vec![family, 0, 0, 0, RT_TABLE_MAIN, protocol.unwrap_or(0), 0, 0];
        request.resize(HEADER, 0);
        let table = AttributeWriter::default().put(RTA_TABLE, &u32::from(RT_TABLE_MAIN).to_ne_bytes());
        request.extend(table.into_bytes());
        let wanted = |message: &Message<'_>| parse(message, family, protocol, links);
        match socket.dump("read the routes", RTM_GETROUTE, &request, wanted) {
            Ok(found) => routes.extend(found),
            // A host without this family has no such table.
            Err(error) if error.is(Errno::ENOENT) || error.is(Errno::EAFNOSUPPORT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(routes)
}

/// Adds a route with our mark.
pub(crate) fn add_route(
    socket: &mut Socket,
    action: &str,
    route: &StaticRoute,
    place: Place,
    links: &[Link],
) -> Result<(), KernelError> {
    let flags = Message::CREATE
        | match place {
            Place::Free => Message::EXCLUSIVE,
            Place::Taken => Message::REPLACE,
        };
    socket.change(action, RTM_NEWROUTE, flags, &request(action, route, links)?)
}

/// Removes a route that has our mark.
pub(crate) fn remove_route(
    socket: &mut Socket,
    action: &str,
    route: &StaticRoute,
) -> Result<(), KernelError> {
    // Without next hops: whichever it has now.
    let place = StaticRoute { target: RouteTarget::Via(Vec::new()), ..route.clone() };
    let mut request = request(action, &place, &[])?;
    request[6] = 255; // RT_SCOPE_NOWHERE: of any scope
    request[7] = 0; // of any type
    socket.change(action, RTM_DELROUTE, 0, &request)
}

fn request(action: &str, route: &StaticRoute, links: &[Link]) -> Result<Vec<u8>, KernelError> {
    let to = Addr::from(route.to.network());
    let (kind, hops): (u8, &[Hop]) = match &route.target {
        RouteTarget::Discard => (RTN_BLACKHOLE, &[]),
        RouteTarget::Reject => (RTN_UNREACHABLE, &[]),
        RouteTarget::Via(hops) => (RTN_UNICAST, hops),
    };
    let on_link = !hops.is_empty() && hops.iter().all(|hop| hop.gateway.is_none());
    let scope = if on_link && to.is_v4() { RT_SCOPE_LINK } else { RT_SCOPE_UNIVERSE };
    let mut request = vec![family(to), route.to.prefix_len(), 0, 0, RT_TABLE_MAIN, OURS, scope, kind];
    request.resize(HEADER, 0);
    let mut attributes = AttributeWriter::default()
        .put(RTA_DST, &bytes(to))
        .put(RTA_PRIORITY, &route.metric.to_ne_bytes())
        .put(RTA_TABLE, &u32::from(RT_TABLE_MAIN).to_ne_bytes());
    let index = |hop: &Hop| match &hop.link {
        None => Ok(None),
        Some(name) => match links.iter().find(|link| link.name == *name) {
            Some(link) => Ok(Some(link.index)),
            None => Err(KernelError::system(action, Errno::ENODEV)),
        },
    };
    let gateway = |attributes: AttributeWriter, hop: &Hop| match hop.gateway {
        Some(gateway) => attributes.put(RTA_GATEWAY, &bytes(gateway.into())),
        None => attributes,
    };
    match hops {
        [] => {}
        [hop] => {
            if let Some(index) = index(hop)? {
                attributes = attributes.put(RTA_OIF, &index.0.to_ne_bytes());
            }
            attributes = gateway(attributes, hop);
        }
        several => {
            let mut all = Vec::new();
            for hop in several {
                let own = gateway(AttributeWriter::default(), hop).into_bytes();
                let length = u16::try_from(NEXT_HOP + own.len()).expect("a next hop is a few bytes long");
                all.extend(length.to_ne_bytes());
                all.extend([0, 0]);
                all.extend(index(hop)?.map_or(0, |index| index.0).to_ne_bytes());
                all.extend(own);
            }
            attributes = attributes.put(RTA_MULTIPATH, &all);
        }
    }
    request.extend(attributes.into_bytes());
    Ok(request)
}

fn parse(
    message: &Message<'_>,
    wanted_family: u8,
    protocol: Option<u8>,
    links: &[Link],
) -> Option<StaticRoute> {
    let header = message.payload.get(..HEADER)?;
    let flags = u32_ne(&header[8..12])?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let table = attributes.get(RTA_TABLE).and_then(u32_ne).unwrap_or(header[4].into());
    if message.kind != RTM_NEWROUTE
        || header[0] != wanted_family
        || table != u32::from(RT_TABLE_MAIN)
        || protocol.is_some_and(|protocol| protocol != header[5])
        || flags & RTM_F_CLONED != 0
    {
        return None;
    }
    let to = match attributes.get(RTA_DST) {
        Some(value) => ip(header[0], value)?,
        None if header[0] == AF_INET => IpAddr::from([0; 4]),
        None => IpAddr::from([0; 16]),
    };
    let name = |index: u32| links.iter().find(|link| link.index.0 == index).map(|link| link.name.clone());
    let hop = |attributes: Attributes<'_>, index: Option<u32>| Hop {
        gateway: attributes.get(RTA_GATEWAY).and_then(|value| ip(header[0], value)),
        link: index.and_then(name),
    };
    let target = match header[7] {
        RTN_BLACKHOLE => RouteTarget::Discard,
        RTN_UNREACHABLE => RouteTarget::Reject,
        RTN_UNICAST => RouteTarget::Via(match attributes.get(RTA_MULTIPATH) {
            Some(all) => several(all, hop),
            None => vec![hop(attributes, attributes.get(RTA_OIF).and_then(u32_ne))],
        }),
        _ => return None,
    };
    Some(StaticRoute {
        to: IpNet::new(to, header[1]).ok()?,
        metric: attributes.get(RTA_PRIORITY).and_then(u32_ne).unwrap_or(0),
        target,
    })
}

fn ip(family: u8, value: &[u8]) -> Option<IpAddr> {
    addr(family, value).map(IpAddr::from)
}

/// The next hops of `RTA_MULTIPATH`; ends at the first that is cut short.
fn several(mut bytes: &[u8], hop: impl Fn(Attributes<'_>, Option<u32>) -> Hop) -> Vec<Hop> {
    let mut hops = Vec::new();
    while let Some(header) = bytes.get(..NEXT_HOP) {
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let Some(own) = bytes.get(NEXT_HOP..length) else { break };
        hops.push(hop(Attributes::new(own), u32_ne(&header[4..8])));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

#[cfg(test)]
mod tests {
    use super::{AF_INET, AF_INET6, HEADER, RTM_NEWROUTE, parse, request};
    use crate::link::Link;
    use crate::netlink::Message;
    use crate::network::{Hop, OURS, RouteTarget, StaticRoute};
    use flumen_abi::IfIndex;

    fn links() -> Vec<Link> {
        let link = |index, name: &str| Link { index: IfIndex(index), name: name.into(), ..Link::default() };
        vec![link(2, "lan"), link(3, "wan")]
    }

    #[test]
    fn a_route_is_read_as_it_is_written() {
        let hop = |gateway: Option<&str>, link: &str| Hop {
            gateway: gateway.map(|gateway| gateway.parse().unwrap()),
            link: Some(link.into()),
        };
        for (to, target) in [
            ("0.0.0.0/0", RouteTarget::Via(vec![hop(Some("192.0.2.9"), "wan")])),
            ("10.0.0.0/8", RouteTarget::Via(vec![hop(None, "lan")])),
            (
                "10.0.0.0/8",
                RouteTarget::Via(vec![hop(Some("192.0.2.9"), "wan"), hop(Some("10.1.0.9"), "lan")]),
            ),
            ("10.0.0.0/8", RouteTarget::Discard),
            ("::/0", RouteTarget::Via(vec![hop(Some("2001:db8::9"), "wan")])),
            ("2001:db8::/32", RouteTarget::Reject),
        ] {
            let route = StaticRoute { to: to.parse().unwrap(), metric: 5, target };
            let payload = request("add", &route, &links()).unwrap();
            let message = Message { kind: RTM_NEWROUTE, flags: 0, sequence: 0, payload: &payload };
            let family = if route.to.addr().is_ipv6() { AF_INET6 } else { AF_INET };
            assert_eq!(parse(&message, family, Some(OURS), &links()), Some(route.clone()), "{route}");
            assert_eq!(parse(&message, family, Some(4), &links()), None, "of another protocol");
        }
    }

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = parse(&Message { kind: RTM_NEWROUTE, flags: 0, sequence: 0, payload }, 2, None, &[]);
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }
}
