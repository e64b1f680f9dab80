use crate::KernelError;
use crate::netlink::{AttributeWriter, Attributes, Message, Socket, u32_ne};
use crate::network::OURS;
use flumen_abi::{Addr, IfIndex};
use ipnet::IpNet;
use nix::libc::{
    IFA_ADDRESS, IFA_BROADCAST, IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_OPTIMISTIC, IFA_F_SECONDARY,
    IFA_F_TENTATIVE, IFA_FLAGS, IFA_LOCAL, RT_SCOPE_HOST, RT_SCOPE_LINK, RTM_DELADDR, RTM_GETADDR,
    RTM_NEWADDR,
};
use std::net::Ipv6Addr;

/// One address of the host as rtnetlink describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) link: IfIndex,
    pub(crate) addr: Addr,
    pub(crate) prefix_length: u8,
    /// Reaches further than its own link.
    pub(crate) global: bool,
    /// IPv4: another address of the same subnet comes first. IPv6: temporary (RFC 8981).
    pub(crate) secondary: bool,
    /// May be a source: not tentative, not deprecated, not a duplicate.
    pub(crate) preferred: bool,
    /// As configured; the kernel gives none to point-to-point links and short subnets.
    pub(crate) broadcast: Option<Addr>,
    /// Who added it; 0 when they did not say.
    pub(crate) protocol: u8,
}

/// Linux 5.18; older kernels pass over it.
const IFA_PROTO: u16 = 11;
/// Families, as a byte of a header.
pub(crate) const AF_INET: u8 = 2;
pub(crate) const AF_INET6: u8 = 10;
/// `struct ifaddrmsg`: family, prefix length, flags, scope, index.
const HEADER: usize = 8;

/// Every address of the namespace, in the kernel's order: primary before secondary.
pub(crate) fn addresses(socket: &mut Socket) -> Result<Vec<Address>, KernelError> {
    socket.dump("read the addresses", RTM_GETADDR, &[0; HEADER], parse)
}

/// An address value of either family.
pub(crate) fn addr(family: u8, value: &[u8]) -> Option<Addr> {
    match family {
        AF_INET => value.try_into().ok().map(Addr::v4),
        AF_INET6 => value.try_into().ok().map(Addr::v6),
        _ => None,
    }
}

/// The kernel's number of an address's family.
pub(crate) fn family(addr: Addr) -> u8 {
    if addr.is_v4() { AF_INET } else { AF_INET6 }
}

/// The bytes of an address as its family has them.
pub(crate) fn bytes(addr: Addr) -> Vec<u8> {
    if addr.is_v4() { addr.v4_octets().to_vec() } else { addr.octets().to_vec() }
}

/// Adds an address with our mark.
pub(crate) fn add_address(
    socket: &mut Socket,
    action: &str,
    link: IfIndex,
    address: IpNet,
) -> Result<(), KernelError> {
    let flags = Message::CREATE | Message::EXCLUSIVE;
    socket.change(action, RTM_NEWADDR, flags, &request(link, address))
}

/// Removes an address, whoever added it.
pub(crate) fn remove_address(
    socket: &mut Socket,
    action: &str,
    link: IfIndex,
    address: IpNet,
) -> Result<(), KernelError> {
    socket.change(action, RTM_DELADDR, 0, &request(link, address))
}

fn request(link: IfIndex, address: IpNet) -> Vec<u8> {
    let addr = Addr::from(address.addr());
    let scope = if address.addr().is_loopback() && addr.is_v4() { RT_SCOPE_HOST } else { 0 };
    let mut request = vec![family(addr), address.prefix_len(), 0, scope];
    request.extend(link.0.to_ne_bytes());
    let own = bytes(addr);
    let mut attributes = AttributeWriter::default().put(IFA_LOCAL, &own).put(IFA_ADDRESS, &own);
    if let IpNet::V4(v4) = address
        && v4.prefix_len() < 31
    {
        attributes = attributes.put(IFA_BROADCAST, &v4.broadcast().octets());
    }
    request.extend(attributes.put(IFA_PROTO, &[OURS]).into_bytes());
    request
}

fn parse(message: &Message<'_>) -> Option<Address> {
    if message.kind != RTM_NEWADDR {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    // On a point-to-point link IFA_ADDRESS is the peer's, and IFA_LOCAL ours.
    let own = attributes.get(IFA_LOCAL).or_else(|| attributes.get(IFA_ADDRESS))?;
    let flags = attributes.get(IFA_FLAGS).and_then(u32_ne).unwrap_or(u32::from(header[2]));
    let unusable = IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_TENTATIVE;
    Some(Address {
        link: IfIndex(u32_ne(&header[4..8])?),
        addr: addr(header[0], own)?,
        prefix_length: header[1],
        // Universe is 0; site-local and administratively defined scopes lie between it and link.
        global: header[3] < RT_SCOPE_LINK,
        secondary: flags & IFA_F_SECONDARY != 0,
        preferred: flags & unusable == 0 || flags & IFA_F_OPTIMISTIC != 0,
        broadcast: attributes.get(IFA_BROADCAST).and_then(|value| addr(AF_INET, value)),
        protocol: attributes.get(IFA_PROTO).and_then(|value| value.first().copied()).unwrap_or(0),
    })
}

impl Address {
    /// The subnet's broadcast address (RFC 919): what the prefix says, whether or not it is configured.
    pub(crate) fn subnet_broadcast(&self) -> Option<Addr> {
        if !self.addr.is_v4() || self.prefix_length >= 31 {
            return None;
        }
        let host_bits = u32::MAX.checked_shr(u32::from(self.prefix_length)).unwrap_or(0);
        Some(Addr::v4((u32::from_be_bytes(self.addr.v4_octets()) | host_bits).to_be_bytes()))
    }

    /// `fc00::/7` (RFC 4193).
    pub(crate) fn is_unique_local(&self) -> bool {
        !self.addr.is_v4() && Ipv6Addr::from(self.addr.octets()).is_unique_local()
    }
}

#[cfg(test)]
mod tests {
    use super::{AF_INET, Address, IFA_ADDRESS, IFA_BROADCAST, IFA_FLAGS, IFA_LOCAL, RTM_NEWADDR, parse};
    use crate::netlink::{AttributeWriter, Message};
    use flumen_abi::{Addr, IfIndex};

    fn address(octets: [u8; 4], prefix_length: u8) -> Address {
        Address {
            link: IfIndex(2),
            addr: Addr::v4(octets),
            prefix_length,
            global: true,
            secondary: false,
            preferred: true,
            broadcast: None,
            protocol: 0,
        }
    }

    #[test]
    fn the_local_address_of_a_point_to_point_link_is_ours_not_the_peers() {
        let mut payload = vec![AF_INET, 32, 0, 0];
        payload.extend(2_u32.to_ne_bytes());
        let attributes = AttributeWriter::default()
            .put(IFA_ADDRESS, &[10, 0, 0, 2])
            .put(IFA_LOCAL, &[10, 0, 0, 1])
            .put(IFA_FLAGS, &0x80_u32.to_ne_bytes());
        payload.extend(attributes.into_bytes());
        let read = parse(&Message { kind: RTM_NEWADDR, flags: 0, sequence: 0, payload: &payload }).unwrap();
        assert_eq!(read, address([10, 0, 0, 1], 32));
    }

    #[test]
    fn flags_of_the_attribute_win_over_those_of_the_header() {
        let mut payload = vec![AF_INET, 24, 0x01, 0];
        payload.extend(2_u32.to_ne_bytes());
        let attributes = AttributeWriter::default()
            .put(IFA_LOCAL, &[10, 0, 0, 1])
            .put(IFA_BROADCAST, &[10, 0, 0, 255])
            .put(IFA_FLAGS, &0x40_u32.to_ne_bytes());
        payload.extend(attributes.into_bytes());
        let read = parse(&Message { kind: RTM_NEWADDR, flags: 0, sequence: 0, payload: &payload }).unwrap();
        assert!(!read.secondary && !read.preferred);
        assert_eq!(read.broadcast, Some(Addr::v4([10, 0, 0, 255])));
    }

    #[test]
    fn a_subnet_has_a_broadcast_address_unless_it_is_too_short() {
        assert_eq!(address([10, 1, 2, 3], 24).subnet_broadcast(), Some(Addr::v4([10, 1, 2, 255])));
        assert_eq!(address([10, 1, 2, 3], 0).subnet_broadcast(), Some(Addr::v4([255; 4])));
        assert_eq!(address([10, 1, 2, 3], 31).subnet_broadcast(), None);
        assert_eq!(address([10, 1, 2, 3], 32).subnet_broadcast(), None);
    }

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            if let Some(address) = parse(&Message { kind: RTM_NEWADDR, flags: 0, sequence: 0, payload }) {
                assert!(address.addr.is_v4() || address.subnet_broadcast().is_none());
            }
        });
    }
}
