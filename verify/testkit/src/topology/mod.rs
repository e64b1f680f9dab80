//! Small networks of namespaces.

mod addresses;
mod gateway;
mod wiring;

pub use addresses::{Addresses, Segment};
pub use gateway::{Gateway, GatewayBuilder, Neighbours};
pub(crate) use wiring::{bring_up, know, quieten, set_up};

#[cfg(test)]
mod tests;
