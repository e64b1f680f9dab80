use super::{StaticRoute, VlanLink};
use crate::Setting;
use ipnet::IpNet;
use std::fmt;

/// One change of the host's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Makes a sub-interface; it is down.
    AddLink {
        /// Its name.
        name: String,
        /// Which frames it has.
        vlan: VlanLink,
    },
    /// Removes a link that we made.
    RemoveLink {
        /// Its name.
        name: String,
    },
    /// Sets a link up or down, or whatever else is to be set only once the gateway is on it.
    Set {
        /// What.
        setting: Setting,
        /// To what.
        value: String,
    },
    /// Adds an address, with our mark.
    AddAddress {
        /// To this link.
        link: String,
        /// With the length of its network.
        address: IpNet,
    },
    /// Removes an address that has our mark.
    RemoveAddress {
        /// From this link.
        link: String,
        /// With the length of its network.
        address: IpNet,
    },
    /// Adds a route, with our mark.
    AddRoute(StaticRoute),
    /// Puts a route in the place of ours to the same destination, without a gap.
    ReplaceRoute(StaticRoute),
    /// Removes a route that has our mark.
    RemoveRoute(StaticRoute),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::AddLink { name, vlan: VlanLink { parent, id, service } } => {
                write!(f, "make {name}, VLAN {id} of {parent}{}", if *service { " (802.1ad)" } else { "" })
            }
            Step::RemoveLink { name } => write!(f, "remove {name}"),
            Step::Set { setting, value } => write!(f, "set {setting} to {value}"),
            Step::AddAddress { link, address } => write!(f, "add {address} to {link}"),
            Step::RemoveAddress { link, address } => write!(f, "remove {address} from {link}"),
            Step::AddRoute(route) => write!(f, "add {route}"),
            Step::ReplaceRoute(route) => write!(f, "replace {route}"),
            Step::RemoveRoute(route) => write!(f, "remove {route}"),
        }
    }
}
