use crate::error::StoreError;
use crate::{CandidateName, Store};

/// Somebody who edits: one configuration session of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editor {
    /// Tells sessions of one user apart; the caller's.
    pub id: u64,
    /// Name of the user.
    pub user: String,
    /// What they use, for messages and the log: `cli (pid 4711)`.
    pub client: String,
}

// === impl Store ===

impl Store {
    /// Who has the configuration for themselves.
    pub fn locked_by(&self) -> Option<&Editor> {
        self.lock.as_ref()
    }

    /// Keeps others from editing the shared candidate and from committing, until [`Store::unlock`]
    /// (`configure exclusive`). `alive` says whether a session still exists: the lock of one that does not is stale, and
    /// goes over to `editor`; its former owner is returned.
    ///
    /// The lock is in memory. A session ends with the daemon that serves it, and so does its lock.
    ///
    /// # Errors
    /// [`StoreError::Locked`]; [`StoreError::Modified`] when the shared candidate holds another user's changes.
    pub fn lock(
        &mut self,
        editor: &Editor,
        alive: impl FnOnce(&Editor) -> bool,
    ) -> Result<Option<Editor>, StoreError> {
        if let Some(holder) = &self.lock
            && holder.id != editor.id
            && alive(holder)
        {
            return Err(StoreError::Locked { holder: Box::new(holder.clone()) });
        }
        let shared = self.candidate(&CandidateName::Shared)?;
        if let Some(author) = shared.author.filter(|author| author.user != editor.user) {
            return Err(StoreError::Modified { author });
        }
        let stale = self.lock.replace(editor.clone());
        Ok(stale.filter(|holder| holder.id != editor.id))
    }

    /// Gives the lock back, or takes it from a session that has ended. Nothing happens when it has none.
    pub fn unlock(&mut self, id: u64) {
        self.lock.take_if(|holder| holder.id == id);
    }

    /// Whether `editor` may change what the lock guards.
    pub(crate) fn admit(&self, editor: &Editor) -> Result<(), StoreError> {
        match &self.lock {
            Some(holder) if holder.id != editor.id => {
                Err(StoreError::Locked { holder: Box::new(holder.clone()) })
            }
            _ => Ok(()),
        }
    }
}
