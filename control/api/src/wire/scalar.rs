use super::{Wire, WireError};
use crate::{PortRange, Protocol, v1};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What protobuf has, too.
macro_rules! same {
    ($($type:ty),*) => {$(
        impl Wire<$type> for $type {
            fn into_wire(self) -> $type {
                self
            }

            fn from_wire(value: $type) -> Result<Self, WireError> {
                Ok(value)
            }
        }
    )*};
}

same!(bool, u32, u64, i64, String, BTreeMap<String, u64>);

/// A number that protobuf has no type small enough for.
macro_rules! small {
    ($($type:ty),*) => {$(
        impl Wire<u32> for $type {
            fn into_wire(self) -> u32 {
                self.into()
            }

            fn from_wire(number: u32) -> Result<Self, WireError> {
                let most = <$type>::MAX;
                <$type>::try_from(number).map_err(|_| WireError::new(format!("{number} is more than {most}")))
            }
        }
    )*};
}

small!(u8, u16);

impl Wire<u64> for usize {
    fn into_wire(self) -> u64 {
        self as u64 // no wider anywhere
    }

    fn from_wire(number: u64) -> Result<Self, WireError> {
        usize::try_from(number).map_err(|_| WireError::new(format!("{number} is too large")))
    }
}

impl<T: Wire<P>, P> Wire<Option<P>> for Option<T> {
    fn into_wire(self) -> Option<P> {
        self.map(T::into_wire)
    }

    fn from_wire(value: Option<P>) -> Result<Self, WireError> {
        value.map(T::from_wire).transpose()
    }
}

impl<T: Wire<P>, P> Wire<Vec<P>> for Vec<T> {
    fn into_wire(self) -> Vec<P> {
        self.into_iter().map(T::into_wire).collect()
    }

    fn from_wire(values: Vec<P>) -> Result<Self, WireError> {
        values.into_iter().map(T::from_wire).collect()
    }
}

impl Wire<String> for IpAddr {
    fn into_wire(self) -> String {
        self.to_string()
    }

    fn from_wire(text: String) -> Result<Self, WireError> {
        text.parse().map_err(|_| WireError::new(format!("{text} is no address")))
    }
}

impl Wire<String> for SocketAddr {
    fn into_wire(self) -> String {
        self.to_string()
    }

    fn from_wire(text: String) -> Result<Self, WireError> {
        text.parse().map_err(|_| WireError::new(format!("{text} is no address with a port")))
    }
}

impl Wire<String> for IpNet {
    fn into_wire(self) -> String {
        self.to_string()
    }

    /// An address is the prefix of it alone.
    fn from_wire(text: String) -> Result<Self, WireError> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let read = text.parse::<IpNet>().or_else(|_| address());
        read.map_err(|_| WireError::new(format!("{text} is neither an address nor a prefix")))
    }
}

impl Wire<u32> for Protocol {
    fn into_wire(self) -> u32 {
        self.0.into()
    }

    fn from_wire(number: u32) -> Result<Self, WireError> {
        u8::from_wire(number).map(Protocol)
    }
}

impl Wire<v1::PortRange> for PortRange {
    fn into_wire(self) -> v1::PortRange {
        v1::PortRange { low: self.low().into(), high: self.high().into() }
    }

    fn from_wire(range: v1::PortRange) -> Result<Self, WireError> {
        let (low, high) = (super::field("low", range.low)?, super::field("high", range.high)?);
        PortRange::new(low, high).map_err(|error| WireError::new(error.to_string()))
    }
}
