use crate::commit::{Committer, refused_by_store};
use crate::configuration::{Asked, history};
use crate::gateway::{Gateway, lock};
use flumen_api::{ApiError, ConfigurationAnswer, EditingReport, EditorInfo};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who edits, by number of the connection.
#[derive(Debug, Default)]
pub(crate) struct Editors(BTreeMap<u64, EditorInfo>);

impl Gateway {
    /// A connection has ended: its session ends, and its lock with it.
    pub(crate) fn leave(&self, connection: u64) {
        let edits = lock(&self.editors).0.contains_key(&connection);
        if edits {
            self.close(&mut lock(&self.committer), connection);
        }
    }

    pub(super) fn close(&self, store: &mut Committer, connection: u64) {
        store.configurations.unlock(connection);
        lock(&self.editors).0.remove(&connection);
    }

    pub(super) fn open(
        &self,
        store: &mut Committer,
        asked: &Asked<'_>,
        exclusive: bool,
    ) -> Result<ConfigurationAnswer, ApiError> {
        if exclusive {
            let alive = |holder: &flumen_store::Editor| lock(&self.editors).0.contains_key(&holder.id);
            store.configurations.lock(&asked.editor, alive).map_err(refused_by_store)?;
        }
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let own = EditorInfo {
            user: asked.client.user.clone(),
            client: asked.client.via.clone(),
            unix_s,
            exclusive,
        };
        lock(&self.editors).0.insert(asked.client.id, own);
        self.editing(store, asked)
    }

    /// Who edits, and what waits.
    pub(super) fn editing(
        &self,
        store: &Committer,
        asked: &Asked<'_>,
    ) -> Result<ConfigurationAnswer, ApiError> {
        let candidate = store.configurations.candidate(&asked.name).map_err(refused_by_store)?;
        let changed = candidate.author.map(|author| EditorInfo {
            user: author.user,
            client: author.client,
            unix_s: candidate.time.map_or(0, flumen_store::Time::unix_s),
            exclusive: false,
        });
        let others = lock(&self.editors)
            .0
            .iter()
            .filter(|(id, _)| **id != asked.client.id)
            .map(|(_, own)| own.clone())
            .collect();
        Ok(ConfigurationAnswer::Editing(EditingReport {
            user: asked.client.user.clone(),
            others,
            changed,
            pending: history::pending(&store.configurations),
            planned: history::planned(&store.configurations),
        }))
    }
}
