use crate::Problem;
use serde::{Serialize, Serializer};
use std::fmt;

/// Transport ports, both ends inclusive, from 1, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    low: u16,
    high: u16,
}

impl PortRange {
    /// Every port but 0.
    pub const ALL: PortRange = PortRange { low: 1, high: u16::MAX };
    /// Every port that is not well known.
    pub const UNPRIVILEGED: PortRange = PortRange { low: 1024, high: u16::MAX };

    /// From both ends.
    ///
    /// # Errors
    /// [`Problem::PortZero`], [`Problem::ReversedRange`].
    pub fn new(low: u16, high: u16) -> Result<PortRange, Problem> {
        if low == 0 || high == 0 {
            Err(Problem::PortZero)
        } else if low > high {
            Err(Problem::ReversedRange { text: format!("{low}-{high}") })
        } else {
            Ok(PortRange { low, high })
        }
    }

    /// From `80` or `8000-8010`.
    ///
    /// # Errors
    /// [`Problem::Port`] and those of [`PortRange::new`].
    pub fn parse(text: &str) -> Result<PortRange, Problem> {
        let port = |part: &str| -> Result<u16, Problem> {
            let part = part.trim();
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let number = digits.then(|| part.parse().ok()).flatten();
            number.ok_or_else(|| Problem::Port { text: text.chars().take(100).collect() })
        };
        match text.split_once('-') {
            Some((low, high)) => PortRange::new(port(low)?, port(high)?),
            None => port(text).and_then(|port| PortRange::new(port, port)),
        }
    }

    /// Least port.
    pub const fn low(self) -> u16 {
        self.low
    }

    /// Greatest port.
    pub const fn high(self) -> u16 {
        self.high
    }
}

impl Default for PortRange {
    fn default() -> PortRange {
        PortRange::ALL
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { self.low.fmt(f) } else { write!(f, "{}-{}", self.low, self.high) }
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.low == self.high { serializer.serialize_u16(self.low) } else { serializer.collect_str(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::PortRange;
    use crate::Problem;

    #[test]
    fn ports_are_read_printed_and_refused() {
        for text in ["80", "8000-8010", "1-65535"] {
            assert_eq!(PortRange::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(PortRange::parse("0"), Err(Problem::PortZero));
        assert_eq!(PortRange::parse("0-80"), Err(Problem::PortZero));
        assert!(matches!(PortRange::parse("90-80"), Err(Problem::ReversedRange { .. })));
        for bad in ["", "-", "80-", "http", "65536", "+80", "1-2-3"] {
            assert!(matches!(PortRange::parse(bad), Err(Problem::Port { .. })), "{bad}");
        }
    }
}
