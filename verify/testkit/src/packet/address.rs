//! Addresses as a test likes to write them: text, bytes or the standard types.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A 48-bit MAC address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

/// What can be written where a MAC address is wanted: [`Mac`], six bytes, or `"02:00:00:00:00:01"`.
pub trait ToMac {
    /// The address. Panics when the text is none.
    fn to_mac(self) -> Mac;
}

/// What can be written where an IPv4 address is wanted: the type, four bytes, or `"10.0.0.1"`.
pub trait ToIpv4 {
    /// The address. Panics when the text is none.
    fn to_ipv4(self) -> Ipv4Addr;
}

/// What can be written where an IPv6 address is wanted: the type, sixteen bytes, or `"2001:db8::1"`.
pub trait ToIpv6 {
    /// The address. Panics when the text is none.
    fn to_ipv6(self) -> Ipv6Addr;
}

// === impl Mac ===

impl Mac {
    /// ff:ff:ff:ff:ff:ff
    pub const BROADCAST: Self = Self([0xff; 6]);
}

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl std::str::FromStr for Mac {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no MAC address");
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or_else(refused)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| refused())?;
        }
        if parts.next().is_some() {
            return Err(refused());
        }
        Ok(Self(bytes))
    }
}

// === impl ToMac ===

impl ToMac for Mac {
    fn to_mac(self) -> Mac {
        self
    }
}

impl ToMac for [u8; 6] {
    fn to_mac(self) -> Mac {
        Mac(self)
    }
}

impl ToMac for &str {
    fn to_mac(self) -> Mac {
        self.parse().unwrap_or_else(|e| panic!("{e}"))
    }
}

// === impl ToIpv4 ===

impl ToIpv4 for Ipv4Addr {
    fn to_ipv4(self) -> Ipv4Addr {
        self
    }
}

impl ToIpv4 for [u8; 4] {
    fn to_ipv4(self) -> Ipv4Addr {
        self.into()
    }
}

impl ToIpv4 for &str {
    fn to_ipv4(self) -> Ipv4Addr {
        self.parse().unwrap_or_else(|_| panic!("{self:?} is no IPv4 address"))
    }
}

// === impl ToIpv6 ===

impl ToIpv6 for Ipv6Addr {
    fn to_ipv6(self) -> Ipv6Addr {
        self
    }
}

impl ToIpv6 for [u8; 16] {
    fn to_ipv6(self) -> Ipv6Addr {
        self.into()
    }
}

impl ToIpv6 for &str {
    fn to_ipv6(self) -> Ipv6Addr {
        self.parse().unwrap_or_else(|_| panic!("{self:?} is no IPv6 address"))
    }
}
