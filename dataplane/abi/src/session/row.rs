use super::{Direction, SessionKey, SessionSlot};
use crate::{Addr, InterfaceId, PortBe, ZoneId};

/// Bits of a session row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct SessionFlags(pub u8);

/// What one direction's packets become, and where they went last: a row of either family as the pipeline works with
/// it. In tables it is a [`super::SessionRow4`] or a [`super::SessionRow6`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct SessionRow {
    /// Source on departure.
    pub src: Addr,
    /// Destination on departure.
    pub dst: Addr,
    /// Source port on departure.
    pub sport: PortBe,
    /// Destination port on departure.
    pub dport: PortBe,
    /// One's-complement sum to add to the IPv4 header checksum (RFC 1624), native order.
    pub l3_delta: u16,
    /// One's-complement sum to add to the transport checksum, native order.
    pub l4_delta: u16,
    /// The session's record.
    pub slot: SessionSlot,
    /// Zone it leaves by.
    pub egress: ZoneId,
    /// [`SessionFlags`].
    pub flags: SessionFlags,
    /// Next hop, as long as its epoch is the current one.
    pub hop: Hop,
}

/// The kernel's routing decision for one direction of a session, kept until routes or neighbours change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Hop {
    /// [`crate::Control`]'s word when it was learnt; 0 for none.
    pub epoch: u32,
    /// Egress interface.
    pub interface: InterfaceId,
    /// Interface that the packet arrived on: routing rules may look at its device, and forwarding is a switch of its
    /// own.
    pub ingress: InterfaceId,
    /// Link address of the next hop, three words as they lie in memory.
    pub mac: [u16; 3],
    /// Zero: fills the last word.
    pub reserved: u16,
}

// === impl SessionFlags ===

impl SessionFlags {
    /// The row serves packets back to the side that opened the session.
    pub const REVERSE: u8 = 1;
    /// The row rewrites the source.
    pub const SOURCE: u8 = 1 << 1;
    /// The row rewrites the destination.
    pub const DESTINATION: u8 = 1 << 2;
    /// TCP flags that are remembered: FIN, SYN, RST, ACK (RFC 9293 §3.1).
    pub const TCP: u8 = 0b1_0111;
    /// Where they begin.
    const TCP_SHIFT: u32 = 3;

    /// Direction that the row serves.
    #[inline(always)]
    pub const fn direction(self) -> Direction {
        if self.0 & Self::REVERSE == 0 { Direction::Forward } else { Direction::Reverse }
    }

    /// True when packets leave with other addresses or ports than they came with.
    #[inline(always)]
    pub const fn translates(self) -> bool {
        self.0 & (Self::SOURCE | Self::DESTINATION) != 0
    }

    /// True when the source is rewritten.
    #[inline(always)]
    pub const fn rewrites_source(self) -> bool {
        self.0 & Self::SOURCE != 0
    }

    /// True when the destination is rewritten.
    #[inline(always)]
    pub const fn rewrites_destination(self) -> bool {
        self.0 & Self::DESTINATION != 0
    }

    /// TCP flags that this direction's packets have shown.
    #[inline(always)]
    pub const fn tcp_seen(self) -> u8 {
        self.0 >> Self::TCP_SHIFT & Self::TCP
    }

    /// The same row before any TCP packet.
    pub const fn without_tcp(self) -> SessionFlags {
        SessionFlags(self.0 & (Self::REVERSE | Self::SOURCE | Self::DESTINATION))
    }

    /// The same row after its direction's packets have shown `tcp_flags` too.
    #[inline(always)]
    pub const fn with_tcp(self, tcp_flags: u8) -> SessionFlags {
        SessionFlags(self.0 | (tcp_flags & Self::TCP) << Self::TCP_SHIFT)
    }
}

// === impl SessionRow ===

impl SessionRow {
    /// A row that says nothing.
    pub const EMPTY: SessionRow = SessionRow {
        src: Addr::UNSPECIFIED,
        dst: Addr::UNSPECIFIED,
        sport: PortBe::ZERO,
        dport: PortBe::ZERO,
        l3_delta: 0,
        l4_delta: 0,
        slot: SessionSlot(0),
        egress: ZoneId::NONE,
        flags: SessionFlags(0),
        hop: Hop {
            epoch: 0,
            interface: InterfaceId::NONE,
            ingress: InterfaceId::NONE,
            mac: [0; 3],
            reserved: 0,
        },
    };

    /// The key under which the other direction of the session is found, given this direction's protocol.
    #[inline(always)]
    pub const fn reverse_key(&self, proto: u8) -> SessionKey {
        SessionKey {
            src: self.dst,
            dst: self.src,
            sport: self.dport,
            dport: self.sport,
            zone: self.egress,
            proto,
            reserved: 0,
        }
    }
}

// === impl Hop ===

impl Hop {
    /// A hop by `interface` to `mac`, for packets from `ingress`.
    #[inline(always)]
    pub const fn new(epoch: u32, interface: InterfaceId, ingress: InterfaceId, mac: [u8; 6]) -> Hop {
        let [a, b, c, d, e, f] = mac;
        let mac = [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]), u16::from_ne_bytes([e, f])];
        Hop { epoch, interface, ingress, mac, reserved: 0 }
    }

    /// The link address as it is on the wire.
    #[inline(always)]
    pub const fn mac(&self) -> [u8; 6] {
        let [a, b, c] = [self.mac[0].to_ne_bytes(), self.mac[1].to_ne_bytes(), self.mac[2].to_ne_bytes()];
        [a[0], a[1], b[0], b[1], c[0], c[1]]
    }

    /// Copies word by word: an assignment of the whole would become a call to `memmove` in eBPF, byte by byte.
    #[inline(always)]
    pub const fn copy_to(&self, into: &mut Hop) {
        into.epoch = self.epoch;
        into.interface = self.interface;
        into.ingress = self.ingress;
        into.mac[0] = self.mac[0];
        into.mac[1] = self.mac[1];
        into.mac[2] = self.mac[2];
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Hop, SessionFlags};
    use crate::InterfaceId;

    #[test]
    fn tcp_flags_and_the_way_of_translation_share_a_byte_without_touching() {
        let row = SessionFlags(SessionFlags::REVERSE | SessionFlags::DESTINATION);
        for tcp in 0..=u8::MAX {
            let seen = row.with_tcp(tcp);
            assert_eq!(seen.tcp_seen(), tcp & SessionFlags::TCP);
            assert_eq!(seen.direction(), Direction::Reverse);
            assert!(seen.rewrites_destination() && !seen.rewrites_source());
        }
    }

    #[test]
    fn a_link_address_is_whole_in_its_words() {
        let hop = Hop::new(9, InterfaceId(2), InterfaceId(7), [1, 2, 3, 4, 5, 6]);
        assert_eq!(hop.mac(), [1, 2, 3, 4, 5, 6]);
    }
}
