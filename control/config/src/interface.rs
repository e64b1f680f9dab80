use crate::{Name, Problem};
use serde::Serialize;
use std::fmt;

/// The name of a network device, as Linux takes it: 1 to 15 bytes without space, `/` and `:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DeviceName(String);

/// A VLAN identifier from 1 to 4094.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct VlanId(u16);

/// An entry of `interfaces`: frames of one device with certain VLAN tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    /// Device that frames arrive on; none: the interface's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// Outer VLAN tag; none: untagged frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<VlanId>,
    /// Inner VLAN tag; needs an outer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner_vlan: Option<VlanId>,
    /// Device that has the addresses; none: `device`, or for tagged frames `device.vlan` (`eth0.100`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<DeviceName>,
}

// === impl DeviceName ===

impl DeviceName {
    /// Bytes at most.
    pub const MAX_LEN: usize = 15;

    /// Checks what the kernel checks (`dev_valid_name`), and that it is printable ASCII.
    ///
    /// # Errors
    /// [`Problem::DeviceName`].
    pub fn new(text: &str) -> Result<DeviceName, Problem> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic() && b != b'/' && b != b':');
        if printable && !text.is_empty() && text.len() <= Self::MAX_LEN && text != "." && text != ".." {
            Ok(DeviceName(text.to_owned()))
        } else {
            Err(Problem::DeviceName { name: text.chars().take(100).collect() })
        }
    }

    /// As the kernel spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl VlanId ===

impl VlanId {
    /// Least identifier; 0 means "priority only".
    pub const LEAST: u16 = 1;
    /// Greatest identifier; 4095 is reserved.
    pub const GREATEST: u16 = 4094;

    /// None when out of range.
    pub const fn new(number: u16) -> Option<VlanId> {
        if number >= Self::LEAST && number <= Self::GREATEST { Some(VlanId(number)) } else { None }
    }

    /// The identifier.
    pub const fn number(self) -> u16 {
        self.0
    }
}

// === impl Interface ===

impl Interface {
    /// Device that frames arrive on, given the interface's name.
    pub fn device<'a>(&'a self, name: &'a Name) -> &'a str {
        self.device.as_ref().map_or(name.as_str(), DeviceName::as_str)
    }

    /// Device that has the addresses, given the interface's name.
    pub fn link(&self, name: &Name) -> String {
        match (&self.link, self.vlan, self.inner_vlan) {
            (Some(link), ..) => link.to_string(),
            (None, None, _) => self.device(name).to_owned(),
            (None, Some(outer), None) => format!("{}.{}", self.device(name), outer.0),
            (None, Some(outer), Some(inner)) => format!("{}.{}.{}", self.device(name), outer.0, inner.0),
        }
    }

    /// Outer and inner tag, 0 where there is none.
    pub fn tags(&self) -> (u16, u16) {
        (self.vlan.map_or(0, VlanId::number), self.inner_vlan.map_or(0, VlanId::number))
    }
}
