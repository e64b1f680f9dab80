use crate::Role;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// What each user of this host may do, as the active configuration has it. Clones are the same: what is set counts from the next
/// call on, also on connections that are there.
#[derive(Clone, Debug, Default)]
pub struct Logins(Arc<RwLock<BTreeMap<String, Role>>>);

impl Logins {
    /// Takes the place of what was set before.
    pub fn set(&self, users: BTreeMap<String, Role>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = users;
    }

    /// None for a user who may do nothing.
    pub(crate) fn role(&self, user: &str) -> Option<Role> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(user).copied()
    }
}
