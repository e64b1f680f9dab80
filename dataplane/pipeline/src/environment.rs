use flumen_abi::{Addr, Family, IfIndex, PortBe, SessionKey};

/// What a route look-up goes by: the packet as it will leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteQuery {
    /// IP version.
    pub family: Family,
    /// L3 device it arrived on.
    pub ingress: IfIndex,
    /// Source after translation.
    pub src: Addr,
    /// Destination after translation.
    pub dst: Addr,
    /// Source port after translation.
    pub sport: PortBe,
    /// Destination port after translation.
    pub dport: PortBe,
    /// IP protocol.
    pub proto: u8,
    /// IPv4 TOS or IPv6 traffic class.
    pub tos: u8,
    /// IPv6 flow label, host order; 0 for IPv4.
    pub flow_label: u32,
}

/// What a route look-up found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum RouteKind {
    /// Next hop and its link address are known.
    Forward,
    /// The next hop is not resolved yet; the addresses have no meaning.
    Resolve,
    /// Blackhole, unreachable or prohibit route.
    Blackhole,
    /// No route, or not a unicast one.
    None,
    /// The kernel does not forward from the ingress device.
    Disabled,
    /// The route needs what only the kernel can do.
    Unsupported,
    /// It leaves by a device that is in no zone. Found by the pipeline, never by an environment.
    NoZone,
}

/// Answer to a route look-up. A plain struct: the kernel's BTF knows no enums with fields, and functions that
/// `bpf_loop` calls need BTF.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Route {
    /// L3 device to leave by; has a meaning only when the packet is forwarded or its next hop to be resolved.
    pub link: IfIndex,
    /// Source address of the frame.
    pub src_mac: [u8; 6],
    /// Destination address of the frame: the next hop's.
    pub dst_mac: [u8; 6],
    /// What was found.
    pub kind: RouteKind,
}

impl Route {
    /// A route of `kind` without a next hop.
    #[inline(always)]
    pub const fn without_hop(kind: RouteKind, link: IfIndex) -> Route {
        Route { link, src_mac: [0; 6], dst_mac: [0; 6], kind }
    }
}

/// The body of a bounded loop.
pub trait Turn {
    /// Takes turn number `index`; true to go on.
    fn take(&mut self, index: u32) -> bool;
}

/// Takes a turn, and up to `more` after it when that says so. For loops that nearly always end with the first: to begin a
/// loop of [`Environment::repeat`] costs as much as such a turn. Turns must not go by their number.
#[inline(always)]
pub(crate) fn attempt<E: Environment, T: Turn>(more: u32, turn: &mut T) {
    if turn.take(0) {
        E::repeat(more, turn);
    }
}

/// What is around the pipeline and is not a table.
pub trait Environment {
    /// Takes up to `limit` turns. The eBPF verifier walks a plain loop once for every turn and every path
    /// through it; behind this, it looks at the body once (`bpf_loop`, Linux 5.17).
    fn repeat<T: Turn>(limit: u32, turn: &mut T);

    /// Monotonic clock, nanoseconds.
    fn now_ns(&self) -> u64;
    /// A random number.
    fn random(&mut self) -> u32;
    /// The kernel's routing decision.
    fn route(&mut self, query: &RouteQuery) -> Route;
    /// The same among the routes that leave by the L3 device `out`; where the packet arrived means nothing.
    fn route_out(&mut self, query: &RouteQuery, out: IfIndex) -> Route;
    /// True when the host has a socket that asked for this packet: an established TCP connection or a
    /// connected UDP socket, not one that merely listens.
    fn expected_by_host(&mut self, key: &SessionKey, family: Family) -> bool;
}
