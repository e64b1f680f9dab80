//! The layouts as text, so that a change of any offset shows in review and in CI.

use crate::{
    AnswerBudget, Control, FragmentKey, FragmentRow, Hop, InterfaceKey, InterfaceRow, LinkIndex, LinkKey,
    LinkRow, LocalKey, LocalRow, NatRow, NodeRow, PolicyRow, RootKey, RootRow, RuleRow, SessionKey,
    SessionKey4, SessionOwner, SessionRecord, SessionRow, SessionRow4, Settings,
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
    SessionKey { src, dst, sport, dport, zone, proto, reserved }
    SessionRow { src, dst, sport, dport, l3_delta, l4_delta, slot, egress, flags, reserved, hop }
    Hop { epoch, interface, mac, ingress }
    SessionRecord {
        last_seen_ms, timeout_ms, tcp_seen, reserved, policy, packets, bytes, created_s, generation, reserved2
    }
    SessionOwner { key }
    SessionKey4 { src, dst, sport, dport, zone, proto, reserved }
    SessionRow4 { src, dst, sport, dport, l3_delta, l4_delta, slot, egress, flags, reserved, hop }
    FragmentKey { src, dst, identification, zone, proto, reserved }
    FragmentRow { sport, dport, seen_ms, service, proto, reserved, reserved2 }
    InterfaceKey { slot, device, vlan, reserved }
    InterfaceRow { link, zone, id, station }
    LinkKey { slot, link }
    LinkIndex { interface, reserved }
    LinkRow { v4, v6, device, vlan, mtu, zone, id, mac, flags }
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
    Control { word, vouched_until_ms, reserved }
    Settings { generation, timeouts, answers_per_second, tcp_loose }
}
