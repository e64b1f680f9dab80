use crate::KernelError;
use crate::netlink::{AttributeWriter, Attributes, Message, Protocol, Socket, text, u16_ne};
use nix::errno::Errno;

/// Features of devices, over the kernel's generic netlink family `ethtool`.
pub(crate) struct Ethtool {
    socket: Socket,
    family: u16,
}

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
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
/// `struct genlmsghdr`: command, version, two reserved.
const HEADER: usize = 4;

impl Ethtool {
    /// None when the kernel has no such family (before 5.6).
    pub(crate) fn open() -> Result<Option<Ethtool>, KernelError> {
        let mut socket = Socket::open(Protocol::Generic, 0)?;
        let name = AttributeWriter::default().put_text(CTRL_ATTR_FAMILY_NAME, "ethtool");
        let found =
            socket.ask("look up ethtool", GENL_ID_CTRL, &request(CTRL_CMD_GETFAMILY, name), |message| {
                Attributes::new(message.payload.get(HEADER..)?).get(CTRL_ATTR_FAMILY_ID).and_then(u16_ne)
            });
        match found {
            Ok(Some(family)) => Ok(Some(Ethtool { socket, family })),
            Ok(None) => Ok(None),
            Err(KernelError::System { source, .. }) if is(&source, Errno::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a feature is on; none when there is no such device.
    pub(crate) fn feature(&mut self, device: &str, feature: &str) -> Result<Option<bool>, KernelError> {
        let header = AttributeWriter::default().put_text(ETHTOOL_A_HEADER_DEV_NAME, device);
        let get = AttributeWriter::default().put_nested(ETHTOOL_A_FEATURES_HEADER, header);
        let action = format!("read the features of {device}");
        let parse = |message: &Message<'_>| active(message, feature);
        match self.socket.ask(&action, self.family, &request(ETHTOOL_MSG_FEATURES_GET, get), parse) {
            Ok(on) => Ok(on),
            Err(KernelError::System { source, .. }) if is(&source, Errno::ENODEV) => Ok(None),
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
        self.socket.ask(&action, self.family, &request(ETHTOOL_MSG_FEATURES_SET, set), |_| Some(())).map(drop)
    }
}

fn is(error: &std::io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno as i32)
}

fn request(command: u8, attributes: AttributeWriter) -> Vec<u8> {
    let mut bytes = vec![command, 1, 0, 0];
    bytes.extend(attributes.into_bytes());
    bytes
}

/// Active features are listed by name; one that is off is not listed.
fn active(message: &Message<'_>, feature: &str) -> Option<bool> {
    let attributes = Attributes::new(message.payload.get(HEADER..)?);
    let set = Attributes::new(attributes.get(ETHTOOL_A_FEATURES_ACTIVE)?);
    let mut bits = Attributes::new(set.get(ETHTOOL_A_BITSET_BITS).unwrap_or_default());
    Some(bits.any(|(_, bit)| {
        Attributes::new(bit).get(ETHTOOL_A_BITSET_BIT_NAME).map(text).as_deref() == Some(feature)
    }))
}
