use crate::check::rows;
use crate::commit::{Committer, not_committed, refused_by_store};
use crate::configuration::Asked;
use crate::gateway::{Gateway, lock};
use crate::ruleset::{PreparedRuleset, RulesetSubject};
use crate::terms::Terms;
use flumen_api::{ApiError, Checked, Committed, ConfigurationAnswer, SessionsAtCommit};
use flumen_store::{Request, Source, Time};
use std::time::Instant;

/// A rule that was not hit for so long is told as unused.
const UNUSED_DAYS: u32 = 30;

impl Gateway {
    /// `commit check`.
    pub(super) fn check_candidate(
        &self,
        store: &mut Committer,
        asked: &Asked<'_>,
        sessions: Option<SessionsAtCommit>,
        unused_days: Option<u32>,
    ) -> Result<ConfigurationAnswer, ApiError> {
        refuse_empty(store, asked)?;
        let Committer { configurations, numbers, mark } = store;
        let mut subject = RulesetSubject::new(self, numbers, mark, asked.client.via.clone());
        (subject.sessions, subject.trial) = (sessions, true);
        let days = unused_days.unwrap_or(UNUSED_DAYS);
        let look = |prepared: &PreparedRuleset| {
            let rematch = prepared.rematch.is_some();
            let preview = self.preview(&prepared.next, &prepared.facts, rematch, days);
            (rows(&prepared.next.ruleset), preview)
        };
        let (rows, preview) = configurations
            .check(Source::Candidate(asked.name.clone()), &mut subject, look)
            .map_err(not_committed)?;
        Ok(ConfigurationAnswer::Checked(Checked {
            warnings: subject.warnings,
            rows,
            preview: Some(preview?),
        }))
    }

    /// `commit`, now or later.
    pub(super) fn commit(
        &self,
        store: &mut Committer,
        asked: &Asked<'_>,
        comment: Option<String>,
        terms: &Terms,
        at_unix_s: Option<u64>,
    ) -> Result<ConfigurationAnswer, ApiError> {
        let begin = Instant::now();
        refuse_empty(store, asked)?;
        let confirm = terms.confirm(&*self.host)?;
        let confirm_minutes = terms.confirm_minutes;
        let Committer { configurations, numbers, mark } = store;
        let mut subject = RulesetSubject::new(self, numbers, mark, asked.client.via.clone());
        subject.sessions = terms.sessions;
        let source = Source::Candidate(asked.name.clone());
        if let Some(at) = at_unix_s {
            if confirm_minutes.is_some() {
                let reason = "a planned commit cannot wait to be confirmed: nobody may be there".to_owned();
                return Err(ApiError::Impossible { reason });
            }
            if terms.sessions.is_some() {
                let reason = "what becomes of sessions at a planned commit is said by `security policies \
                              policy-rematch` of its configuration"
                    .to_owned();
                return Err(ApiError::Impossible { reason });
            }
            let at = Time::from_unix_s(at);
            subject.trial = true;
            configurations
                .schedule(&asked.editor, source, comment, at, &mut subject)
                .map_err(not_committed)?;
            tracing::info!("{} planned a commit for {at}", asked.client.user);
            return Ok(ConfigurationAnswer::Planned { at_unix_s: at.unix_s() });
        }
        let request = Request { source, comment, confirm };
        let committed = configurations.commit(&asked.editor, request, &mut subject).map_err(not_committed)?;
        let (warnings, rematch) = (subject.warnings, subject.rematch);
        let rematched = if rematch { self.rematch_after_commit(mark) } else { None };
        let generation = lock(&self.state).active.generation().0;
        let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            "commit {}, generation {generation} by {} ({}) is active after {took_ms} ms{}",
            committed.number,
            asked.client.user,
            asked.client.via,
            confirm_minutes
                .map(|minutes| format!(", to be confirmed within {minutes} minutes"))
                .unwrap_or_default()
        );
        Ok(ConfigurationAnswer::Committed(Committed {
            commit: committed.number,
            generation,
            confirmed: committed.confirmed,
            confirm_minutes: committed.deadline.map(|deadline| deadline.minutes),
            rematched,
            merged: committed.merged,
            took_ms,
            warnings,
        }))
    }
}

/// An empty text is no configuration; the message says how to get back.
fn refuse_empty(store: &Committer, asked: &Asked<'_>) -> Result<(), ApiError> {
    let candidate = store.configurations.candidate(&asked.name).map_err(refused_by_store)?;
    if candidate.text.trim().is_empty() {
        let reason =
            "the candidate has no statement; `rollback 0` brings the active configuration back".to_owned();
        return Err(ApiError::Impossible { reason });
    }
    Ok(())
}
