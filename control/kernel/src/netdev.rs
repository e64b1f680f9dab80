use crate::KernelError;
use crate::netlink::{Attributes, Family, Socket, u32_ne, u64_ne};
use flumen_abi::IfIndex;
use nix::errno::Errno;
use std::collections::BTreeSet;

/// XDP features of devices, over the kernel's generic netlink family `netdev`.
pub(crate) struct Netdev(Family);

const NETDEV_CMD_DEV_GET: u8 = 1;
const NETDEV_A_DEV_IFINDEX: u16 = 1;
const NETDEV_A_DEV_XDP_FEATURES: u16 = 3;
const NETDEV_XDP_ACT_NDO_XMIT: u64 = 4;
const NETDEV_MCGRP_MGMT: &str = "mgmt";

impl Netdev {
    /// None when the kernel has no such family (before 6.3).
    pub(crate) fn open() -> Result<Option<Netdev>, KernelError> {
        Ok(Family::open("netdev")?.map(Netdev))
    }

    /// The links that take frames of an XDP redirect; none when the kernel does not list links.
    pub(crate) fn transmitters(&mut self) -> Result<Option<BTreeSet<IfIndex>>, KernelError> {
        match self.0.dump("read the XDP features of links", NETDEV_CMD_DEV_GET, transmitter) {
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

fn transmitter(attributes: Attributes<'_>) -> Option<IfIndex> {
    let features = attributes.get(NETDEV_A_DEV_XDP_FEATURES).and_then(u64_ne)?;
    let link = attributes.get(NETDEV_A_DEV_IFINDEX).and_then(u32_ne)?;
    (features & NETDEV_XDP_ACT_NDO_XMIT != 0).then_some(IfIndex(link))
}

#[cfg(test)]
mod tests {
    use super::transmitter;
    use crate::netlink::{AttributeWriter, Attributes};
    use flumen_abi::IfIndex;

    #[test]
    fn a_link_transmits_when_its_features_have_the_bit() {
        let read = |features: u64| {
            let bytes = AttributeWriter::default()
                .put(super::NETDEV_A_DEV_IFINDEX, &7_u32.to_ne_bytes())
                .put(2, &[])
                .put(4, &0_u32.to_ne_bytes())
                .put(super::NETDEV_A_DEV_XDP_FEATURES, &features.to_ne_bytes())
                .into_bytes();
            transmitter(Attributes::new(&bytes))
        };
        assert_eq!(read(0x67), Some(IfIndex(7)), "a veth whose peer has NAPI");
        assert_eq!(read(0x23), None, "a veth whose peer has none");
        assert_eq!(read(0), None, "no XDP at all");
    }

    #[test]
    fn an_entry_without_index_or_features_is_no_transmitter() {
        let features = AttributeWriter::default().put(super::NETDEV_A_DEV_XDP_FEATURES, &4_u64.to_ne_bytes());
        assert_eq!(transmitter(Attributes::new(&features.into_bytes())), None);
        let index = AttributeWriter::default().put(super::NETDEV_A_DEV_IFINDEX, &7_u32.to_ne_bytes());
        assert_eq!(transmitter(Attributes::new(&index.into_bytes())), None);
    }
}
