//! ICMPv6 (RFC 4443) and the neighbour discovery messages that a gateway meets (RFC 4861).

use super::icmp::pair;
use super::{Mac, Packet, ToIpv6, ToMac};

// === impl Packet ===

impl Packet {
    /// Adds an ICMPv6 echo request.
    pub fn icmpv6_echo(self, id: u16, sequence: u16) -> Self {
        self.icmpv6(128, 0, pair(id, sequence))
    }

    /// Adds an ICMPv6 echo reply.
    pub fn icmpv6_echo_reply(self, id: u16, sequence: u16) -> Self {
        self.icmpv6(129, 0, pair(id, sequence))
    }

    /// Adds "destination unreachable"; code 4 is "port". The packet in error goes into [`Packet::quoting`].
    pub fn icmpv6_unreachable(self, code: u8) -> Self {
        self.icmpv6(1, code, [0; 4])
    }

    /// Adds "packet too big" with the next hop's MTU.
    pub fn icmpv6_packet_too_big(self, mtu: u32) -> Self {
        self.icmpv6(2, 0, mtu.to_be_bytes())
    }

    /// Adds "time exceeded": code 0 in transit, 1 in reassembly.
    pub fn icmpv6_time_exceeded(self, code: u8) -> Self {
        self.icmpv6(3, code, [0; 4])
    }

    /// Adds "parameter problem" at the byte `pointer` of the quoted packet; code 1 is "unknown next header".
    pub fn icmpv6_param_problem(self, code: u8, pointer: u32) -> Self {
        self.icmpv6(4, code, pointer.to_be_bytes())
    }

    /// Adds a neighbour solicitation for `target` with the sender's link-layer address. Wants hop limit 255.
    pub fn neighbour_solicitation(self, target: impl ToIpv6, source: impl ToMac) -> Self {
        self.neighbour_message(135, [0; 4], target, 1, source.to_mac())
    }

    /// Adds a solicited, overriding neighbour advertisement of `target`. Wants hop limit 255.
    pub fn neighbour_advertisement(self, target: impl ToIpv6, at: impl ToMac) -> Self {
        self.neighbour_message(136, [0x60, 0, 0, 0], target, 2, at.to_mac())
    }

    fn neighbour_message(self, kind: u8, flags: [u8; 4], target: impl ToIpv6, option: u8, mac: Mac) -> Self {
        let mut body = target.to_ipv6().octets().to_vec();
        body.extend([option, 1]);
        body.extend(mac.0);
        self.icmpv6(kind, 0, flags).payload(body)
    }
}
