//! Boxes in five dimensions, and how words of the configuration become them.

use flumen_abi::{Cut, Dimension, Family, RuleRow};
use flumen_config::{IpFamily, IpProtocol, IpRange, Term};

/// Dimensions in the order of their numbers.
pub(crate) const AXES: [Dimension; 5] = [
    Dimension::Source,
    Dimension::Destination,
    Dimension::SourcePort,
    Dimension::DestinationPort,
    Dimension::Protocol,
];

/// Both families, in the order of rows.
pub(crate) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// Numbers of one dimension, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) low: u128,
    pub(crate) high: u128,
}

/// A box: one span for each of [`AXES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Region(pub(crate) [Span; 5]);

/// What is behind the addresses: source port, destination port, protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Transport {
    pub(crate) protocol: Span,
    pub(crate) source_port: Span,
    pub(crate) destination_port: Span,
}

// === impl Span ===

impl Span {
    pub(crate) const PORTS: Span = Span { low: 0, high: u16::MAX as u128 };
    pub(crate) const PROTOCOLS: Span = Span { low: 0, high: u8::MAX as u128 };

    pub(crate) const fn one(value: u128) -> Span {
        Span { low: value, high: value }
    }

    /// The addresses of a range as the classifier compares them: IPv4 is mapped.
    pub(crate) fn of(range: IpRange) -> Span {
        const MAPPED: u128 = 0xffff_0000_0000;
        match range {
            IpRange::V4(low, high) => {
                Span { low: MAPPED | u128::from(low.to_bits()), high: MAPPED | u128::from(high.to_bits()) }
            }
            IpRange::V6(low, high) => Span { low: low.to_bits(), high: high.to_bits() },
        }
    }
}

// === impl Region ===

impl Region {
    pub(crate) fn new(source: Span, destination: Span, transport: Transport) -> Region {
        Region([source, destination, transport.source_port, transport.destination_port, transport.protocol])
    }

    /// All packets of a family.
    pub(crate) fn all(family: Family) -> Region {
        let addresses = Span::of(match family {
            Family::V4 => IpRange::ALL_V4,
            Family::V6 => IpRange::ALL_V6,
        });
        Region::new(addresses, addresses, Transport::ANY)
    }

    /// The row that says the same.
    pub(crate) fn row(&self, rank: u32, action: u32) -> RuleRow {
        let [source, destination, source_port, destination_port, protocol] = self.0;
        RuleRow {
            src_low: cut(source.low),
            src_high: cut(source.high),
            dst_low: cut(destination.low),
            dst_high: cut(destination.high),
            sport_low: source_port.low as u16,
            sport_high: source_port.high as u16,
            dport_low: destination_port.low as u16,
            dport_high: destination_port.high as u16,
            proto_low: protocol.low as u8,
            proto_high: protocol.high as u8,
            reserved: 0,
            rank,
            action,
            reserved2: 0,
        }
    }
}

/// A number as nodes and rules hold it.
pub(crate) const fn cut(value: u128) -> Cut {
    [(value >> 64) as u64, value as u64]
}

// === impl Transport ===

impl Transport {
    /// Every protocol.
    pub(crate) const ANY: Transport =
        Transport { protocol: Span::PROTOCOLS, source_port: Span::PORTS, destination_port: Span::PORTS };

    /// What `terms` mean in `family`: sorted, neighbouring destination ports joined; `None` means every protocol.
    ///
    /// ICMP exists in IPv4 only and ICMPv6 in IPv6 only: in the other family the number is a protocol like
    /// any other, without types.
    pub(crate) fn of_terms(terms: Option<&[Term]>, family: Family) -> Vec<Transport> {
        let Some(terms) = terms else {
            return vec![Transport::ANY];
        };
        let mut all: Vec<Transport> = Vec::new();
        for term in terms {
            let protocol = Span::one(term.protocol.0.into());
            let foreign = match family {
                Family::V4 => term.protocol == IpProtocol::ICMP6,
                Family::V6 => term.protocol == IpProtocol::ICMP,
            };
            if foreign && term.icmp_type.is_some() {
                continue;
            }
            for source_port in ports(&term.source_port) {
                for destination_port in destination_ports(term) {
                    all.push(Transport { protocol, source_port, destination_port });
                }
            }
        }
        join(all)
    }
}

fn ports(ranges: &[flumen_config::PortRange]) -> Vec<Span> {
    if ranges.is_empty() {
        return vec![Span::PORTS];
    }
    ranges.iter().map(|range| Span { low: range.low().into(), high: range.high().into() }).collect()
}

fn destination_ports(term: &Term) -> Vec<Span> {
    match (term.icmp_type, term.icmp_code) {
        (None, _) => ports(&term.destination_port),
        (Some(icmp_type), None) => {
            let low = u128::from(icmp_type) << 8;
            vec![Span { low, high: low | 0xff }]
        }
        (Some(icmp_type), Some(code)) => vec![Span::one(u128::from(icmp_type) << 8 | u128::from(code))],
    }
}

/// Sorted by protocol, source port, destination port; joins destination ports that touch or overlap.
fn join(mut all: Vec<Transport>) -> Vec<Transport> {
    all.sort_unstable();
    let mut joined: Vec<Transport> = Vec::with_capacity(all.len());
    for transport in all {
        match joined.last_mut() {
            Some(last)
                if last.protocol == transport.protocol
                    && last.source_port == transport.source_port
                    && transport.destination_port.low <= last.destination_port.high + 1 =>
            {
                last.destination_port.high = last.destination_port.high.max(transport.destination_port.high);
            }
            _ => joined.push(transport),
        }
    }
    joined
}

/// Spans of one family among sorted and joined ranges.
pub(crate) fn spans(ranges: &[IpRange], family: Family) -> Vec<Span> {
    let family = match family {
        Family::V4 => IpFamily::V4,
        Family::V6 => IpFamily::V6,
    };
    ranges.iter().filter(|range| range.family() == family).map(|range| Span::of(*range)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Span, Transport};
    use flumen_abi::Family;
    use flumen_config::{IpProtocol, PortRange, Term};

    fn tcp(ports: &[&str]) -> Term {
        let destination_port = ports.iter().map(|text| PortRange::parse(text).unwrap()).collect();
        Term { destination_port, ..Term::protocol(IpProtocol::TCP) }
    }

    #[test]
    fn neighbouring_and_overlapping_ports_become_one_box() {
        let terms = [tcp(&["80", "82-90"]), tcp(&["81", "85-100"]), tcp(&["102"])];
        let transports = Transport::of_terms(Some(&terms), Family::V4);
        let ports: Vec<_> =
            transports.iter().map(|t| (t.destination_port.low, t.destination_port.high)).collect();
        assert_eq!(ports, [(80, 100), (102, 102)]);
    }

    #[test]
    fn an_icmp_type_is_all_its_codes_and_exists_in_its_own_family_only() {
        let ping = Term { icmp_type: Some(8), ..Term::protocol(IpProtocol::ICMP) };
        let v4 = Transport::of_terms(Some(std::slice::from_ref(&ping)), Family::V4);
        assert_eq!(
            v4.iter().map(|t| t.destination_port).collect::<Vec<_>>(),
            [Span { low: 0x800, high: 0x8ff }]
        );
        assert!(Transport::of_terms(Some(&[ping]), Family::V6).is_empty());
        assert_eq!(Transport::of_terms(Some(&[Term::protocol(IpProtocol::ICMP)]), Family::V6).len(), 1);
    }
}
