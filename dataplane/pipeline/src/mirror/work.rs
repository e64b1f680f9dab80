use crate::environment::{Route, RouteKind};
use crate::packet::Packet;
use flumen_abi::{
    Addr, IfIndex, InterfaceId, MirrorRow, PortBe, Reason, ServiceRow, SessionRow, Vlan, ZoneId,
};

/// What services hand from stage to stage.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MirrorWork {
    /// Services of the ingress interface.
    pub(crate) service: ServiceRow,
    /// The mirror that the frame belongs to.
    pub(crate) row: MirrorRow,
    /// Bytes of the frame as it arrived.
    pub(crate) arrived: u32,
    /// Tags of the outer frame.
    pub(crate) vlan: Vlan,
    /// Link address that the outer frame was sent to.
    pub(crate) dst: [u8; 6],
    /// Link address that it came from.
    pub(crate) src: [u8; 6],
    /// A rule has given the inner packet another destination.
    pub(crate) translated: bool,
    /// What is inside is an IP packet.
    pub(crate) ip: bool,
    /// DF of the inner packet is to be cleared.
    pub(crate) clears: bool,
    /// Why the kernel must send it; [`Reason::Mirrored`] when it need not.
    pub(crate) by: Reason,
    /// The last way by an output interface.
    pub(crate) last: LastWay,
}

/// The next hop that the kernel has told last, kept from one packet to the next of the same epoch: those of one flow often
/// come one after the other.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LastWay {
    src: Addr,
    dst: Addr,
    /// 0 without one.
    epoch: u32,
    /// Where the packet arrived.
    ingress: IfIndex,
    /// The L3 device that it leaves by.
    out: IfIndex,
    flow_label: u32,
    sport: PortBe,
    dport: PortBe,
    proto: u8,
    tos: u8,
    src_mac: [u8; 6],
    dst_mac: [u8; 6],
}

impl LastWay {
    /// Before any packet.
    const NONE: LastWay = LastWay {
        src: Addr::UNSPECIFIED,
        dst: Addr::UNSPECIFIED,
        epoch: 0,
        ingress: IfIndex(0),
        out: IfIndex(0),
        flow_label: 0,
        sport: PortBe::ZERO,
        dport: PortBe::ZERO,
        proto: 0,
        tos: 0,
        src_mac: [0; 6],
        dst_mac: [0; 6],
    };

    /// Leaves the way of the packet, as `row` makes it, in `route`; false when it is not the last one's.
    #[inline(always)]
    pub(crate) fn follow(
        &self,
        epoch: u32,
        out: IfIndex,
        packet: &Packet,
        row: &SessionRow,
        route: &mut Route,
    ) -> bool {
        let same = epoch != 0
            && self.epoch == epoch
            && self.out == out
            && self.ingress == packet.interface.link
            && self.dst == row.dst
            && self.src == row.src
            && self.sport == row.sport
            && self.dport == row.dport
            && self.proto == packet.key.proto
            && self.tos == packet.tos
            && self.flow_label == packet.flow_label;
        if same {
            route.kind = RouteKind::Forward;
            route.link = out;
            route.src_mac = self.src_mac;
            route.dst_mac = self.dst_mac;
        }
        same
    }

    /// Keeps what was found, when it is a next hop.
    #[inline(always)]
    pub(crate) fn learn(
        &mut self,
        epoch: u32,
        out: IfIndex,
        packet: &Packet,
        row: &SessionRow,
        route: &Route,
    ) {
        self.epoch = 0;
        if matches!(route.kind, RouteKind::Forward) {
            self.out = out;
            self.ingress = packet.interface.link;
            row.dst.copy_to(&mut self.dst);
            row.src.copy_to(&mut self.src);
            self.sport = row.sport;
            self.dport = row.dport;
            self.proto = packet.key.proto;
            self.tos = packet.tos;
            self.flow_label = packet.flow_label;
            self.src_mac = route.src_mac;
            self.dst_mac = route.dst_mac;
            self.epoch = epoch;
        }
    }
}

impl MirrorWork {
    /// The inner frame leaves with its own link addresses.
    #[inline(always)]
    pub(crate) const fn keeps(&self) -> bool {
        self.row.flags & MirrorRow::KEEPS_LINK != 0
    }

    /// Before any frame.
    pub(crate) const EMPTY: MirrorWork = MirrorWork {
        service: ServiceRow { df_port: 0, df_over: 0, flags: 0, share: 0 },
        row: MirrorRow { zone: ZoneId::NONE, output: InterfaceId::NONE, df_over: 0, flags: 0 },
        arrived: 0,
        vlan: Vlan { outer: 0, inner: 0 },
        dst: [0; 6],
        src: [0; 6],
        translated: false,
        ip: false,
        clears: false,
        by: Reason::Mirrored,
        last: LastWay::NONE,
    };
}
