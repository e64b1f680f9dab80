//! The host that all fixtures run on: its links, addresses, routes, neighbours and sockets.
//!
//! One description serves both engines. Natively it is facts, a route table and a set of awaited packets; for the
//! kernel it is a network namespace with exactly these links, `ip route` and `ip neigh` entries and sockets.

use flumen_abi::{Addr, Family, IfIndex, PortBe, SessionKey, ZoneId};
use flumen_engine::{HostFacts, LinkFacts, LocalFacts};
use flumen_native::{Destination, RouteTable, Routes};
use flumen_pipeline::{Route, RouteKind, RouteQuery};
use std::collections::HashSet;
use std::net::IpAddr;

/// A link of the host.
#[derive(Clone, Copy, Debug)]
pub struct WorldLink {
    /// Name.
    pub name: &'static str,
    /// Kernel number.
    pub index: u32,
    /// MTU, bytes.
    pub mtu: u32,
    /// `10.0.1.1/24`, or nothing.
    pub v4: Option<&'static str>,
    /// `2001:db8:1::1/64`, or nothing.
    pub v6: Option<&'static str>,
    /// Whether the kernel forwards what arrives on it.
    pub forwarding: bool,
    /// Whether it takes frames from XDP.
    pub xdp_transmit: bool,
    /// Whether it takes those of several buffers, too.
    pub xdp_transmit_fragments: bool,
    /// Number in its link address: its own, or that of the device whose tagged frames it takes.
    pub station: u8,
}

/// A link with both families and forwarding on.
const fn link(name: &'static str, index: u32, mtu: u32, v4: &'static str, v6: &'static str) -> WorldLink {
    WorldLink {
        name,
        index,
        mtu,
        v4: Some(v4),
        v6: Some(v6),
        forwarding: true,
        xdp_transmit: true,
        xdp_transmit_fragments: true,
        station: index as u8,
    }
}

/// Every link. What is special about each is in its name:
///
/// - `thin` has an MTU of 1300, `bare` no address, `off` no forwarding, `modem` takes no frames from XDP, and `bare` none of
///   several buffers; `stray` is never configured.
/// - `lan`, `dmz` and `bare` have the MTU of jumbo frames.
/// - `lan100` and `wan7.8` have the addresses of tagged interfaces on `lan` and `wan`; `lan100` has the link address of
///   `lan`, as VLAN devices mostly have, `wan7.8` one of its own.
pub const LINKS: [WorldLink; 10] = [
    link("lan", 11, 9000, "10.0.1.1/24", "2001:db8:1::1/64"),
    link("wan", 12, 1500, "203.0.113.1/24", "2001:db8:2::1/64"),
    link("dmz", 13, 9000, "10.0.3.1/24", "2001:db8:3::1/64"),
    link("thin", 14, 1300, "10.0.4.1/24", "2001:db8:4::1/64"),
    WorldLink { v4: None, v6: None, xdp_transmit_fragments: false, ..link("bare", 15, 9000, "", "") },
    WorldLink { forwarding: false, ..link("off", 16, 1500, "10.0.6.1/24", "2001:db8:6::1/64") },
    link("stray", 17, 1500, "10.0.9.1/24", "2001:db8:9::1/64"),
    WorldLink { station: 11, ..link("lan100", 18, 1500, "10.1.0.1/24", "2001:db8:100::1/64") },
    link("wan7.8", 19, 1500, "10.2.0.1/24", "2001:db8:78::1/64"),
    WorldLink { xdp_transmit: false, ..link("modem", 20, 1500, "10.0.7.1/24", "2001:db8:7::1/64") },
];

/// A neighbour whose link address the kernel knows: `(link, address)`. Its MAC is [`neighbour_mac`].
pub const NEIGHBOURS: [(&str, &str); 24] = [
    ("lan", "10.0.1.10"),
    ("lan", "2001:db8:1::10"),
    ("lan", "10.0.1.11"),
    ("lan", "2001:db8:1::11"),
    ("wan", "203.0.113.10"),
    ("wan", "2001:db8:2::10"),
    ("wan", "203.0.113.254"),
    ("wan", "2001:db8:2::fe"),
    ("dmz", "10.0.3.80"),
    ("dmz", "2001:db8:3::80"),
    ("thin", "10.0.4.10"),
    ("thin", "2001:db8:4::10"),
    ("bare", "10.0.5.10"),
    ("bare", "2001:db8:5::10"),
    ("off", "10.0.6.10"),
    ("off", "2001:db8:6::10"),
    ("modem", "10.0.7.10"),
    ("modem", "2001:db8:7::10"),
    ("stray", "10.0.9.10"),
    ("stray", "2001:db8:9::10"),
    ("lan100", "10.1.0.10"),
    ("lan100", "2001:db8:100::10"),
    ("wan7.8", "10.2.0.10"),
    ("wan7.8", "2001:db8:78::10"),
];

/// Where a prefix leads, beside the links' own subnets.
#[derive(Clone, Copy, Debug)]
pub enum WorldRoute {
    /// To a neighbour of a link.
    Via(&'static str, &'static str),
    /// Onto a link.
    Onto(&'static str),
    /// To a type of route that forwards nothing: `blackhole`, `unreachable`, `prohibit`.
    Refused(&'static str),
    /// Into a tunnel of the kernel, by a link.
    Encapsulated(&'static str),
}

/// Routes beside those of the subnets. There is no default route.
pub const ROUTES: [(&str, WorldRoute); 12] = [
    ("198.51.100.0/24", WorldRoute::Via("wan", "203.0.113.254")),
    ("2001:db8:99::/48", WorldRoute::Via("wan", "2001:db8:2::fe")),
    ("10.0.5.0/24", WorldRoute::Onto("bare")),
    ("2001:db8:5::/64", WorldRoute::Onto("bare")),
    ("10.66.0.0/24", WorldRoute::Refused("blackhole")),
    ("10.66.1.0/24", WorldRoute::Refused("unreachable")),
    ("10.66.2.0/24", WorldRoute::Refused("prohibit")),
    ("2001:db8:66::/64", WorldRoute::Refused("blackhole")),
    ("2001:db8:66:1::/64", WorldRoute::Refused("unreachable")),
    ("2001:db8:66:2::/64", WorldRoute::Refused("prohibit")),
    ("10.67.0.0/24", WorldRoute::Encapsulated("wan")),
    ("2001:db8:67::/64", WorldRoute::Encapsulated("wan")),
];

/// A socket of the host that has asked for packets.
#[derive(Clone, Copy, Debug)]
pub struct WorldSocket {
    /// TCP on its way to a connection, else a connected UDP socket.
    pub tcp: bool,
    /// Its own address and port.
    pub local: (&'static str, u16),
    /// The other side.
    pub remote: (&'static str, u16),
}

/// Sockets of the host.
pub const SOCKETS: [WorldSocket; 4] = [
    WorldSocket { tcp: false, local: ("203.0.113.1", 40053), remote: ("203.0.113.10", 53) },
    WorldSocket { tcp: false, local: ("2001:db8:2::1", 40053), remote: ("2001:db8:2::10", 53) },
    WorldSocket { tcp: true, local: ("203.0.113.1", 40080), remote: ("203.0.113.10", 80) },
    WorldSocket { tcp: true, local: ("2001:db8:2::1", 40080), remote: ("2001:db8:2::10", 80) },
];

/// Port of TCP and UDP sockets of the host that wait for anybody: they ask for nothing.
pub const LISTENING_PORT: u16 = 40022;

// === impl WorldLink ===

impl WorldLink {
    /// The link of this name.
    ///
    /// # Panics
    /// When the world has none.
    pub fn named(name: &str) -> &'static WorldLink {
        LINKS.iter().find(|link| link.name == name).unwrap_or_else(|| panic!("the world has no link {name}"))
    }

    /// Kernel number.
    pub const fn ifindex(&self) -> IfIndex {
        IfIndex(self.index)
    }

    /// Link address: `02:00:00:00:00:` and [`WorldLink::station`] in hexadecimal.
    pub const fn mac(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, self.station]
    }

    fn subnets(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        [self.v4, self.v6].into_iter().flatten().map(prefix)
    }
}

/// Link address of a neighbour: `02:01:` and the last four bytes of its address.
pub fn neighbour_mac(address: IpAddr) -> [u8; 6] {
    let [.., a, b, c, d] = Addr::from(address).octets();
    [2, 1, a, b, c, d]
}

/// What the kernel says of the host.
pub fn facts() -> HostFacts {
    let primary = |subnet: Option<&str>| subnet.map(|text| Addr::from(prefix(text).0));
    let links = LINKS.iter().map(|link| LinkFacts {
        index: link.ifindex(),
        name: link.name.to_owned(),
        mac: link.mac(),
        mtu: link.mtu,
        v4: primary(link.v4),
        v6: primary(link.v6),
        running: true,
        xdp_transmit: link.xdp_transmit,
        xdp_transmit_fragments: link.xdp_transmit_fragments,
    });
    let mut locals = Vec::new();
    for link in &LINKS {
        for (address, length) in link.subnets() {
            let local = |addr, broadcast| LocalFacts { addr, link: link.ifindex(), broadcast };
            locals.push(local(address.into(), false));
            if let IpAddr::V4(v4) = address {
                let broadcast = v4.to_bits() | u32::MAX >> length;
                locals.push(local(Addr::v4(broadcast.to_be_bytes()), true));
            }
        }
    }
    HostFacts { links: links.collect(), locals }
}

/// The kernel's routes, for the native engine.
#[derive(Clone, Debug)]
pub struct WorldRoutes {
    table: RouteTable,
    disabled: Vec<IfIndex>,
}

// === impl WorldRoutes ===

impl WorldRoutes {
    /// As the namespace has them.
    pub fn new() -> WorldRoutes {
        let mut table = RouteTable::default();
        for link in &LINKS {
            for (address, length) in link.subnets() {
                add(&mut table, network(address, length), length, RouteKind::Resolve, Some(link));
                // the host's own addresses are not forwarded to, nor is what else stands in the `local` table
                add(&mut table, address, full(address), RouteKind::None, None);
                match address {
                    IpAddr::V4(v4) => {
                        let broadcast = IpAddr::V4((v4.to_bits() | u32::MAX >> length).into());
                        add(&mut table, broadcast, 32, RouteKind::None, None);
                    }
                    // the subnet router's anycast address (RFC 4291 §2.6.1), where the kernel is a router
                    IpAddr::V6(_) if link.forwarding => {
                        add(&mut table, network(address, length), 128, RouteKind::None, None);
                    }
                    IpAddr::V6(_) => {}
                }
            }
        }
        for (text, route) in &ROUTES {
            let (address, length) = prefix(text);
            match route {
                WorldRoute::Via(link, hop) => {
                    let link = WorldLink::named(link);
                    forward(&mut table, address, length, link, parse(hop));
                }
                WorldRoute::Onto(link) => {
                    add(&mut table, address, length, RouteKind::Resolve, Some(WorldLink::named(link)));
                }
                WorldRoute::Refused(_) => add(&mut table, address, length, RouteKind::Blackhole, None),
                WorldRoute::Encapsulated(_) => add(&mut table, address, length, RouteKind::Unsupported, None),
            }
        }
        for (link, text) in &NEIGHBOURS {
            let address = parse(text);
            forward(&mut table, address, full(address), WorldLink::named(link), address);
        }
        let disabled = LINKS.iter().filter(|link| !link.forwarding).map(WorldLink::ifindex).collect();
        WorldRoutes { table, disabled }
    }
}

impl WorldRoutes {
    /// The route of a packet.
    pub fn find(&self, query: &RouteQuery) -> Route {
        if self.disabled.contains(&query.ingress) {
            return Route::without_hop(RouteKind::Disabled, IfIndex(0));
        }
        self.table.find(query.dst)
    }
}

impl Default for WorldRoutes {
    fn default() -> WorldRoutes {
        WorldRoutes::new()
    }
}

impl Routes for WorldRoutes {
    fn route(&mut self, query: &RouteQuery) -> Route {
        self.find(query)
    }

    /// Forwarding is then that of the device to leave by.
    fn route_out(&mut self, query: &RouteQuery, out: IfIndex) -> Route {
        let route = self.find(&RouteQuery { ingress: out, ..*query });
        // The kernel's IPv4 looks for a next hop of the device; that of a tunnel is another's.
        let elsewhere = query.family == Family::V4 && out != WorldLink::named("wan").ifindex();
        if route.kind == RouteKind::Unsupported && elsewhere {
            return Route::without_hop(RouteKind::None, IfIndex(0));
        }
        route
    }
}

/// Packets that the host's sockets wait for, as they arrive in `zone`.
pub fn awaited(zones: impl IntoIterator<Item = ZoneId>) -> HashSet<SessionKey> {
    let zones: Vec<ZoneId> = zones.into_iter().collect();
    let key = |socket: &WorldSocket, zone: ZoneId| SessionKey {
        src: parse(socket.remote.0).into(),
        dst: parse(socket.local.0).into(),
        sport: PortBe::new(socket.remote.1),
        dport: PortBe::new(socket.local.1),
        zone,
        proto: if socket.tcp { 6 } else { 17 },
        reserved: 0,
    };
    SOCKETS.iter().flat_map(|socket| zones.iter().map(move |zone| key(socket, *zone))).collect()
}

fn add(table: &mut RouteTable, address: IpAddr, length: u8, kind: RouteKind, link: Option<&WorldLink>) {
    let route = Route::without_hop(kind, link.map_or(IfIndex(0), WorldLink::ifindex));
    table.add(Destination { prefix: address.into(), length: mapped(address, length), route });
}

fn forward(table: &mut RouteTable, address: IpAddr, length: u8, link: &WorldLink, hop: IpAddr) {
    table.forward(address.into(), mapped(address, length), link.ifindex(), link.mac(), neighbour_mac(hop));
}

/// Prefix length over the 128-bit form.
fn mapped(address: IpAddr, length: u8) -> u8 {
    if address.is_ipv4() { 96 + length } else { length }
}

fn full(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & !(u32::MAX >> length)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !(u128::MAX >> length)).into()),
    }
}

/// An address of this file's tables.
pub(crate) fn parse(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no address"))
}

fn prefix(text: &str) -> (IpAddr, u8) {
    let (address, length) = text.split_once('/').unwrap_or_else(|| panic!("{text:?} has no prefix length"));
    (parse(address), length.parse().unwrap_or_else(|_| panic!("{text:?} has no prefix length")))
}
