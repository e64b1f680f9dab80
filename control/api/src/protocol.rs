use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An IP protocol by number, shown by its usual name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Protocol(pub u8);

/// Names as the configuration has them.
const NAMES: [(u8, &str); 17] = [
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipip"),
    (6, "tcp"),
    (8, "egp"),
    (17, "udp"),
    (41, "ipv6"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "icmp6"),
    (88, "eigrp"),
    (89, "ospf"),
    (103, "pim"),
    (112, "vrrp"),
    (132, "sctp"),
];

impl Protocol {
    /// RFC 792.
    pub const ICMP: Protocol = Protocol(1);
    /// RFC 9293.
    pub const TCP: Protocol = Protocol(6);
    /// RFC 768.
    pub const UDP: Protocol = Protocol(17);
    /// RFC 4443.
    pub const ICMP6: Protocol = Protocol(58);

    /// Its name, when it has a usual one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// True for ICMP and ICMPv6, whose "ports" are identifiers.
    pub const fn is_icmp(self) -> bool {
        matches!(self, Protocol::ICMP | Protocol::ICMP6)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Protocol, String> {
        let text = if text.eq_ignore_ascii_case("icmpv6") { "icmp6" } else { text };
        let known = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        match known {
            Some((number, _)) => Ok(Protocol(*number)),
            None => text.parse().map(Protocol).map_err(|_| {
                let names: Vec<_> = NAMES.iter().map(|(_, name)| *name).collect();
                format!(
                    "{text} is no IP protocol: use a number from 0 to 255, or one of {}",
                    names.join(", ")
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn a_protocol_is_read_by_name_or_number_and_shown_by_name() {
        assert_eq!("TCP".parse(), Ok(Protocol::TCP));
        assert_eq!("58".parse(), Ok(Protocol::ICMP6));
        assert_eq!("icmpv6".parse(), Ok(Protocol::ICMP6));
        assert_eq!(Protocol(17).to_string(), "udp");
        assert_eq!(Protocol(200).to_string(), "200");
        assert!("256".parse::<Protocol>().is_err());
        assert!("tpc".parse::<Protocol>().unwrap_err().contains("tcp"));
    }
}
