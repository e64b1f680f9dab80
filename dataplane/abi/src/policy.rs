use crate::PolicyId;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a policy does with a first packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Action {
    /// Drop, silently.
    Deny = 0,
    /// Open a session.
    Permit = 1,
    /// Drop, with an answer.
    Reject = 2,
}

/// Element of the `policies` array. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PolicyRow {
    /// The policy across commits: index of its hit counter.
    pub id: PolicyId,
    /// [`Action`]; an unknown number denies.
    pub action: u8,
    /// Zero.
    pub reserved: [u8; 3],
}
