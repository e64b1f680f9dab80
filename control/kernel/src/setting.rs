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
}

impl Setting {
    /// Of a device, or of `all` and `default`.
    pub fn conf(family: &str, device: &str, name: &str) -> Setting {
        Setting::Sysctl(format!("net/{family}/conf/{device}/{name}"))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Sysctl(path) => f.write_str(path),
            Setting::Feature { device, feature } => write!(f, "{feature} of {device}"),
        }
    }
}
