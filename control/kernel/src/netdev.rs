use crate::KernelError;
use crate::netlink::{Attributes, Family, Socket, u32_ne, u64_ne};
use flumen_abi::IfIndex;
use nix::errno::Errno;
use std::collections::BTreeMap;

/// XDP features of devices, over the kernel's generic netlink family `netdev`.
pub(crate) struct Netdev(Family);

const NETDEV_CMD_DEV_GET: u8 = 1;
const NETDEV_A_DEV_IFINDEX: u16 = 1;
const NETDEV_A_DEV_XDP_FEATURES: u16 = 3;
/// Runs programs in the driver.
pub(crate) const BASIC: u64 = 1;
/// Takes frames of a redirect.
pub(crate) const NDO_XMIT: u64 = 4;
/// Takes frames of several buffers, too.
pub(crate) const NDO_XMIT_SG: u64 = 64;
/// Gives a program frames of several buffers.
pub(crate) const RX_SG: u64 = 32;
const NETDEV_MCGRP_MGMT: &str = "mgmt";

impl Netdev {
    /// None when the kernel has no such family (before 6.3).
    pub(crate) fn open() -> Result<Option<Netdev>, KernelError> {
        Ok(Family::open("netdev")?.map(Netdev))
    }

    /// The features of each link, a mask; none when the kernel does not list links.
    pub(crate) fn features(&mut self) -> Result<Option<BTreeMap<IfIndex, u64>>, KernelError> {
        match self.0.dump("read the XDP features of links", NETDEV_CMD_DEV_GET, features) {
            Ok(links) => Ok(Some(links.into_iter().collect())),
            Err(error) if error.is(Errno::EOPNOTSUPP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hears of changed features; none when they cannot be listened to.
    pub(crate) fn listen(&self) -> Result<Option<Socket>, KernelError> {
        self.0.listen(NETDEV_MCGRP_MGMT)
    }
}

fn features(attributes: Attributes<'_>) -> Option<(IfIndex, u64)> {
    let features = attributes.get(NETDEV_A_DEV_XDP_FEATURES).and_then(u64_ne)?;
    let link = attributes.get(NETDEV_A_DEV_IFINDEX).and_then(u32_ne)?;
    Some((IfIndex(link), features))
}

#[cfg(test)]
mod tests {
    use super::features;
    use crate::netlink::{AttributeWriter, Attributes};
    use flumen_abi::IfIndex;

    #[test]
    fn a_link_comes_with_its_features() {
        let bytes = AttributeWriter::default()
            .put(super::NETDEV_A_DEV_IFINDEX, &7_u32.to_ne_bytes())
            .put(2, &[])
            .put(4, &0_u32.to_ne_bytes())
            .put(super::NETDEV_A_DEV_XDP_FEATURES, &0x67_u64.to_ne_bytes())
            .into_bytes();
        assert_eq!(features(Attributes::new(&bytes)), Some((IfIndex(7), 0x67)));
    }

    #[test]
    fn an_entry_without_index_or_features_is_skipped() {
        let mask = AttributeWriter::default().put(super::NETDEV_A_DEV_XDP_FEATURES, &4_u64.to_ne_bytes());
        assert_eq!(features(Attributes::new(&mask.into_bytes())), None);
        let index = AttributeWriter::default().put(super::NETDEV_A_DEV_IFINDEX, &7_u32.to_ne_bytes());
        assert_eq!(features(Attributes::new(&index.into_bytes())), None);
    }
}
