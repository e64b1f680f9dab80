use crate::{Name, Problem};
use ipnet::IpNet;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Addresses of one family, both ends inclusive, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpRange {
    /// IPv4.
    V4(Ipv4Addr, Ipv4Addr),
    /// IPv6.
    V6(Ipv6Addr, Ipv6Addr),
}

/// An address, a prefix without host bits, or a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressLiteral {
    /// `192.0.2.0/24`; a single address has the full length.
    Prefix(IpNet),
    /// `192.0.2.1-192.0.2.9`.
    Range(IpRange),
}

/// An address in a match: a word for all, a literal, or a name of the address book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AddressRef {
    /// `any`: all of both families.
    #[default]
    Any,
    /// `any-ipv4`.
    AnyV4,
    /// `any-ipv6`.
    AnyV6,
    /// Written out.
    Literal(AddressLiteral),
    /// In the address book.
    Named(Name),
}

/// Names for addresses; an entry is a set of literals and other names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AddressBook(pub BTreeMap<Name, Vec<AddressRef>>);

// === impl IpFamily ===

impl fmt::Display for IpFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IpFamily::V4 => "IPv4",
            IpFamily::V6 => "IPv6",
        })
    }
}

// === impl IpRange ===

impl IpRange {
    /// All of IPv4.
    pub const ALL_V4: IpRange = IpRange::V4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    /// All of IPv6.
    pub const ALL_V6: IpRange = IpRange::V6(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from_bits(u128::MAX));

    /// Its family.
    pub const fn family(self) -> IpFamily {
        match self {
            IpRange::V4(..) => IpFamily::V4,
            IpRange::V6(..) => IpFamily::V6,
        }
    }

    fn new(low: IpAddr, high: IpAddr) -> Option<IpRange> {
        match (low, high) {
            (IpAddr::V4(low), IpAddr::V4(high)) => Some(IpRange::V4(low, high)),
            (IpAddr::V6(low), IpAddr::V6(high)) => Some(IpRange::V6(low, high)),
            _ => None,
        }
    }

    fn is_reversed(self) -> bool {
        match self {
            IpRange::V4(low, high) => low > high,
            IpRange::V6(low, high) => low > high,
        }
    }
}

// === impl AddressLiteral ===

impl AddressLiteral {
    /// From `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, or the same in IPv6.
    ///
    /// # Errors
    /// What is wrong with it; for host bits, the prefix that was meant.
    pub fn parse(text: &str) -> Result<AddressLiteral, Problem> {
        let shown = || text.chars().take(100).collect::<String>();
        let address = |part: &str| -> Result<IpAddr, Problem> {
            let address: IpAddr = part.trim().parse().map_err(|_| Problem::Address { text: shown() })?;
            match address {
                IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
                    Err(Problem::MappedAddress { text: shown() })
                }
                other => Ok(other),
            }
        };
        if let Some((low, high)) = text.split_once('-') {
            let range = IpRange::new(address(low)?, address(high)?)
                .ok_or_else(|| Problem::MixedRange { text: shown() })?;
            if range.is_reversed() {
                return Err(Problem::ReversedRange { text: shown() });
            }
            return Ok(AddressLiteral::Range(range));
        }
        let Some((base, length)) = text.split_once('/') else {
            return Ok(AddressLiteral::Prefix(IpNet::from(address(text)?)));
        };
        let base = address(base)?;
        let greatest = if base.is_ipv4() { 32 } else { 128 };
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(Problem::Address { text: shown() });
        }
        let net = length.parse().ok().and_then(|length| IpNet::new(base, length).ok());
        let net = net.ok_or_else(|| Problem::PrefixLength { text: shown(), greatest })?;
        if net.addr() != net.network() {
            return Err(Problem::HostBits { text: shown(), prefix: net.trunc() });
        }
        Ok(AddressLiteral::Prefix(net))
    }

    /// The addresses it covers.
    pub fn range(self) -> IpRange {
        match self {
            AddressLiteral::Prefix(IpNet::V4(net)) => IpRange::V4(net.network(), net.broadcast()),
            AddressLiteral::Prefix(IpNet::V6(net)) => IpRange::V6(net.network(), net.broadcast()),
            AddressLiteral::Range(range) => range,
        }
    }
}

impl fmt::Display for AddressLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressLiteral::Prefix(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(f),
            AddressLiteral::Prefix(net) => net.fmt(f),
            AddressLiteral::Range(IpRange::V4(low, high)) => write!(f, "{low}-{high}"),
            AddressLiteral::Range(IpRange::V6(low, high)) => write!(f, "{low}-{high}"),
        }
    }
}

// === impl AddressRef ===

impl AddressRef {
    /// A word for all, a literal when it starts with a digit or has a colon, else a name.
    ///
    /// # Errors
    /// What is wrong with the literal or the name.
    pub fn parse(text: &str) -> Result<AddressRef, Problem> {
        match text {
            "any" => Ok(AddressRef::Any),
            "any-ipv4" => Ok(AddressRef::AnyV4),
            "any-ipv6" => Ok(AddressRef::AnyV6),
            _ if text.starts_with(|first: char| first.is_ascii_digit()) || text.contains(':') => {
                AddressLiteral::parse(text).map(AddressRef::Literal)
            }
            _ => Name::new(text).map(AddressRef::Named),
        }
    }
}

impl fmt::Display for AddressRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressRef::Any => f.write_str("any"),
            AddressRef::AnyV4 => f.write_str("any-ipv4"),
            AddressRef::AnyV6 => f.write_str("any-ipv6"),
            AddressRef::Literal(literal) => literal.fmt(f),
            AddressRef::Named(name) => name.fmt(f),
        }
    }
}

impl Serialize for AddressRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

// === impl AddressBook ===

impl AddressBook {
    /// Names with a meaning of their own.
    pub const RESERVED: [&'static str; 3] = ["any", "any-ipv4", "any-ipv6"];

    /// Every address that `refs` mean: sorted, without overlap, neighbouring ranges joined.
    ///
    /// Unknown names and cycles, which the checks refuse, add nothing.
    pub fn resolve(&self, refs: &[AddressRef]) -> Vec<IpRange> {
        let mut ranges = Vec::new();
        self.collect(refs, &mut BTreeSet::new(), &mut ranges);
        join(ranges)
    }

    fn collect<'a>(
        &'a self,
        refs: &'a [AddressRef],
        seen: &mut BTreeSet<&'a Name>,
        ranges: &mut Vec<IpRange>,
    ) {
        let mut pending: Vec<&AddressRef> = refs.iter().collect();
        while let Some(reference) = pending.pop() {
            match reference {
                AddressRef::Any => ranges.extend([IpRange::ALL_V4, IpRange::ALL_V6]),
                AddressRef::AnyV4 => ranges.push(IpRange::ALL_V4),
                AddressRef::AnyV6 => ranges.push(IpRange::ALL_V6),
                AddressRef::Literal(literal) => ranges.push(literal.range()),
                AddressRef::Named(name) => {
                    if seen.insert(name) {
                        pending.extend(self.0.get(name).into_iter().flatten());
                    }
                }
            }
        }
    }
}

fn join(mut ranges: Vec<IpRange>) -> Vec<IpRange> {
    ranges.sort_unstable();
    let mut joined: Vec<IpRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match (joined.last_mut(), range) {
            (Some(IpRange::V4(_, end)), IpRange::V4(low, high))
                if low.to_bits() <= end.to_bits().saturating_add(1) =>
            {
                *end = high.max(*end);
            }
            (Some(IpRange::V6(_, end)), IpRange::V6(low, high))
                if low.to_bits() <= end.to_bits().saturating_add(1) =>
            {
                *end = high.max(*end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::{AddressBook, AddressLiteral, AddressRef, IpRange};
    use crate::{Name, Problem};

    fn literal(text: &str) -> AddressRef {
        AddressRef::parse(text).unwrap()
    }

    #[test]
    fn host_bits_are_refused_with_the_prefix_that_was_meant() {
        let Err(Problem::HostBits { prefix, .. }) = AddressLiteral::parse("192.0.2.1/24") else { panic!() };
        assert_eq!(prefix.to_string(), "192.0.2.0/24");
        let Err(Problem::HostBits { prefix, .. }) = AddressLiteral::parse("2001:db8::1/32") else { panic!() };
        assert_eq!(prefix.to_string(), "2001:db8::/32");
    }

    #[test]
    fn every_malformed_literal_has_its_own_problem() {
        assert!(matches!(
            AddressLiteral::parse("10.0.0.0/33"),
            Err(Problem::PrefixLength { greatest: 32, .. })
        ));
        assert!(matches!(AddressLiteral::parse("::/129"), Err(Problem::PrefixLength { greatest: 128, .. })));
        assert!(matches!(AddressLiteral::parse("10.0.0.9-10.0.0.1"), Err(Problem::ReversedRange { .. })));
        assert!(matches!(AddressLiteral::parse("10.0.0.1-2001:db8::1"), Err(Problem::MixedRange { .. })));
        assert!(matches!(AddressLiteral::parse("::ffff:10.0.0.1"), Err(Problem::MappedAddress { .. })));
        for bad in ["10.0.0.256", "10.0.0", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/a", "2001:db8:::", "1-2-3"]
        {
            assert!(matches!(AddressLiteral::parse(bad), Err(Problem::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn literals_print_as_they_are_read() {
        for text in
            ["192.0.2.0/24", "192.0.2.1", "192.0.2.1-192.0.2.9", "2001:db8::/32", "2001:db8::1", "::1-::9"]
        {
            assert_eq!(AddressLiteral::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn resolved_ranges_are_sorted_and_joined_across_nested_sets() {
        let mut book = AddressBook::default();
        book.0.insert(Name::new("low").unwrap(), vec![literal("10.0.0.0/25"), literal("2001:db8::/32")]);
        book.0.insert(
            Name::new("both").unwrap(),
            vec![literal("10.0.0.128/25"), literal("low"), literal("both")],
        );
        let ranges = book.resolve(&[literal("both"), literal("10.0.0.7")]);
        let expected = [
            IpRange::V4("10.0.0.0".parse().unwrap(), "10.0.0.255".parse().unwrap()),
            literal_range("2001:db8::/32"),
        ];
        assert_eq!(ranges, expected);
        assert_eq!(book.resolve(&[AddressRef::Any, literal("low")]), [IpRange::ALL_V4, IpRange::ALL_V6]);
    }

    fn literal_range(text: &str) -> IpRange {
        AddressLiteral::parse(text).unwrap().range()
    }
}
