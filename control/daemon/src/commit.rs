use crate::DaemonError;
use crate::active::Active;
use crate::candidate::{Candidate, whole};
use crate::engines::EngineOptions;
use crate::gateway::{Gateway, lock};
use crate::store::{Record, Store};
use flumen_api::{ApiError, Applied, ConfigMessage};
use flumen_compile::{Compiled, Identities};
use flumen_config::Model;
use flumen_engine::Generation;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Keeps the numbers, and the state directory that they are written to.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) store: Store,
    pub(crate) record: Record,
    /// What the engine was opened with; a configuration that asks for something else is told so.
    pub(crate) opened: EngineOptions,
}

impl Committer {
    pub(crate) fn identities(&self) -> &Identities {
        &self.record.identities
    }

    /// The generation after every one that was ever used, also by an engine that was adopted.
    pub(crate) fn next_generation(&self, active: Generation) -> Generation {
        // 0 marks an empty slot.
        Generation(self.record.generation.max(active.0).checked_add(1).unwrap_or(1))
    }

    /// Writes down the numbers that a ruleset is about to use.
    pub(crate) fn reserve(&mut self, compiled: &Compiled) -> Result<(), DaemonError> {
        let generation = compiled.ruleset.settings.generation.0;
        let record = Record { generation, identities: compiled.identities.clone(), ..self.record.clone() };
        self.store.write_record(&record)?;
        self.record = record;
        Ok(())
    }

    /// Writes down that a configuration is active.
    pub(crate) fn finish(&mut self, active: &Active) -> Result<(), DaemonError> {
        self.store.write_config(&active.text)?;
        let record = Record {
            source: active.source.clone(),
            applied_unix_s: active.applied_unix_s,
            ..self.record.clone()
        };
        self.store.write_record(&record)?;
        self.record = record;
        Ok(())
    }

    /// What the configuration asks for and the running engine cannot change.
    fn later(&self, model: &Model) -> Vec<ConfigMessage> {
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
    /// Makes a configuration the active one. Refused whole, with every complaint, or active and written down.
    ///
    /// # Errors
    /// The running ruleset is untouched, except after [`ApiError::State`] that says otherwise.
    pub(crate) fn apply(&self, text: &str, source: &str) -> Result<Applied, ApiError> {
        let begin = Instant::now();
        let refused = |messages| ApiError::Refused { messages };
        let mut committer = lock(&self.committer);
        let candidate = Candidate::read(text).map_err(refused)?;
        let facts = self.host.facts().map_err(|error| ApiError::State { reason: error.to_string() })?;
        let missing = candidate.missing_devices(&facts);
        if !missing.is_empty() {
            return Err(refused(missing));
        }
        let running = lock(&self.state).engine.active_generation();
        let generation = committer.next_generation(running);
        let compiled = candidate.compile(committer.identities(), generation).map_err(refused)?;
        let written = |error: DaemonError| ApiError::State { reason: error.to_string() };
        committer.reserve(&compiled).map_err(written)?;

        let mut warnings = candidate.warnings.clone();
        warnings.extend(compiled.notes.iter().map(|note| whole(note.to_string())));
        warnings.extend(committer.later(&candidate.model));
        let active = activate(candidate, compiled, source);
        {
            let mut state = lock(&self.state);
            state.facts = facts;
            state.install(&active.ruleset, &*self.host)?;
            state.active = active.clone();
        }
        let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!("generation {generation} from {source} is active after {took_ms} ms");
        committer.finish(&active).map_err(|error| ApiError::State {
            reason: format!(
                "the configuration is active, but the one before it comes back after a restart: {error}"
            ),
        })?;
        Ok(Applied { generation: generation.0, took_ms, warnings })
    }
}

/// A compiled candidate as the active configuration.
pub(crate) fn activate(candidate: Candidate, compiled: Compiled, source: &str) -> Active {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Active {
        text: candidate.text,
        model: candidate.model,
        names: compiled.names,
        ruleset: compiled.ruleset,
        source: source.to_owned(),
        applied_unix_s: now,
    }
}
