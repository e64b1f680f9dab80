// What the programs and flumen-testkit tell each other through maps. The testkit includes this file.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Longest header template in bytes: Ethernet, IPv4, UDP and VXLAN with Ethernet, IPv4 and UDP inside are 92.
pub(crate) const TEMPLATE_BYTES: usize = 96;

/// Bytes of the template that are written anew in each frame, by [`Traffic::long`]: Ethernet, a tag, IPv6 and TCP are 78.
pub(crate) const WRITTEN_BYTES: [usize; 3] = [64, 80, TEMPLATE_BYTES];

/// Bytes of a frame that the sink keeps.
pub(crate) const CAPTURE_BYTES: usize = 256;

/// Frames that the sink keeps.
pub(crate) const CAPTURE_SLOTS: u32 = 64;

/// What the generator sends: headers, and which of their fields depend on the flow's number.
///
/// 160 bytes, no padding. Numbers are in host order, sums are of 16-bit words as they lie in memory. Offsets count
/// from the frame's start. A flow's number is taken apart from its lowest bits: source port, destination port, source
/// address; the rest is added to the destination address.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Traffic {
    /// All headers of flow 0, zeros behind them.
    pub(crate) template: [u8; TEMPLATE_BYTES],
    /// Interface that the frames leave through.
    pub(crate) out_ifindex: u32,
    /// Number of flows, at least 1.
    pub(crate) flows: u32,
    /// 0: one flow after the other. 1: flows drawn pseudo-randomly, the same ones in every run.
    pub(crate) order: u32,
    /// Source address of flow 0: IPv4, or the last 32 bits of IPv6.
    pub(crate) src: u32,
    /// Destination address of flow 0, likewise.
    pub(crate) dst: u32,
    /// Sum of the IPv4 header without addresses.
    pub(crate) ip_sum: u32,
    /// Sum of pseudo-header, transport header and payload without ports and the 32 bits of each address above.
    pub(crate) transport_sum: u32,
    /// Source port of flow 0.
    pub(crate) sport: u16,
    /// Destination port of flow 0.
    pub(crate) dport: u16,
    /// Offset of the 32 bits of the source address.
    pub(crate) src_at: u16,
    /// Offset of the 32 bits of the destination address.
    pub(crate) dst_at: u16,
    /// Offset of the IPv4 checksum; 0 for IPv6.
    pub(crate) ip_sum_at: u16,
    /// Offset of the ports.
    pub(crate) ports_at: u16,
    /// Offset of the transport checksum; 0 leaves the template's.
    pub(crate) transport_sum_at: u16,
    /// Bits of the flow's number that are added to the source port.
    pub(crate) sport_bits: u16,
    /// Bits that are added to the destination port.
    pub(crate) dport_bits: u16,
    /// Bits that are added to the source address.
    pub(crate) src_bits: u16,
    /// How much of the template is written: a place in [`WRITTEN_BYTES`].
    pub(crate) long: u32,
    /// Zero.
    pub(crate) reserved: [u32; 3],
}
const _: () = assert!(size_of::<Traffic>() == 160);

/// What the sink counts, on each CPU. 32 bytes.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct SinkCounters {
    /// Unicast frames.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Multicast and broadcast frames: ARP and neighbour discovery of the hosts around.
    pub(crate) multicast: u64,
    /// Unicast frames that were kept for the test to look at.
    pub(crate) captured: u64,
}
const _: () = assert!(size_of::<SinkCounters>() == 32);

/// A frame that the sink has kept. 264 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Captured {
    /// Length of the frame.
    pub(crate) len: u32,
    /// How many of `bytes` are of this frame.
    pub(crate) kept: u32,
    /// Its first bytes.
    pub(crate) bytes: [u8; CAPTURE_BYTES],
}
const _: () = assert!(size_of::<Captured>() == 264);
