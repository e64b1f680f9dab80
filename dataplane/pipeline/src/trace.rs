use crate::classify::RuleHit;
use crate::environment::{Route, RouteQuery};
use crate::packet::Packet;
use flumen_abi::{
    Hop, InterfaceKey, InterfaceRow, LinkRow, MirrorKey, MirrorRow, NatRow, PolicyRow, SessionKey,
    SessionRow, Stage,
};

/// Something the pipeline did, with the row that made it.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Looked up the ingress interface.
    Interface(&'a InterfaceKey, Option<&'a InterfaceRow>),
    /// Read all headers.
    Decoded(&'a Packet),
    /// Filled in the ports of a later fragment from its first one.
    Reassembled(&'a Packet),
    /// Looked up the session.
    Session(&'a SessionKey, Option<&'a SessionRow>),
    /// The session found had passed its deadline and counts as none.
    Expired(&'a SessionKey),
    /// Asked a stage of the classifier.
    Classified(Stage, Option<&'a RuleHit>),
    /// Applied a NAT rule.
    Nat(Stage, &'a NatRow),
    /// Applied a policy.
    Policy(&'a PolicyRow),
    /// The destination is the host's own, a broadcast or a multicast address.
    Local(bool),
    /// Took the next hop that the session had learnt.
    Hop(&'a Hop, &'a LinkRow),
    /// Asked for a route.
    Route(&'a RouteQuery, &'a Route),
    /// Found the egress device's row.
    Egress(Option<&'a LinkRow>),
    /// Tried a source port.
    PortTaken(u16),
    /// Opened a session.
    Admitted(&'a SessionKey, &'a SessionRow),
    /// Matched an ICMP error to the session of the packet it quotes.
    ErrorSession(&'a SessionKey, Option<&'a SessionRow>),
    /// Rewrote addresses, ports and checksums.
    Translated(&'a SessionRow),
    /// Took one off the TTL.
    Ttl(u8),
    /// Looked up the traffic mirror of a VXLAN packet.
    Mirror(&'a MirrorKey, Option<&'a MirrorRow>),
    /// Read what was inside.
    Unwrapped(&'a Packet),
    /// Cleared DF of a packet of this total length.
    DfCleared(u32),
}

/// Whoever watches the pipeline.
pub trait Trace {
    /// Called for each step, in order.
    fn step(&mut self, step: Step<'_>);
}

/// Nobody watches: the fast path's trace, which compiles to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline(always)]
    fn step(&mut self, _: Step<'_>) {}
}
