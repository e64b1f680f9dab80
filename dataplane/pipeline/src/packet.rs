use flumen_abi::{Family, InterfaceRow, LinkRow, SessionKey, SessionPlace, Vlan};
use flumen_frame::{Frame, Offset};

/// What the transport header is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP or ICMPv6 query: its identifier is the key's source port.
    IcmpQuery,
    /// ICMP or ICMPv6 reply: its identifier is the key's destination port.
    IcmpReply,
    /// ICMP or ICMPv6 error that quotes a packet.
    IcmpError,
    /// IPv6 neighbour and router discovery, multicast listener discovery.
    Neighbour,
    /// Any other ICMP or ICMPv6.
    IcmpOther,
    /// Any other protocol.
    Other,
}

/// Place of the packet among its fragments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Fragment {
    /// Not fragmented.
    Whole,
    /// A whole IPv6 packet with a fragment header (RFC 6946).
    Atomic,
    /// The one with the transport header.
    First,
    /// Any other.
    Later,
}

/// One decoded packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Addresses, ports and protocol as they arrived, with the ingress zone.
    pub key: SessionKey,
    /// Where it arrived.
    pub interface: InterfaceRow,
    /// Home of the key in its session table; [`SessionPlace::NONE`] until it is computed.
    pub home: SessionPlace,
    /// Link address that the frame was sent to ([`InterfaceRow::station`]).
    pub station: u64,
    /// VLAN tags of the frame.
    pub vlan: Vlan,
    /// Start of the IP header.
    pub l3: Offset,
    /// Start of the transport header, or of the fragment's payload.
    pub l4: Offset,
    /// Bytes of the IP packet, headers included.
    pub length: u32,
    /// Bytes of the frame as it arrived.
    pub frame_length: u32,
    /// Flags of an egress device, any of which keeps it from taking the frame from XDP.
    pub refused_by: u16,
    /// Fragment identification.
    pub identification: u32,
    /// IPv6 flow label, host order.
    pub flow_label: u32,
    /// What follows the Ethernet header and its tags.
    pub ethertype: u16,
    /// Destination port, or ICMP type and code: what rules look at.
    pub service: u16,
    /// IP version.
    pub family: Family,
    /// Transport header.
    pub kind: Kind,
    /// Place among its fragments.
    pub fragment: Fragment,
    /// TCP flags.
    pub tcp_flags: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// TOS or traffic class.
    pub tos: u8,
    /// IPv4 DF; always true for IPv6.
    pub dont_fragment: bool,
    /// Ethernet destination was a group address.
    pub group: bool,
}

// === impl Packet ===

impl Packet {
    /// Notes how large the frame is, and in how many buffers.
    #[inline(always)]
    pub(crate) fn measure<F: Frame>(&mut self, frame: &F) {
        self.frame_length = frame.len();
        self.refused_by = if frame.is_linear(self.frame_length) {
            LinkRow::KERNEL_SENDS
        } else {
            LinkRow::KERNEL_SENDS | LinkRow::ONE_BUFFER
        };
    }
}

// === impl Fragment ===

impl Fragment {
    /// All of the packet is in one frame.
    #[inline(always)]
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Fragment::Whole | Fragment::Atomic)
    }
}
