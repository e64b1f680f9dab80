use crate::active::Active;
use crate::candidate::{Candidate, whole};
use crate::engines::EngineOptions;
use crate::gateway::{Gateway, lock};
use crate::numbers::{NumbersFile, Record};
use crate::prober::Looker;
use crate::rematch::RematchMark;
use crate::ruleset::RulesetSubject;
use crate::terms::Terms;
use crate::{DaemonError, network};
use flumen_api::{ApiError, Applied, ConfigMessage};
use flumen_compile::{Compiled, Identities};
use flumen_config::Model;
use flumen_engine::Generation;
use flumen_store::{
    Cause, CommitError, CommitRecord, Editor, Event, Origin, Request, Source, Store, StoreError,
};
use std::sync::TryLockError;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What a commit needs: the configurations, and the numbers.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) configurations: Store,
    pub(crate) numbers: Numbers,
    pub(crate) mark: RematchMark,
}

/// Keeps the numbers, and the file that they are written to.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) file: NumbersFile,
    pub(crate) record: Record,
    /// What the engine was opened with; a configuration that asks for something else is told so.
    pub(crate) opened: EngineOptions,
}

impl Numbers {
    pub(crate) fn identities(&self) -> &Identities {
        &self.record.identities
    }

    /// The generation after every one that was ever used, also by an engine that was adopted.
    pub(crate) fn next_generation(&self, active: Generation) -> Generation {
        // 0 marks an empty slot.
        Generation(self.record.generation.max(active.0).checked_add(1).unwrap_or(1))
    }

    /// Writes down the numbers that a ruleset is about to use.
    ///
    /// # Errors
    /// When they cannot be written and somebody asks for something new. A configuration that was active before is not
    /// kept waiting for room on the disk: the way back has to be open then too.
    pub(crate) fn reserve(&mut self, compiled: &Compiled, origin: Origin) -> Result<(), DaemonError> {
        let generation = compiled.ruleset.settings.generation.0;
        let record = Record { generation, identities: compiled.identities.clone() };
        match (self.file.write_record(&record), origin) {
            (Err(error), Origin::New) => return Err(error),
            (Err(error), Origin::Known) => tracing::warn!(
                "{error}; until that succeeds, a restart may show wrong names of policies and zones"
            ),
            (Ok(()), _) => {}
        }
        self.record = record;
        Ok(())
    }

    /// What the configuration asks for and the running engine cannot change.
    pub(crate) fn later(&self, model: &Model) -> Vec<ConfigMessage> {
        let dataplane = &model.system.dataplane;
        let mut messages = Vec::new();
        if dataplane.sessions.maximum != self.opened.sessions {
            messages.push(ConfigMessage {
                path: "system.dataplane.sessions.maximum".to_owned(),
                ..whole(format!(
                    "the session table keeps room for {} until the engine is opened anew: flumen detach, then start",
                    self.opened.sessions
                ))
            });
        }
        if dataplane.sessions.ipv6() != self.opened.sessions6 {
            messages.push(ConfigMessage {
                path: "system.dataplane.sessions.ipv6-maximum".to_owned(),
                ..whole(format!(
                    "the session table keeps room for {} of IPv6 until the engine is opened anew: flumen detach, then start",
                    self.opened.sessions6
                ))
            });
        }
        if dataplane.mode != self.opened.mode {
            messages.push(ConfigMessage {
                path: "system.dataplane.mode".to_owned(),
                ..whole(format!(
                    "the mode stays {} until the daemon is started again",
                    self.opened.mode.word()
                ))
            });
        }
        messages
    }
}

impl Gateway {
    /// Makes a configuration the active one: refused whole, with every complaint, or active and on disk.
    ///
    /// # Errors
    /// The running ruleset is untouched.
    pub(crate) fn apply(&self, text: &str, editor: &Editor, terms: &Terms) -> Result<Applied, ApiError> {
        let begin = Instant::now();
        let confirm_minutes = terms.confirm_minutes;
        let mut committer = lock(&self.committer);
        let Committer { configurations, numbers, mark } = &mut *committer;
        let request = Request {
            source: Source::Text(text.to_owned()),
            comment: None,
            confirm: terms.confirm(&*self.host)?,
        };
        let mut subject = RulesetSubject::new(self, numbers, mark, editor.client.clone());
        subject.sessions = terms.sessions;
        let committed = configurations.commit(editor, request, &mut subject).map_err(not_committed)?;
        let (warnings, rematch) = (subject.warnings, subject.rematch);
        let rematched = if rematch { self.rematch_after_commit(mark) } else { None };
        let generation = lock(&self.state).active.generation();
        let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(number) = committed.confirmed {
            tracing::info!("commit {number} is confirmed by {}", editor.user);
        }
        tracing::info!(
            "commit {}, generation {generation} from {} by {} is active after {took_ms} ms{}",
            committed.number,
            editor.client,
            editor.user,
            confirm_minutes
                .map(|minutes| format!(", to be confirmed within {minutes} minutes"))
                .unwrap_or_default()
        );
        Ok(Applied { generation: generation.0, took_ms, confirm_minutes, rematched, warnings })
    }

    /// Keeps the active configuration, which was to be confirmed; returns the number of its commit.
    pub(crate) fn confirm(&self, editor: &Editor) -> Result<u64, ApiError> {
        let number = lock(&self.committer).configurations.confirm(editor, None).map_err(refused_by_store)?;
        tracing::info!("commit {number} is confirmed by {}", editor.user);
        Ok(number)
    }

    /// Whether this text is active and still to be confirmed.
    pub(crate) fn waits_for_confirmation(&self, text: &str) -> bool {
        let committer = lock(&self.committer);
        let active = committer.configurations.active().is_some_and(|(_, active)| *active == *text);
        active && committer.configurations.pending().is_some()
    }

    /// Does what is due: goes back from a commit that was not confirmed, makes a planned one. While another commit
    /// is being made it waits for the next call.
    pub(crate) fn tick(&self) {
        let mut committer = match self.committer.try_lock() {
            Ok(committer) => committer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if lock(&self.state).detached {
            return;
        }
        let Committer { configurations, numbers, mark } = &mut *committer;
        let mut subject = RulesetSubject::new(self, numbers, mark, "flumen".to_owned());
        let mut prober = lock(&self.prober);
        let mut looker = Looker { prober: &mut prober, gateway: self };
        let events = configurations.tick(&mut subject, &mut looker);
        for event in events {
            match &event {
                Event::Returned { .. } | Event::Committed { .. } => tracing::warn!("{event}"),
                _ => tracing::error!("{event}"),
            }
            if matches!(event, Event::Returned { .. } | Event::Committed { .. })
                && let Some((record, _)) = configurations.active()
            {
                let rematch = {
                    let mut state = lock(&self.state);
                    state.active.source = source(record);
                    state.active.model.security.policy_rematch
                };
                if rematch {
                    self.rematch_after_commit(mark);
                }
            }
        }
    }
}

/// Where a commit came from, for `show status`.
pub(crate) fn source(record: &CommitRecord) -> String {
    match &record.cause {
        Cause::Return { of, to, .. } => format!("commit {to}, after commit {of} was not confirmed"),
        _ => record.author.client.clone(),
    }
}

pub(crate) fn not_committed(error: CommitError<ApiError>) -> ApiError {
    match error {
        CommitError::Refused(error) | CommitError::NotApplied(error) => error,
        CommitError::Store(error) => refused_by_store(error),
    }
}

pub(crate) fn refused_by_store(error: StoreError) -> ApiError {
    let reason = error.to_string();
    match error {
        StoreError::File { .. } | StoreError::Uncertain { .. } | StoreError::Damaged { .. } => {
            ApiError::State { reason }
        }
        _ => ApiError::Impossible { reason },
    }
}

/// A compiled candidate as the active configuration.
pub(crate) fn activate(candidate: Candidate, compiled: Compiled, source: &str) -> Active {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Active {
        network: network::wanted(&candidate.model),
        model: candidate.model,
        names: compiled.names,
        ruleset: compiled.ruleset,
        source: source.to_owned(),
        applied_unix_s: now,
    }
}
