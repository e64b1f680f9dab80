//! ICMP (RFC 792); the header that it shares with ICMPv6.

use super::{Checksum, Layer, Packet, Pseudo, checksum, protocol};

#[derive(Clone, Debug)]
pub(super) struct Icmp {
    v6: bool,
    kind: u8,
    code: u8,
    /// The four bytes behind the checksum.
    rest: [u8; 4],
    pub(super) checksum: Checksum,
}

// === impl Packet ===

impl Packet {
    /// Adds an echo request.
    pub fn icmp_echo(self, id: u16, sequence: u16) -> Self {
        self.icmp(8, 0, pair(id, sequence))
    }

    /// Adds an echo reply.
    pub fn icmp_echo_reply(self, id: u16, sequence: u16) -> Self {
        self.icmp(0, 0, pair(id, sequence))
    }

    /// Adds "destination unreachable"; code 3 is "port". The packet in error goes into [`Packet::quoting`].
    pub fn icmp_unreachable(self, code: u8) -> Self {
        self.icmp(3, code, [0; 4])
    }

    /// Adds "fragmentation needed" with the next hop's MTU (RFC 1191).
    pub fn icmp_frag_needed(self, mtu: u16) -> Self {
        self.icmp(3, 4, pair(0, mtu))
    }

    /// Adds "time exceeded": code 0 in transit, 1 in reassembly.
    pub fn icmp_time_exceeded(self, code: u8) -> Self {
        self.icmp(11, code, [0; 4])
    }

    /// Adds "parameter problem" at the byte `pointer` of the quoted packet.
    pub fn icmp_param_problem(self, pointer: u8) -> Self {
        self.icmp(12, 0, [pointer, 0, 0, 0])
    }

    /// Adds an ICMP header; `rest` is what stands behind the checksum.
    pub fn icmp(self, kind: u8, code: u8, rest: [u8; 4]) -> Self {
        self.with(Layer::Icmp(Icmp { v6: false, kind, code, rest, checksum: Checksum::Right }))
    }

    /// Adds an ICMPv6 header; `rest` is what stands behind the checksum.
    pub fn icmpv6(self, kind: u8, code: u8, rest: [u8; 4]) -> Self {
        self.with(Layer::Icmp(Icmp { v6: true, kind, code, rest, checksum: Checksum::Right }))
    }

    /// Adds the packet in error, without its L2 header, whole.
    pub fn quoting(self, inner: &Self) -> Self {
        self.payload(inner.build_l3())
    }

    /// Adds at most the first `len` bytes of the packet in error; RFC 792 asks for the IP header and 8 bytes.
    pub fn quoting_first(self, len: usize, inner: &Self) -> Self {
        let mut bytes = inner.build_l3();
        bytes.truncate(len);
        self.payload(bytes)
    }
}

pub(super) fn pair(first: u16, second: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (first.to_be_bytes(), second.to_be_bytes());
    [a, b, c, d]
}

// === impl Icmp ===

impl Icmp {
    pub(super) fn protocol(&self) -> u8 {
        if self.v6 { protocol::ICMPV6 } else { protocol::ICMP }
    }

    pub(super) fn wrap(&self, body: &[u8], pseudo: Option<Pseudo>) -> Vec<u8> {
        let mut bytes = vec![self.kind, self.code, 0, 0];
        bytes.extend(self.rest);
        bytes.extend_from_slice(body);
        let pseudo = pseudo.filter(|_| self.v6).map(|pseudo| pseudo.sum(protocol::ICMPV6, bytes.len()));
        checksum::write(&mut bytes, 2, pseudo, self.checksum, false);
        bytes
    }
}
