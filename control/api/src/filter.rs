use crate::Protocol;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which sessions are meant. An empty filter means all; every given field must match.
///
/// Addresses and ports are compared with the forward direction as it arrives *and* as it departs: a session
/// is found by the address that a host sees, whichever side of the translation the host is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SessionFilter {
    /// Source of the forward direction lies in this prefix.
    pub source: Option<IpNet>,
    /// Destination of the forward direction lies in this prefix.
    pub destination: Option<IpNet>,
    /// Source or destination lies in this prefix.
    pub host: Option<IpNet>,
    /// Source port, or identifier of an ICMP query.
    pub source_port: Option<PortRange>,
    /// Destination port.
    pub destination_port: Option<PortRange>,
    /// IP protocol.
    pub protocol: Option<Protocol>,
    /// Zone that the opener is in.
    pub from_zone: Option<String>,
    /// Zone that the forward direction leaves by.
    pub to_zone: Option<String>,
    /// Policy that admitted it.
    pub policy: Option<String>,
    /// Only sessions that are translated.
    pub nat: bool,
}

impl SessionFilter {
    /// True when every session matches.
    pub fn is_all(&self) -> bool {
        *self == SessionFilter::default()
    }
}

/// An inclusive range of ports; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    low: u16,
    high: u16,
}

/// Why a text is no [`PortRange`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a number from 0 to 65535, nor two with a dash between.
    #[error("{0} is neither a port nor a range of ports: use 443 or 1024-65535")]
    Port(String),
    /// The first is above the second.
    #[error("port range {0}-{1} is empty: the lower port comes first")]
    EmptyRange(u16, u16),
}

// === impl PortRange ===

impl PortRange {
    /// From both ends, inclusive.
    ///
    /// # Errors
    /// When `low` is above `high`.
    pub fn new(low: u16, high: u16) -> Result<PortRange, FilterError> {
        if low > high { Err(FilterError::EmptyRange(low, high)) } else { Ok(PortRange { low, high }) }
    }

    /// First port.
    pub const fn low(self) -> u16 {
        self.low
    }

    /// Last port.
    pub const fn high(self) -> u16 {
        self.high
    }

    /// True when `port` lies in the range.
    pub const fn contains(self, port: u16) -> bool {
        self.low <= port && port <= self.high
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            write!(f, "{}", self.low)
        } else {
            write!(f, "{}-{}", self.low, self.high)
        }
    }
}

impl FromStr for PortRange {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<PortRange, FilterError> {
        let port = |digits: &str| digits.parse::<u16>().map_err(|_| FilterError::Port(text.to_owned()));
        match text.split_once('-') {
            Some((low, high)) => PortRange::new(port(low)?, port(high)?),
            None => port(text).map(|port| PortRange { low: port, high: port }),
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = FilterError;

    fn try_from(text: String) -> Result<PortRange, FilterError> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> String {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{FilterError, PortRange, SessionFilter};
    use crate::Protocol;

    #[test]
    fn a_port_range_is_one_port_or_two_in_order() {
        let range: PortRange = "1024-65535".parse().unwrap();
        assert!(range.contains(1024) && range.contains(65535) && !range.contains(1023));
        assert_eq!("443".parse::<PortRange>().unwrap(), PortRange::new(443, 443).unwrap());
        assert_eq!("9-1".parse::<PortRange>(), Err(FilterError::EmptyRange(9, 1)));
        for bad in ["", "-", "1-", "-1", "65536", "1-2-3", "http", "+5-6 "] {
            assert_eq!(bad.parse::<PortRange>(), Err(FilterError::Port(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn a_filter_survives_the_wire_and_refuses_unknown_fields() {
        let filter = SessionFilter {
            source: Some("192.0.2.0/24".parse().unwrap()),
            destination_port: Some("80-443".parse().unwrap()),
            protocol: Some(Protocol::TCP),
            from_zone: Some("lan".into()),
            nat: true,
            ..SessionFilter::default()
        };
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<SessionFilter>(&text).unwrap(), filter);
        assert!(serde_json::from_str::<SessionFilter>("{}").unwrap().is_all());
        assert!(serde_json::from_str::<SessionFilter>(r#"{"sorce":"::/0"}"#).is_err());
        assert!(serde_json::from_str::<SessionFilter>(r#"{"source-port":"9-1"}"#).is_err());
    }
}
