use super::{Ethtool, about, or_absent};
use crate::KernelError;
use crate::netlink::{AttributeWriter, Attributes, text};
use std::collections::{BTreeMap, BTreeSet};

/// A feature of a device, as `ethtool -k` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// It is on.
    pub on: bool,
    /// It cannot be changed: the driver does not have it, or always does it.
    pub fixed: bool,
}

const ETHTOOL_MSG_FEATURES_GET: u8 = 11;
const ETHTOOL_MSG_FEATURES_SET: u8 = 12;
const ETHTOOL_A_FEATURES_HW: u16 = 2;
const ETHTOOL_A_FEATURES_WANTED: u16 = 3;
const ETHTOOL_A_FEATURES_ACTIVE: u16 = 4;
const ETHTOOL_A_FEATURES_NOCHANGE: u16 = 5;
const ETHTOOL_A_BITSET_BITS: u16 = 3;
const ETHTOOL_A_BITSET_BITS_BIT: u16 = 1;
const ETHTOOL_A_BITSET_BIT_NAME: u16 = 2;
const ETHTOOL_A_BITSET_BIT_VALUE: u16 = 3;

impl Ethtool {
    /// The features of a device that are on or can be changed; none when there is no such device.
    pub(crate) fn features(
        &mut self,
        device: &str,
    ) -> Result<Option<BTreeMap<String, Feature>>, KernelError> {
        let action = format!("read the features of {device}");
        or_absent(
            self.0.ask(&action, ETHTOOL_MSG_FEATURES_GET, about(device), |answer| Some(features(answer))),
        )
    }

    /// Whether a feature is on; none when there is no such device.
    pub(crate) fn feature(&mut self, device: &str, feature: &str) -> Result<Option<bool>, KernelError> {
        let features = self.features(device)?;
        Ok(features.map(|features| features.get(feature).is_some_and(|feature| feature.on)))
    }

    /// Turns a feature on or off. The kernel may refuse silently: read it again.
    pub(crate) fn set_feature(&mut self, device: &str, feature: &str, on: bool) -> Result<(), KernelError> {
        let mut bit = AttributeWriter::default().put_text(ETHTOOL_A_BITSET_BIT_NAME, feature);
        if on {
            bit = bit.put(ETHTOOL_A_BITSET_BIT_VALUE, &[]);
        }
        let bits = AttributeWriter::default().put_nested(ETHTOOL_A_BITSET_BITS_BIT, bit);
        let wanted = AttributeWriter::default().put_nested(ETHTOOL_A_BITSET_BITS, bits);
        let set = about(device).put_nested(ETHTOOL_A_FEATURES_WANTED, wanted);
        let action = format!("turn {feature} of {device} {}", if on { "on" } else { "off" });
        self.0.ask(&action, ETHTOOL_MSG_FEATURES_SET, set, |_| Some(())).map(drop)
    }
}

/// The set of what can be changed has a mask: it lists every bit, with a value where it is in the set. The others list
/// what is in them, without values.
fn features(answer: Attributes<'_>) -> BTreeMap<String, Feature> {
    let names = |set: u16, masked: bool| -> BTreeSet<String> {
        let set = Attributes::new(answer.get(set).unwrap_or_default());
        let bits = Attributes::new(set.get(ETHTOOL_A_BITSET_BITS).unwrap_or_default());
        let name = |(_, bit)| {
            let bit = Attributes::new(bit);
            let within = !masked || bit.get(ETHTOOL_A_BITSET_BIT_VALUE).is_some();
            within.then(|| bit.get(ETHTOOL_A_BITSET_BIT_NAME).map(text)).flatten()
        };
        bits.filter_map(name).collect()
    };
    let changeable = names(ETHTOOL_A_FEATURES_HW, true);
    let active = names(ETHTOOL_A_FEATURES_ACTIVE, false);
    let never = names(ETHTOOL_A_FEATURES_NOCHANGE, false);
    let known = changeable.union(&active).cloned();
    known
        .map(|name| {
            let on = active.contains(&name);
            let fixed = !changeable.contains(&name) || never.contains(&name);
            (name, Feature { on, fixed })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Feature, features};
    use crate::netlink::{AttributeWriter, Attributes};

    /// A set of these names; those of `others` are listed without a value.
    fn set(names: &[&str], others: &[&str]) -> AttributeWriter {
        let bits = names.iter().chain(others).fold(AttributeWriter::default(), |bits, name| {
            let mut bit = AttributeWriter::default().put_text(super::ETHTOOL_A_BITSET_BIT_NAME, name);
            if !others.contains(name) {
                bit = bit.put(super::ETHTOOL_A_BITSET_BIT_VALUE, &[]);
            }
            bits.put_nested(super::ETHTOOL_A_BITSET_BITS_BIT, bit)
        });
        AttributeWriter::default().put_nested(super::ETHTOOL_A_BITSET_BITS, bits)
    }

    #[test]
    fn a_feature_is_fixed_unless_it_is_in_the_set_of_what_can_be_changed() {
        let changeable = set(&["rx-gro", "rx-gro-list", "netns-local"], &["rx-lro", "rx-checksum"]);
        let bytes = AttributeWriter::default()
            .put_nested(super::ETHTOOL_A_FEATURES_HW, changeable)
            .put_nested(super::ETHTOOL_A_FEATURES_ACTIVE, set(&[], &["rx-gro", "rx-checksum"]))
            .put_nested(super::ETHTOOL_A_FEATURES_NOCHANGE, set(&[], &["netns-local"]))
            .into_bytes();
        let features = features(Attributes::new(&bytes));
        let expected = [
            ("netns-local", Feature { on: false, fixed: true }),
            ("rx-checksum", Feature { on: true, fixed: true }),
            ("rx-gro", Feature { on: true, fixed: false }),
            ("rx-gro-list", Feature { on: false, fixed: false }),
        ];
        assert!(
            features.iter().map(|(name, feature)| (name.as_str(), *feature)).eq(expected),
            "{features:?}"
        );
    }
}
