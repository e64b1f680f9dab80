//! What every topology does to its namespaces and links.

use super::Addresses;
use crate::Error;
use crate::netns::{Link, Netns};

/// Makes addresses usable at once and keeps the kernel from sending what nobody asked for.
pub(crate) fn quieten(namespace: &Netns) -> Result<(), Error> {
    for scope in ["all", "default"] {
        namespace.sysctl(&format!("net.ipv4.conf.{scope}.rp_filter"), "0")?;
        namespace.sysctl(&format!("net.ipv4.conf.{scope}.send_redirects"), "0")?;
        namespace.sysctl(&format!("net.ipv6.conf.{scope}.accept_dad"), "0")?;
        namespace.sysctl(&format!("net.ipv6.conf.{scope}.accept_ra"), "0")?;
        namespace.sysctl(&format!("net.ipv6.conf.{scope}.router_solicitations"), "0")?;
    }
    Ok(())
}

/// Sets one end of a veth pair up: with GRO, which gives it the NAPI that driver-mode redirect needs, and with VLAN tags
/// inside the frames.
pub(crate) fn bring_up(link: Link<'_>, own: &Addresses, mtu: u32) -> Result<(), Error> {
    // GRO last: since 6.3 a veth becomes a redirect target when GRO changes on its running peer, not when the peer
    // starts with GRO on
    let vlan = "txvlan off rxvlan off tx-vlan-stag-hw-insert off rx-vlan-stag-hw-parse off";
    link.set_mac(own.mac)?.mtu(mtu)?.up()?.features(&format!("gro on {vlan}")).map(drop)
}

/// Sets one end of a veth pair up and gives it its addresses.
pub(crate) fn set_up(link: Link<'_>, own: &Addresses, mtu: u32) -> Result<(), Error> {
    bring_up(link, own, mtu)?;
    address(link, own)
}

/// Gives an interface its addresses.
pub(crate) fn address(link: Link<'_>, own: &Addresses) -> Result<(), Error> {
    link.address(&format!("{}/24", own.v4))?.address(&format!("{}/64", own.v6)).map(drop)
}

/// Makes the other end a permanent neighbour.
pub(crate) fn know(link: Link<'_>, other: &Addresses) -> Result<(), Error> {
    link.neighbour(other.v4.into(), other.mac)?.neighbour(other.v6.into(), other.mac)?;
    Ok(())
}
