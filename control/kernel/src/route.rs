use crate::KernelError;
use crate::address::{addr, bytes, family};
use crate::link::links;
use crate::neighbour::{Neighbour, neighbour};
use crate::netlink::{AttributeWriter, Attributes, Message, Protocol, Socket, u32_ne};
use flumen_abi::{Addr, IfIndex};
use nix::errno::Errno;
use nix::libc::{
    RTA_DST, RTA_ENCAP, RTA_GATEWAY, RTA_IIF, RTA_OIF, RTA_SRC, RTA_VIA, RTM_GETROUTE, RTM_NEWROUTE,
    RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST,
};

/// A packet whose way is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteQuery {
    /// Link that it arrived on.
    pub ingress: IfIndex,
    /// Its source; policy routing may look at it.
    pub source: Addr,
    /// Its destination, after destination NAT.
    pub destination: Addr,
    /// IP protocol number.
    pub protocol: u8,
    /// Source port, 0 for none.
    pub source_port: u16,
    /// Destination port, 0 for none.
    pub destination_port: u16,
}

/// The kernel's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where the packet goes.
    pub outcome: RouteOutcome,
    /// Link that it leaves by; none unless it is forwarded.
    pub egress: Option<IfIndex>,
    /// Ethernet address of that link; zero when it has none.
    pub egress_mac: [u8; 6],
    /// The router that it goes to; the destination itself when that is on the link.
    pub next_hop: Option<Addr>,
    /// What is known of the next hop; none unless it is forwarded.
    pub neighbour: Option<Neighbour>,
}

/// Kinds of route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteOutcome {
    /// Sent to a next hop.
    Forward,
    /// Sent through an encapsulation that belongs to the route.
    Encapsulate,
    /// To the host itself.
    Local,
    /// To everybody on a link.
    Broadcast,
    /// To a group.
    Multicast,
    /// Discarded by a `blackhole` route.
    Blackhole,
    /// Refused by an `unreachable` route.
    Unreachable,
    /// Refused by a `prohibit` route.
    Prohibit,
    /// There is no route.
    None,
}

const RTA_IP_PROTO: u16 = 27;
const RTA_SPORT: u16 = 28;
const RTA_DPORT: u16 = 29;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// `struct rtmsg`: family, lengths of destination and source, TOS, table, protocol, scope, type, flags.
pub(crate) const HEADER: usize = 12;

/// Asks the kernel how it would forward a packet.
pub(crate) fn look_up(query: &RouteQuery) -> Result<Route, KernelError> {
    let mut socket = Socket::open(Protocol::Route, 0)?;
    let mut answer = ask(&mut socket, query, Some(query.ingress))?;
    if matches!(answer, Err(Errno::EINVAL | Errno::EXDEV)) {
        // Reverse-path and martian checks answer like a blackhole route, but the datapath has none of them.
        answer = ask(&mut socket, query, None)?;
    }
    let mut route = match answer {
        Ok(route) => route,
        Err(errno) => Route {
            outcome: refusal(errno),
            egress: None,
            egress_mac: [0; 6],
            next_hop: None,
            neighbour: None,
        },
    };
    if let (RouteOutcome::Forward, Some(egress)) = (route.outcome, route.egress) {
        let next_hop = route.next_hop.unwrap_or(query.destination);
        route.next_hop = Some(next_hop);
        route.neighbour = Some(neighbour(&mut socket, egress, next_hop)?);
        let links = links(&mut socket)?;
        route.egress_mac = links.iter().find(|link| link.index == egress).map_or([0; 6], |link| link.mac);
    }
    Ok(route)
}

/// The inner error is the kernel's verdict on the packet, the outer one that it could not be asked.
fn ask(
    socket: &mut Socket,
    query: &RouteQuery,
    ingress: Option<IfIndex>,
) -> Result<Result<Route, Errno>, KernelError> {
    let action = format!("look up the route from {} to {}", query.source, query.destination);
    match socket.ask(&action, RTM_GETROUTE, &request(query, ingress), parse) {
        Ok(Some(route)) => Ok(Ok(route)),
        Ok(None) => Err(KernelError::Malformed { action, problem: "there is no route in it" }),
        Err(error) => match error.errno() {
            Some(errno) if is_verdict(errno) => Ok(Err(errno)),
            _ => Err(error),
        },
    }
}

fn request(query: &RouteQuery, ingress: Option<IfIndex>) -> Vec<u8> {
    let bits = if query.destination.is_v4() { 32 } else { 128 };
    let source_bits = if ingress.is_some() { bits } else { 0 };
    let mut request = vec![family(query.destination), bits, source_bits, 0];
    request.resize(HEADER, 0);
    let mut attributes = AttributeWriter::default().put(RTA_DST, &bytes(query.destination));
    // The kernel takes these protocols here and refuses the rest (`rtm_getroute_parse_ip_proto`).
    if matches!(query.protocol, TCP | UDP) {
        attributes = attributes
            .put(RTA_IP_PROTO, &[query.protocol])
            .put(RTA_SPORT, &query.source_port.to_be_bytes())
            .put(RTA_DPORT, &query.destination_port.to_be_bytes());
    }
    if let Some(ingress) = ingress {
        attributes = attributes.put(RTA_SRC, &bytes(query.source)).put(RTA_IIF, &ingress.0.to_ne_bytes());
    }
    request.extend(attributes.into_bytes());
    request
}

/// Errors that say how the packet fares (`net/ipv4/fib_semantics.c`, `fib_props`).
fn is_verdict(errno: Errno) -> bool {
    use Errno::{EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH, ESRCH, EXDEV};
    matches!(errno, EINVAL | EHOSTUNREACH | EACCES | ENETUNREACH | ESRCH | EXDEV)
}

fn refusal(errno: Errno) -> RouteOutcome {
    match errno {
        Errno::EINVAL => RouteOutcome::Blackhole,
        Errno::EHOSTUNREACH => RouteOutcome::Unreachable,
        Errno::EACCES => RouteOutcome::Prohibit,
        _ => RouteOutcome::None,
    }
}

fn parse(message: &Message<'_>) -> Option<Route> {
    if message.kind != RTM_NEWROUTE {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let outcome = match header[7] {
        RTN_LOCAL => RouteOutcome::Local,
        RTN_BROADCAST => RouteOutcome::Broadcast,
        RTN_MULTICAST => RouteOutcome::Multicast,
        6 => RouteOutcome::Blackhole,
        7 => RouteOutcome::Unreachable,
        8 => RouteOutcome::Prohibit,
        _ if attributes.get(RTA_ENCAP).is_some() => RouteOutcome::Encapsulate,
        _ => RouteOutcome::Forward,
    };
    if outcome != RouteOutcome::Forward {
        return Some(Route { outcome, egress: None, egress_mac: [0; 6], next_hop: None, neighbour: None });
    }
    // RTA_VIA: an IPv4 route through an IPv6 router (RFC 5549); two bytes of family come first.
    let via = attributes.get(RTA_VIA).and_then(|value| {
        let (family, octets) = value.split_at_checked(2)?;
        addr(u16::from_ne_bytes([family[0], family[1]]).try_into().ok()?, octets)
    });
    Some(Route {
        outcome,
        egress: attributes.get(RTA_OIF).and_then(u32_ne).map(IfIndex),
        egress_mac: [0; 6],
        next_hop: attributes.get(RTA_GATEWAY).and_then(|value| addr(header[0], value)).or(via),
        neighbour: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{HEADER, RTM_NEWROUTE, parse};
    use crate::netlink::Message;

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = parse(&Message { kind: RTM_NEWROUTE, flags: 0, sequence: 0, payload });
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }
}
