//! As much of netlink (RFC 3549) as is needed to read tables, to change them and to hear of changes.

mod attribute;
mod family;
mod message;
mod socket;

pub(crate) use attribute::{AttributeWriter, Attributes, text, u16_ne, u32_ne, u64_ne};
pub(crate) use family::Family;
pub(crate) use message::Message;
pub(crate) use socket::{Protocol, Socket, any_readable};
