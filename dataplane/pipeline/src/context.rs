use flumen_abi::{
    Addr, Cut, DIMENSIONS, Family, Generation, IfIndex, InterfaceId, InterfaceRow, LeafRef, LinkRow, NatRow,
    PolicyId, PortBe, Reason, RootKey, RootRow, SessionKey, SessionPlace, SessionRow, Settings, Slot,
    TREES_PER_ROOT, Timeouts, Vlan, ZoneId,
};
use flumen_frame::Offset;

use crate::admit::Opening;
use crate::classify::{RuleHit, SearchPlace};
use crate::environment::{Route, RouteKind};
use crate::icmp_error::Quoted;
use crate::mirror::MirrorWork;
use crate::packet::{Fragment, Kind, Packet};
use crate::run::End;
use crate::tables::Tables;

/// Room for what would overflow the 512-byte stack of eBPF, and what one packet leaves for the next: one per CPU,
/// zero or [`Scratch::default`] at first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Scratch {
    pub(crate) packet: Packet,
    pub(crate) work: Work,
}

/// What the first-packet stages hand to one another.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Work {
    /// The last ingress interface, and the epoch it was found in.
    pub(crate) arrival: Arrival,
    /// The last egress interface, and the epoch it was found in.
    pub(crate) exit: Exit,
    /// The last classifier root of each stage, and the epochs they were looked up in.
    pub(crate) roots: [LastRoot; STAGES],
    /// The packet's values by [`flumen_abi::Dimension`].
    pub(crate) values: [Cut; DIMENSIONS],
    /// Trees that are being searched.
    pub(crate) root: RootRow,
    /// Where the search of them stands.
    pub(crate) place: SearchPlace,
    /// Best rule found in them so far.
    pub(crate) best: RuleHit,
    /// How the packet ended, when a stage that is not inlined ended it.
    pub(crate) end: End,
    /// Row of the packet's direction; the forward one, while a session is opened and after.
    pub(crate) row: SessionRow,
    /// Where it lies.
    pub(crate) at: SessionPlace,
    /// Route of the packet.
    pub(crate) route: Route,
    /// Egress device.
    pub(crate) link: LinkRow,
    /// What is decided of a session that is being opened.
    pub(crate) opening: Opening,
    /// NAT rule that applies.
    pub(crate) nat: NatRow,
    /// Settings of the ruleset, once asked for.
    pub(crate) settings: Settings,
    /// Key of the reverse direction while a session is opened.
    pub(crate) reverse_key: SessionKey,
    /// Row of the reverse direction while a session is opened.
    pub(crate) reverse_row: SessionRow,
    /// What an ICMP error quotes.
    pub(crate) quoted: Quoted,
    /// What services hand from stage to stage.
    pub(crate) mirror: MirrorWork,
}

/// An ingress interface, kept from one packet to the next of the same epoch.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Arrival {
    pub(crate) epoch: u32,
    pub(crate) device: IfIndex,
    pub(crate) vlan: Vlan,
    pub(crate) row: InterfaceRow,
}

/// An L3 device and its interface, kept likewise.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Exit {
    pub(crate) epoch: u32,
    pub(crate) link: IfIndex,
    pub(crate) interface: InterfaceId,
}

/// A classifier root, or that there is none, kept likewise.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LastRoot {
    pub(crate) epoch: u32,
    pub(crate) found: bool,
    pub(crate) key: RootKey,
    pub(crate) row: RootRow,
}

/// Stages of the classifier.
pub(crate) const STAGES: usize = 4;

// === impl LastRoot ===

impl LastRoot {
    /// True when it is what `key` has led to in `epoch`, which is not 0.
    #[inline(always)]
    pub(crate) fn is_of(&self, epoch: u32, key: &RootKey) -> bool {
        epoch != 0 && self.epoch == epoch && self.key == *key
    }
}

// === impl Scratch ===

impl Scratch {
    const KEY: SessionKey = SessionKey {
        src: Addr::UNSPECIFIED,
        dst: Addr::UNSPECIFIED,
        sport: PortBe::ZERO,
        dport: PortBe::ZERO,
        zone: ZoneId::NONE,
        proto: 0,
        reserved: 0,
    };
    const VLAN: Vlan = Vlan { outer: 0, inner: 0 };
    const PACKET: Packet = Packet {
        key: Self::KEY,
        interface: InterfaceRow::NONE,
        home: SessionPlace::NONE,
        station: 0,
        vlan: Self::VLAN,
        l3: Offset::START,
        l4: Offset::START,
        length: 0,
        frame_length: 0,
        refused_by: 0,
        identification: 0,
        flow_label: 0,
        ethertype: 0,
        service: 0,
        family: Family::V4,
        kind: Kind::Other,
        fragment: Fragment::Whole,
        tcp_flags: 0,
        ttl: 0,
        tos: 0,
        dont_fragment: false,
        group: false,
    };
    const NAT: NatRow = NatRow {
        addr: Addr::UNSPECIFIED,
        port_low: 0,
        port_high: 0,
        kind: 0,
        reserved: [0; 3],
        id: PolicyId(0),
        reserved2: 0,
    };
    const SETTINGS: Settings = Settings {
        generation: Generation(0),
        timeouts: Timeouts {
            tcp_initial_s: 0,
            tcp_established_s: 0,
            tcp_closing_s: 0,
            tcp_closed_s: 0,
            udp_s: 0,
            icmp_s: 0,
            other_s: 0,
        },
        answers_per_second: 0,
        tcp_loose: 0,
    };
    const ROOT: LastRoot = LastRoot {
        epoch: 0,
        found: false,
        key: RootKey { slot: 0, stage: 0, family: 0, reserved: 0, from: ZoneId::NONE, to: ZoneId::NONE },
        row: RootRow { trees: [LeafRef::EMPTY; TREES_PER_ROOT] },
    };
    const LINK: LinkRow = LinkRow {
        v4: Addr::UNSPECIFIED,
        v6: Addr::UNSPECIFIED,
        device: IfIndex(0),
        vlan: Self::VLAN,
        mtu: 0,
        zone: ZoneId::NONE,
        id: InterfaceId::NONE,
        mac: [0; 6],
        flags: 0,
        link: IfIndex(0),
        reserved: 0,
    };
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            packet: Self::PACKET,
            work: Work {
                arrival: Arrival { epoch: 0, device: IfIndex(0), vlan: Self::VLAN, row: InterfaceRow::NONE },
                exit: Exit { epoch: 0, link: IfIndex(0), interface: InterfaceId::NONE },
                roots: [Self::ROOT; STAGES],
                values: [[0; 2]; DIMENSIONS],
                root: RootRow { trees: [LeafRef::EMPTY; TREES_PER_ROOT] },
                place: SearchPlace { reference: LeafRef::EMPTY, tree: 0, rule: 0 },
                best: RuleHit::NONE,
                row: SessionRow::EMPTY,
                at: SessionPlace::NONE,
                end: End::ttl_exceeded(),
                route: Route::without_hop(RouteKind::None, IfIndex(0)),
                link: Self::LINK,
                opening: Opening::NONE,
                nat: Self::NAT,
                settings: Self::SETTINGS,
                reverse_key: Self::KEY,
                reverse_row: SessionRow::EMPTY,
                quoted: Quoted { key: Self::KEY, l3: Offset::START, l4: Offset::START },
                mirror: MirrorWork::EMPTY,
            },
        }
    }
}

/// Everything that the stages need beside the frame and the packet.
pub struct Context<'a, T, E, S> {
    /// Rows.
    pub tables: &'a T,
    /// Clock, random numbers, routes.
    pub environment: &'a mut E,
    /// Who watches.
    pub trace: &'a mut S,
    /// Memory.
    pub(crate) work: &'a mut Work,
    /// Ruleset of this packet.
    pub slot: Slot,
    /// Device that the frame arrived on.
    pub device: IfIndex,
    /// Time of this packet, nanoseconds.
    pub now_ns: u64,
    /// Epoch of this packet; 0 when nothing learnt before may be used.
    pub epoch: u32,
}

impl<T: Tables, E, S> Context<'_, T, E, S> {
    /// Settings of the packet's ruleset; looked up only where they are needed.
    ///
    /// # Errors
    /// [`Reason::Internal`] when the slot has none.
    #[inline(always)]
    pub fn settings(&mut self) -> Result<&Settings, Reason> {
        if self.tables.settings(self.slot, &mut self.work.settings) {
            Ok(&self.work.settings)
        } else {
            Err(Reason::Internal)
        }
    }

    /// Time of this packet in milliseconds, truncated as session records keep it.
    #[inline(always)]
    pub fn now_ms(&self) -> u32 {
        (self.now_ns / 1_000_000) as u32
    }
}
