//! A VLAN interface for kernels without 802.1Q.

use aya::maps::{Array, MapData};
use aya::programs::TcAttachType;

use crate::Error;
use crate::netns::{self, Link, Netns};
use crate::probes::{Probes, map_failed};

/// Makes an interface a member of one VLAN: what it sends gets a tag, and of what it receives only frames with this tag
/// reach the kernel, without it. Dropping it undoes this.
///
/// The tag is part of the frame's bytes on the veth, where the peer's XDP program sees it. A raw socket on the
/// interface itself receives frames with the tag, and the tag is pushed onto what it sends.
#[derive(Debug)]
#[must_use = "dropping it takes the tags away"]
pub struct VlanShim {
    probes: Option<Probes>,
    namespace: String,
}

/// Puts a [`VlanShim`] for VLAN `vid` on an interface.
///
/// # Errors
/// [`Error::NotRoot`], [`Error::NoProbes`], or what kept the programs from being attached.
pub fn vlan_shim(namespace: &Netns, dev: &str, vid: u16) -> Result<VlanShim, Error> {
    VlanShim::attach(namespace.link(dev), vid)
}

// === impl VlanShim ===

impl VlanShim {
    /// Puts the shim on an interface.
    ///
    /// # Errors
    /// See [`vlan_shim`].
    pub fn attach(link: Link<'_>, vid: u16) -> Result<Self, Error> {
        // with the offload a tag lies beside the frame, where XDP does not see it
        link.features("txvlan off rxvlan off")?;
        let mut probes = Probes::load()?;
        let mut map: Array<&mut MapData, u32> = probes.map("SHIM_VID")?;
        map.set(0, u32::from(vid), 0).map_err(|source| map_failed("SHIM_VID", source))?;
        probes.attach_tc("vlan_push", link, TcAttachType::Egress)?;
        probes.attach_tc("vlan_pop", link, TcAttachType::Ingress)?;
        let namespace = link.namespace().name().to_owned();
        Ok(Self { probes: Some(probes), namespace })
    }
}

impl Drop for VlanShim {
    /// Before 6.6 a program hangs on a qdisc, and the kernel must be asked in the right namespace to take it off.
    fn drop(&mut self) {
        let probes = self.probes.take();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // when the namespace is gone, so is the qdisc
                netns::enter(&self.namespace).unwrap_or_default();
                drop(probes);
            });
        });
    }
}
