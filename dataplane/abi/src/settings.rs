use crate::Generation;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Idle times after which a session ends, seconds, each from 1 to [`crate::IdleTimeout::LONGEST_S`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timeouts {
    /// TCP before the handshake is complete.
    pub tcp_initial_s: u32,
    /// TCP after it.
    pub tcp_established_s: u32,
    /// TCP after the first FIN.
    pub tcp_closing_s: u32,
    /// TCP after both FINs, or a reset.
    pub tcp_closed_s: u32,
    /// UDP.
    pub udp_s: u32,
    /// ICMP and ICMPv6 queries.
    pub icmp_s: u32,
    /// Every other IP protocol.
    pub other_s: u32,
}

/// Element of the `settings` array, one per ruleset slot. 40 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Settings {
    /// The ruleset's generation; 0 marks an empty slot.
    pub generation: Generation,
    /// Session timeouts.
    pub timeouts: Timeouts,
    /// ICMP errors and resets that one CPU may send per second.
    pub answers_per_second: u32,
    /// Non-zero: a TCP session may start with any segment (default: only with SYN).
    pub tcp_loose: u32,
}
const _: () = assert!(size_of::<Settings>() == 40);
