use crate::Quantity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something of the kernel that can be read, set and set back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// A file below `/proc/sys`: `net/ipv4/conf/eth0/rp_filter`.
    Sysctl(String),
    /// A feature of a device as `ethtool -k` spells it to the kernel; `on` or `off`.
    Feature {
        /// Device name.
        device: String,
        /// Name of the feature: `rx-gro`.
        feature: String,
    },
    /// A number that the driver of a device has, decimal.
    Quantity {
        /// Device name.
        device: String,
        /// Which.
        quantity: Quantity,
    },
    /// CPUs that may serve an interrupt, as the kernel lists them: `0-3,8`.
    IrqAffinity(u32),
    /// How the frequency of a CPU is governed: `performance`.
    Governor(u32),
    /// A property of a link.
    Link {
        /// Its name.
        device: String,
        /// Which.
        property: LinkProperty,
    },
}

/// What is set of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkProperty {
    /// `up` or `down`, as the administrator wants it.
    Up,
    /// Largest packet, bytes.
    Mtu,
    /// A text for people.
    Alias,
}

impl Setting {
    /// Of a device, or of `all` and `default`.
    pub fn conf(family: &str, device: &str, name: &str) -> Setting {
        Setting::Sysctl(format!("net/{family}/conf/{device}/{name}"))
    }

    /// A property of a link.
    pub fn link(device: &str, property: LinkProperty) -> Setting {
        Setting::Link { device: device.to_owned(), property }
    }

    /// The device that it is of; none when it is the machine's, or one of `all` and `default`.
    pub fn device(&self) -> Option<&str> {
        match self {
            Setting::Sysctl(path) => {
                let device = Setting::sysctl_device(path)?.1;
                (!["all", "default"].contains(&device)).then_some(device)
            }
            Setting::Feature { device, .. }
            | Setting::Quantity { device, .. }
            | Setting::Link { device, .. } => Some(device),
            Setting::IrqAffinity(_) | Setting::Governor(_) => None,
        }
    }

    /// The same of another device.
    #[must_use]
    pub fn of(&self, device: &str) -> Setting {
        let device = device.to_owned();
        match self {
            Setting::Sysctl(path) => match Setting::sysctl_device(path) {
                Some((before, _, after)) => Setting::Sysctl(format!("{before}/{device}/{after}")),
                None => self.clone(),
            },
            Setting::Feature { feature, .. } => Setting::Feature { device, feature: feature.clone() },
            Setting::Quantity { quantity, .. } => Setting::Quantity { device, quantity: *quantity },
            Setting::Link { property, .. } => Setting::Link { device, property: *property },
            Setting::IrqAffinity(_) | Setting::Governor(_) => self.clone(),
        }
    }

    /// What is before the device in the path of a setting of one, the device, and what is behind it.
    fn sysctl_device(path: &str) -> Option<(&str, &str, &str)> {
        let (before, rest) = path.split_once("/conf/").or_else(|| path.split_once("/neigh/"))?;
        let (device, after) = rest.split_once('/')?;
        before.starts_with("net/").then(|| (&path[..path.len() - rest.len() - 1], device, after))
    }
}

impl LinkProperty {
    const fn name(self) -> &'static str {
        match self {
            LinkProperty::Up => "state",
            LinkProperty::Mtu => "MTU",
            LinkProperty::Alias => "alias",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Sysctl(path) => f.write_str(path),
            Setting::Feature { device, feature } => write!(f, "{feature} of {device}"),
            Setting::Quantity { device, quantity } => write!(f, "{quantity} of {device}"),
            Setting::IrqAffinity(irq) => write!(f, "CPUs of interrupt {irq}"),
            Setting::Governor(cpu) => write!(f, "frequency governor of CPU {cpu}"),
            Setting::Link { device, property } => write!(f, "{} of {device}", property.name()),
        }
    }
}
