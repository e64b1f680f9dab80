use crate::{Ruleset, classify, fields};
use flumen_abi::{Action, Addr, Family, PolicyId, Stage, ZoneId};

/// The first packet of a session as policies see it: its destination after translation, its source before.
#[derive(Clone, Copy, Debug)]
pub struct FirstPacket {
    /// Zone that it arrives from, and zone that it leaves by.
    pub zones: (ZoneId, ZoneId),
    /// Source and destination.
    pub addresses: (Addr, Addr),
    /// Ports; for ICMP the second is type and code.
    pub ports: (u16, u16),
    /// IP protocol.
    pub proto: u8,
}

/// What policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// This one permits it.
    Permitted(PolicyId),
    /// This one refuses it; none when no policy matches.
    Refused(Option<PolicyId>),
}

impl Ruleset {
    /// What the policies of this ruleset say of a packet, found as the datapath finds it.
    pub fn judge(&self, packet: &FirstPacket) -> Judgement {
        let (src, dst) = packet.addresses;
        let family = if src.is_v4() { Family::V4 } else { Family::V6 };
        let fields = fields(src, dst, packet.ports.0, packet.ports.1, packet.proto);
        let (from, to) = packet.zones;
        let found = classify(self, Stage::Policy, from, to, family, &fields);
        let row = found.and_then(|found| self.policies.get(found.action as usize));
        match row {
            Some(row) if row.action == Action::Permit as u8 => Judgement::Permitted(row.id),
            row => Judgement::Refused(row.map(|row| row.id)),
        }
    }
}
