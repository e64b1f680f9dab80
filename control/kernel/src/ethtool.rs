use crate::KernelError;
use crate::netlink::{AttributeWriter, Attributes, Family, text};
use nix::errno::Errno;

/// Features of devices, over the kernel's generic netlink family `ethtool`.
pub(crate) struct Ethtool(Family);

const ETHTOOL_MSG_FEATURES_GET: u8 = 11;
const ETHTOOL_MSG_FEATURES_SET: u8 = 12;
const ETHTOOL_A_FEATURES_HEADER: u16 = 1;
const ETHTOOL_A_FEATURES_WANTED: u16 = 3;
const ETHTOOL_A_FEATURES_ACTIVE: u16 = 4;
const ETHTOOL_A_HEADER_DEV_NAME: u16 = 2;
const ETHTOOL_A_BITSET_BITS: u16 = 3;
const ETHTOOL_A_BITSET_BITS_BIT: u16 = 1;
const ETHTOOL_A_BITSET_BIT_NAME: u16 = 2;
const ETHTOOL_A_BITSET_BIT_VALUE: u16 = 3;

impl Ethtool {
    /// None when the kernel has no such family (before 5.6).
    pub(crate) fn open() -> Result<Option<Ethtool>, KernelError> {
        Ok(Family::open("ethtool")?.map(Ethtool))
    }

    /// Whether a feature is on; none when there is no such device.
    pub(crate) fn feature(&mut self, device: &str, feature: &str) -> Result<Option<bool>, KernelError> {
        let header = AttributeWriter::default().put_text(ETHTOOL_A_HEADER_DEV_NAME, device);
        let get = AttributeWriter::default().put_nested(ETHTOOL_A_FEATURES_HEADER, header);
        let action = format!("read the features of {device}");
        match self.0.ask(&action, ETHTOOL_MSG_FEATURES_GET, get, |attributes| active(attributes, feature)) {
            Ok(on) => Ok(on),
            Err(error) if error.is(Errno::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Turns a feature on or off. The kernel may refuse silently: read it again.
    pub(crate) fn set_feature(&mut self, device: &str, feature: &str, on: bool) -> Result<(), KernelError> {
        let mut bit = AttributeWriter::default().put_text(ETHTOOL_A_BITSET_BIT_NAME, feature);
        if on {
            bit = bit.put(ETHTOOL_A_BITSET_BIT_VALUE, &[]);
        }
        let bits = AttributeWriter::default().put_nested(ETHTOOL_A_BITSET_BITS_BIT, bit);
        let wanted = AttributeWriter::default().put_nested(ETHTOOL_A_BITSET_BITS, bits);
        let header = AttributeWriter::default().put_text(ETHTOOL_A_HEADER_DEV_NAME, device);
        let set = AttributeWriter::default()
            .put_nested(ETHTOOL_A_FEATURES_HEADER, header)
            .put_nested(ETHTOOL_A_FEATURES_WANTED, wanted);
        let action = format!("turn {feature} of {device} {}", if on { "on" } else { "off" });
        self.0.ask(&action, ETHTOOL_MSG_FEATURES_SET, set, |_| Some(())).map(drop)
    }
}

/// Active features are listed by name; one that is off is not listed.
fn active(attributes: Attributes<'_>, feature: &str) -> Option<bool> {
    let set = Attributes::new(attributes.get(ETHTOOL_A_FEATURES_ACTIVE)?);
    let mut bits = Attributes::new(set.get(ETHTOOL_A_BITSET_BITS).unwrap_or_default());
    Some(bits.any(|(_, bit)| {
        Attributes::new(bit).get(ETHTOOL_A_BITSET_BIT_NAME).map(text).as_deref() == Some(feature)
    }))
}
