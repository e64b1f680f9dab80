use flumen_api::{ApiError, Condition, SessionsAtCommit};
use flumen_store::Confirm;

/// How a configuration is to be committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// It goes back by itself unless it is confirmed within so many minutes.
    pub(crate) confirm_minutes: Option<u32>,
    /// What must hold until then: refused, since nobody looks.
    pub(crate) conditions: Vec<Condition>,
    /// What becomes of live sessions; none: as the configuration says.
    pub(crate) sessions: Option<SessionsAtCommit>,
}

impl Terms {
    /// How it is to be confirmed, as the store has it.
    ///
    /// # Errors
    /// For conditions.
    pub(crate) fn confirm(&self) -> Result<Option<Confirm>, ApiError> {
        if !self.conditions.is_empty() {
            let reason = "conditions are not looked at: commit without them".to_owned();
            return Err(ApiError::Impossible { reason });
        }
        Ok(self.confirm_minutes.map(|minutes| Confirm { minutes, conditions: Vec::new() }))
    }
}
