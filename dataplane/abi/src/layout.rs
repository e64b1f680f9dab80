//! The layouts as text, so that a change of any offset shows in review and in CI.

use crate::{
    AnswerBudget, Control, Flow, FragmentKey, FragmentRow, FreeLink, FreeRecords, InterfaceKey, InterfaceRow,
    LinkIndex, LinkKey, LinkRow, LocalFilter, LocalKey, LocalRow, MirrorKey, MirrorRow, NatRow, NodeRow,
    PolicyRow, RootKey, RootRow, RuleRow, ServiceRow, SessionRecord, SessionRow4, SessionRow6, Settings,
};

/// A field and its offset in bytes.
pub struct Field {
    /// Name in the struct.
    pub name: &'static str,
    /// Offset from the start of the row.
    pub offset: usize,
}

/// A row type that crosses the line.
pub struct Layout {
    /// Name of the type.
    pub name: &'static str,
    /// Bytes.
    pub size: usize,
    /// Fields in order.
    pub fields: &'static [Field],
}

macro_rules! layouts {
    ($($row:ident { $($field:ident),* })*) => {
        /// Every row type, for `layout.txt`.
        pub const LAYOUTS: &[Layout] = &[$(Layout {
            name: stringify!($row),
            size: size_of::<$row>(),
            fields: &[$(Field { name: stringify!($field), offset: core::mem::offset_of!($row, $field) }),*],
        }),*];
    };
}

layouts! {
    SessionRow4 { flow, src, dst, new_src, new_dst }
    SessionRow6 { flow, reserved, src, dst, new_src, new_dst }
    Flow {
        occupancy, slot, ports, zone, proto, egress, flags, new_ports, last_seen_ms, bytes, packets, timeout, l3_delta,
        hop_interface, hop_epoch, hop_ingress, hop_mac
    }
    SessionRecord {
        look_at_ms, places, policy, packets, bytes, created_s, generation, tcp_seen, family, reserved, reserved2
    }
    FreeLink { below, reserved }
    FreeRecords { top, reserved }
    LocalFilter { words }
    FragmentKey { src, dst, identification, zone, proto, reserved }
    FragmentRow { sport, dport, seen_ms, service, proto, reserved, reserved2 }
    InterfaceKey { slot, device, vlan, reserved }
    InterfaceRow { link, zone, id, station }
    LinkKey { slot, link }
    LinkIndex { interface, reserved }
    LinkRow { v4, v6, device, vlan, mtu, zone, id, mac, flags, link, reserved }
    LocalKey { addr }
    LocalRow { link, broadcast }
    RootKey { slot, stage, family, reserved, from, to }
    RootRow { trees }
    NodeRow { cut, low, high, dimension, reserved }
    RuleRow {
        src_low, src_high, dst_low, dst_high, sport_low, sport_high, dport_low, dport_high, proto_low, proto_high,
        reserved, rank, action, reserved2
    }
    PolicyRow { id, action, reserved }
    NatRow { addr, port_low, port_high, kind, reserved, id, reserved2 }
    AnswerBudget { second, used }
    Control { word, vouched_until_ms, buckets4, buckets6, seed, reserved }
    ServiceRow { df_port, df_over, flags, share }
    MirrorKey { slot, interface, port, vni, reserved }
    MirrorRow { zone, output, df_over, flags }
    Settings { generation, timeouts, answers_per_second, tcp_loose }
}
