//! Services where a destination has more than one route, which the host of the conformance fixtures has not.

use flumen_abi::{
    Addr, IfIndex, InterfaceId, InterfaceKey, InterfaceRow, LinkRow, LocalRow, MirrorKey, MirrorRow, Reason,
    ServiceRow, Slot, Vlan, ZoneId,
};
use flumen_native::{Bounds, FrameBuffer, Native, NativeEnvironment, NativeTables, Routes};
use flumen_pipeline::{Route, RouteKind, RouteQuery};
use flumen_testkit::packet::{Mac, Packet};
use zerocopy::FromZeros;

const LAN: IfIndex = IfIndex(11);
const PORT: IfIndex = IfIndex(12);
const OTHER: IfIndex = IfIndex(13);

/// The main table leads to everything by one device; the output interface has a route of its own.
struct TwoRoutes {
    main: IfIndex,
    resolved: bool,
}

impl Routes for TwoRoutes {
    fn route(&mut self, _: &RouteQuery) -> Route {
        Route { link: self.main, src_mac: [1; 6], dst_mac: [2; 6], kind: RouteKind::Forward }
    }

    fn route_out(&mut self, _: &RouteQuery, out: IfIndex) -> Route {
        if self.resolved {
            Route { link: out, src_mac: [3; 6], dst_mac: [4; 6], kind: RouteKind::Forward }
        } else {
            Route::without_hop(RouteKind::Resolve, out)
        }
    }
}

fn tables() -> NativeTables<'static> {
    let mut tables = NativeTables::new(Bounds::default());
    tables.locals_mut().insert(Addr::v4([10, 0, 1, 1]), LocalRow { link: LAN, broadcast: 0 });
    let rows = tables.ruleset_mut(Slot::new(0));
    for (number, device) in [(1, LAN), (2, PORT), (3, OTHER)] {
        let key = InterfaceKey { slot: 0, device, vlan: Vlan::default(), reserved: 0 };
        let (id, zone) = (InterfaceId(number), ZoneId(number));
        rows.interfaces.insert(key, InterfaceRow { link: device, zone, id, station: 0 });
        rows.add_port(device, LinkRow { device, link: device, mtu: 1500, zone, id, ..LinkRow::new_zeroed() });
    }
    let id = InterfaceId(1);
    rows.services.services.insert(id, ServiceRow { flags: ServiceRow::MIRRORS, ..ServiceRow::default() });
    let key = |vni| MirrorKey { slot: 0, interface: id, port: 4789.into(), vni, reserved: 0 };
    let row = MirrorRow { zone: MirrorRow::zone(0), output: InterfaceId(2), ..MirrorRow::default() };
    rows.services.mirrors.insert(key(MirrorKey::ANY_VNI), row);
    rows.services.mirrors.insert(key(1), row);
    tables
}

fn taken(main: IfIndex, resolved: bool) -> (Reason, IfIndex, Vec<u8>) {
    let inner = Packet::eth().ipv4("192.0.2.7", "198.51.100.9").udp(1, 2);
    let outer = Packet::eth().macs(Mac([9; 6]), Mac([8; 6])).ipv4("10.0.1.10", "10.0.1.1").udp(1, 4789);
    let mut frame = FrameBuffer::new(&outer.vxlan(1).carrying(inner).build());
    let mut native = Native::new(tables(), NativeEnvironment::new(TwoRoutes { main, resolved }, 1));
    let verdict = native.take(LAN, &mut frame);
    (verdict.reason, verdict.device, frame.bytes().to_vec())
}

#[test]
fn the_output_interface_is_used_whichever_one_the_main_table_prefers() {
    let (reason, device, bytes) = taken(OTHER, true);
    assert_eq!((reason, device), (Reason::Mirrored, PORT));
    assert_eq!((&bytes[..6], &bytes[6..12]), (&[4; 6][..], &[3; 6][..]));
}

#[test]
fn what_the_kernel_would_send_by_another_interface_is_not_handed_to_it() {
    let (reason, device, _) = taken(OTHER, false);
    assert_eq!((reason, device), (Reason::MirrorUnresolved, IfIndex(0)));
}

#[test]
fn what_the_kernel_would_send_by_the_same_interface_is() {
    let (reason, device, bytes) = taken(PORT, false);
    assert_eq!((reason, device), (Reason::NeighbourUnknown, IfIndex(0)));
    assert_eq!(
        (&bytes[..6], &bytes[6..12]),
        (&[8; 6][..], &[9; 6][..]),
        "the link addresses of the outer frame"
    );
}

#[test]
fn a_port_that_is_gone_or_down_takes_nothing() {
    for (device, flags) in [(IfIndex(0), 0), (PORT, LinkRow::DOWN)] {
        let mut tables = tables();
        let port = LinkRow { device, link: device, flags, id: InterfaceId(2), ..LinkRow::new_zeroed() };
        tables.ruleset_mut(Slot::new(0)).ports[2] = port;
        let inner = Packet::eth().ipv4("192.0.2.7", "198.51.100.9").udp(1, 2);
        let outer = Packet::eth().ipv4("10.0.1.10", "10.0.1.1").udp(1, 4789).vxlan(1).carrying(inner);
        let mut frame = FrameBuffer::new(&outer.build());
        let routes = TwoRoutes { main: PORT, resolved: true };
        let verdict = Native::new(tables, NativeEnvironment::new(routes, 1)).take(LAN, &mut frame);
        assert_eq!(verdict.reason, Reason::MirrorOutputDown);
    }
}
