use crate::Ruleset;
use flumen_abi::{Dimension, Family, LeafRef, NatKind, NatRow, RootKey, RuleRow, Stage};
use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

impl Ruleset {
    /// The rows as text, one per line, for review and for tests; the same ruleset gives the same text.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text).expect("a string takes everything");
        text
    }

    fn write_to(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "settings {:?}", self.settings)?;
        for interface in &self.interfaces {
            let vlan = interface.vlan;
            write!(
                out,
                "interface {} {} tags {}.{}",
                interface.id, interface.device, vlan.outer, vlan.inner
            )?;
            writeln!(out, " link {} zone {}", interface.link, interface.zone)?;
        }
        for (place, row) in self.policies.iter().enumerate() {
            writeln!(out, "policy {place} id {} action {}", row.id, row.action)?;
        }
        for (place, row) in self.nat.iter().enumerate() {
            writeln!(out, "nat {place} {}", Shown(row))?;
        }
        for (id, row) in &self.services {
            writeln!(out, "service {id} df {} over {} flags {}", row.df_port, row.df_over, row.flags)?;
        }
        for (key, row) in &self.mirrors {
            write!(out, "mirror {} port {} vni {} zone {}", key.interface, key.port, key.vni, row.zone)?;
            writeln!(out, " output {} over {} flags {}", row.output, row.df_over, row.flags)?;
        }
        for (key, root) in &self.roots {
            write!(out, "root {} trees", Shown(key))?;
            for tree in root.trees.iter().filter(|tree| **tree != LeafRef::EMPTY) {
                write!(out, " {}", self.reference(*tree))?;
            }
            writeln!(out)?;
        }
        for (place, node) in self.nodes.iter().enumerate() {
            let cut = u128::from(node.cut[0]) << 64 | u128::from(node.cut[1]);
            let cut = Value { dimension: node.dimension, value: cut };
            writeln!(
                out,
                "node {place} {cut} ? {} : {}",
                self.reference(node.low),
                self.reference(node.high)
            )?;
        }
        for (place, rule) in self.rules.iter().enumerate() {
            writeln!(out, "rule {place} {}", Shown(rule))?;
        }
        Ok(())
    }

    /// A node, or a leaf with its rules.
    fn reference(&self, reference: u32) -> String {
        if !LeafRef::is_leaf(reference) {
            return format!("node {reference}");
        }
        let leaf = LeafRef(reference);
        let rules = self.leaves.iter().skip(leaf.first() as usize).take(leaf.count() as usize);
        format!("{:?}", rules.collect::<Vec<_>>())
    }
}

/// A row as text.
struct Shown<'a, T>(&'a T);

/// A value of one dimension as text.
struct Value {
    dimension: u32,
    value: u128,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SOURCE: u32 = Dimension::Source as u32;
        const DESTINATION: u32 = Dimension::Destination as u32;
        const SOURCE_PORT: u32 = Dimension::SourcePort as u32;
        const DESTINATION_PORT: u32 = Dimension::DestinationPort as u32;
        let Value { dimension, value } = *self;
        match dimension {
            SOURCE => write!(f, "src <= {}", Address(value)),
            DESTINATION => write!(f, "dst <= {}", Address(value)),
            SOURCE_PORT => write!(f, "sport <= {value}"),
            DESTINATION_PORT => write!(f, "dport <= {value}"),
            _ => write!(f, "proto <= {value}"),
        }
    }
}

struct Address(u128);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.0);
        match address.to_ipv4_mapped() {
            Some(v4) => Ipv4Addr::fmt(&v4, f),
            None => address.fmt(f),
        }
    }
}

impl fmt::Display for Shown<'_, RootKey> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RootKey { stage, family, from, to, .. } = *self.0;
        let stage = [Stage::DestinationNat, Stage::Policy, Stage::SourceNat, Stage::HostInbound]
            .into_iter()
            .find(|known| *known as u8 == stage);
        let family = [Family::V4, Family::V6].into_iter().find(|known| *known as u8 == family);
        match (stage, family) {
            (Some(stage), Some(family)) => write!(f, "{stage:?} {family:?} from {from} to {to}"),
            _ => write!(f, "{:?}", self.0),
        }
    }
}

impl fmt::Display for Shown<'_, NatRow> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0;
        let kind = [NatKind::Off, NatKind::Interface, NatKind::Destination, NatKind::Discard]
            .into_iter()
            .find(|known| *known as u8 == row.kind);
        write!(f, "id {} ", row.id)?;
        match kind {
            Some(NatKind::Off) => write!(f, "off"),
            Some(NatKind::Discard) => write!(f, "discard"),
            Some(NatKind::Interface) => write!(f, "interface ports {}-{}", row.port_low, row.port_high),
            Some(NatKind::Destination) => write!(f, "destination {} port {}", row.addr, row.port_low),
            None => write!(f, "kind {}", row.kind),
        }
    }
}

impl fmt::Display for Shown<'_, RuleRow> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0;
        let address = |[high, low]: flumen_abi::Cut| Address(u128::from(high) << 64 | u128::from(low));
        write!(f, "src {}-{}", address(row.src_low), address(row.src_high))?;
        write!(f, " dst {}-{}", address(row.dst_low), address(row.dst_high))?;
        write!(f, " sport {}-{} dport {}-{}", row.sport_low, row.sport_high, row.dport_low, row.dport_high)?;
        write!(f, " proto {}-{} rank {} action {}", row.proto_low, row.proto_high, row.rank, row.action)
    }
}
