//! What `ethtool` shows and sets, over the kernel's generic netlink family of that name.

mod feature;
mod quantity;

pub use feature::Feature;
pub use quantity::{Quantity, Span};

use crate::KernelError;
use crate::netlink::{AttributeWriter, Family};
use nix::errno::Errno;

/// A socket to the family `ethtool`.
pub(crate) struct Ethtool(Family);

/// The header of a request is the first attribute of every message.
const HEADER: u16 = 1;
const ETHTOOL_A_HEADER_DEV_NAME: u16 = 2;

impl Ethtool {
    /// None when the kernel has no such family (before 5.6).
    pub(crate) fn open() -> Result<Option<Ethtool>, KernelError> {
        Ok(Family::open("ethtool")?.map(Ethtool))
    }
}

/// A request about a device.
fn about(device: &str) -> AttributeWriter {
    let header = AttributeWriter::default().put_text(ETHTOOL_A_HEADER_DEV_NAME, device);
    AttributeWriter::default().put_nested(HEADER, header)
}

/// No such device, or nothing of the kind in its driver: that is an answer.
fn or_absent<T>(answer: Result<Option<T>, KernelError>) -> Result<Option<T>, KernelError> {
    match answer {
        Err(error) if error.is(Errno::ENODEV) || error.is(Errno::EOPNOTSUPP) => Ok(None),
        other => other,
    }
}
