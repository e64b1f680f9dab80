use crate::classifier::{Fields, find};
use crate::{Ruleset, fields};
use flumen_abi::{
    Action, Addr, Family, NatKind, NatRow, PolicyId, PortBe, RootRow, SessionKey, SessionRow, Stage, ZoneId,
};
use std::collections::HashMap;

/// What the rules of one ruleset would make of sessions that live. Made once, asked of a million.
#[derive(Debug)]
pub struct Judge<'r> {
    ruleset: &'r Ruleset,
    roots: HashMap<(u8, u8, ZoneId, ZoneId), RootRow>,
}

/// What becomes of a session if the ruleset judges it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This policy permits it, and it is translated as it is.
    Kept(PolicyId),
    /// This policy refuses it; none when no policy matches.
    Denied(Option<PolicyId>),
    /// It would be opened, but with other addresses or ports.
    Retranslated,
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

/// Type and code of the ICMP queries that open sessions: echo, timestamp (RFC 792), and echo of IPv6 (RFC 4443 §4.1).
const QUERIES4: [u16; 2] = [8 << 8, 13 << 8];
const QUERIES6: [u16; 1] = [128 << 8];

impl<'r> Judge<'r> {
    /// For the rules of `ruleset`.
    pub fn new(ruleset: &'r Ruleset) -> Judge<'r> {
        let roots = ruleset.roots.iter().map(|(key, row)| ((key.stage, key.family, key.from, key.to), *row));
        Judge { ruleset, roots: roots.collect() }
    }

    /// What becomes of the session whose forward direction has this key and row. `is_own` says whether an address is
    /// one that source NAT uses in a zone.
    ///
    /// It is judged as its first packet was, with the zone that it leaves by now. A session of an ICMP query does not
    /// keep the query's type: it goes on if a query of any type would open it.
    pub fn fate(&self, key: &SessionKey, row: &SessionRow, is_own: impl Fn(ZoneId, Addr) -> bool) -> Fate {
        let queries: &[u16] = match key.proto {
            ICMP if key.is_v4() => &QUERIES4,
            ICMP6 if !key.is_v4() => &QUERIES6,
            TCP | UDP => &[key.dport.get()],
            _ => &[0],
        };
        let mut fate = Fate::Denied(None);
        for service in queries {
            fate = self.fate_of(key, row, *service, &is_own);
            if matches!(fate, Fate::Kept(_)) {
                break;
            }
        }
        fate
    }

    fn fate_of(
        &self,
        key: &SessionKey,
        row: &SessionRow,
        service: u16,
        is_own: &impl Fn(ZoneId, Addr) -> bool,
    ) -> Fate {
        let has_port = matches!(key.proto, TCP | UDP);
        let arrives = fields(key.src, key.dst, key.sport.get(), service, key.proto);
        let (mut dst, mut dport) = (key.dst, key.dport);
        let redirect = self.nat(Stage::DestinationNat, key, ZoneId::NONE, &arrives);
        if let Some(nat) = redirect.filter(|nat| nat.kind == NatKind::Destination as u8) {
            dst = nat.addr;
            if has_port && nat.port_low != 0 {
                dport = PortBe::new(nat.port_low);
            }
        }
        let service = if has_port { dport.get() } else { service };
        let inside = fields(key.src, dst, key.sport.get(), service, key.proto);
        let policy = self.find(Stage::Policy, key, row.egress, &inside);
        let policy = policy.and_then(|action| self.ruleset.policies.get(action as usize));
        let permitted = match policy {
            Some(row) if row.action == Action::Permit as u8 => row.id,
            refused => return Fate::Denied(refused.map(|row| row.id)),
        };
        let hide = self.nat(Stage::SourceNat, key, row.egress, &inside);
        let source_is_same = match hide.filter(|nat| nat.kind == NatKind::Interface as u8) {
            None => (row.src, row.sport) == (key.src, key.sport),
            Some(nat) => {
                let has_port = has_port || matches!(key.proto, ICMP | ICMP6);
                let range = nat.port_low..=nat.port_high;
                is_own(row.egress, row.src) && (!has_port || range.contains(&row.sport.get()))
            }
        };
        if source_is_same && (row.dst, row.dport) == (dst, dport) {
            Fate::Kept(permitted)
        } else {
            Fate::Retranslated
        }
    }

    fn nat(&self, stage: Stage, key: &SessionKey, to: ZoneId, fields: &Fields) -> Option<&'r NatRow> {
        self.ruleset.nat.get(self.find(stage, key, to, fields)? as usize)
    }

    /// The action of the first rule that matches.
    fn find(&self, stage: Stage, key: &SessionKey, to: ZoneId, fields: &Fields) -> Option<u32> {
        let family = if key.is_v4() { Family::V4 } else { Family::V6 };
        let root = self.roots.get(&(stage as u8, family as u8, key.zone, to))?;
        find(self.ruleset, root, fields).map(|found| found.action)
    }
}
