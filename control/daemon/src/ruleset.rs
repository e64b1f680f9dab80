use crate::active::Active;
use crate::candidate::{Candidate, whole};
use crate::commit::{Numbers, activate};
use crate::gateway::{Gateway, lock};
use crate::network::{impossible, wanted};
use crate::rematch::{Fingerprint, RematchMark, is_wanted};
use flumen_api::{ApiError, ConfigMessage, SessionsAtCommit};
use flumen_config::LoadMode;
use flumen_engine::HostFacts;
use flumen_kernel::KernelError;
use flumen_kernel::network::{Effort, settings};
use flumen_store::{Origin, Subject};

/// Ruleset and network of a running gateway, as what a configuration is applied to.
pub(crate) struct RulesetSubject<'a> {
    gateway: &'a Gateway,
    numbers: &'a mut Numbers,
    mark: &'a RematchMark,
    /// What is said of live sessions; none: as the configuration says.
    pub(crate) sessions: Option<SessionsAtCommit>,
    /// The ruleset that was applied last is to judge them.
    pub(crate) rematch: bool,
    /// Nothing is to be applied: no number is taken.
    pub(crate) trial: bool,
    marked: bool,
    /// Where the next configuration comes from.
    source: String,
    /// What is allowed but probably not meant in the configuration that was prepared last, and what it must wait for.
    pub(crate) warnings: Vec<ConfigMessage>,
}

/// A configuration that is compiled, its numbers on disk.
pub(crate) struct PreparedRuleset {
    pub(crate) next: Active,
    pub(crate) facts: HostFacts,
    /// A configuration that was active before is put in force as far as the host lets it.
    effort: Effort,
    /// It is to judge the sessions that live.
    pub(crate) rematch: Option<Fingerprint>,
    origin: Origin,
    /// What was in force, once `next` is.
    before: Option<Active>,
}

// === impl RulesetSubject ===

impl<'a> RulesetSubject<'a> {
    /// The caller holds the gateway's committer, of which `numbers` is a part.
    pub(crate) fn new(
        gateway: &'a Gateway,
        numbers: &'a mut Numbers,
        mark: &'a RematchMark,
        source: String,
    ) -> RulesetSubject<'a> {
        RulesetSubject {
            gateway,
            numbers,
            mark,
            sessions: None,
            rematch: false,
            trial: false,
            marked: false,
            source,
            warnings: Vec::new(),
        }
    }

    /// Notes on disk that the sessions are to be judged, before there is a ruleset to do it.
    fn mark(&self, text: Fingerprint, origin: Origin) -> Result<(), ApiError> {
        match (self.mark.set(text), origin) {
            (Err(error), Origin::New) => Err(ApiError::State { reason: error.to_string() }),
            (Err(error), Origin::Known) => {
                tracing::warn!("{error}; sessions are judged nonetheless, unless the daemon dies before");
                Ok(())
            }
            (Ok(()), _) => Ok(()),
        }
    }
}

impl Subject for RulesetSubject<'_> {
    type Prepared = PreparedRuleset;
    type Error = ApiError;

    fn prepare(&mut self, text: &str, origin: Origin) -> Result<PreparedRuleset, ApiError> {
        let refused = |messages| ApiError::Refused { messages };
        let candidate = Candidate::read(text, LoadMode::Strict).map_err(refused)?;
        let facts =
            self.gateway.host.facts().map_err(|error| ApiError::State { reason: error.to_string() })?;
        let effort = match origin {
            Origin::New => Effort::All,
            Origin::Known => Effort::AsFarAsPossible,
        };
        if origin == Origin::New {
            let problem = |error: KernelError| ApiError::State { reason: error.to_string() };
            let state = lock(&self.gateway.state);
            let wanted = wanted(&candidate.model);
            let settings = settings(&*self.gateway.host, &state.ledger, &wanted).map_err(problem)?;
            if !settings.impossible.is_empty() {
                let messages = settings.impossible.iter().map(|(link, why)| impossible(link, why)).collect();
                return Err(refused(messages));
            }
        }
        let running = lock(&self.gateway.state).engine.active_generation();
        let generation = self.numbers.next_generation(running);
        let compiled = candidate.compile(self.numbers.identities(), generation).map_err(refused)?;
        if !self.trial {
            self.numbers
                .reserve(&compiled, origin)
                .map_err(|error| ApiError::State { reason: error.to_string() })?;
        }

        self.warnings.clone_from(&candidate.warnings);
        self.warnings.extend(candidate.missing_devices(&facts));
        self.warnings.extend(compiled.notes.iter().map(|note| whole(note.to_string())));
        self.warnings.extend(self.numbers.later(&candidate.model));
        let wanted = is_wanted(self.sessions, candidate.model.security.policy_rematch);
        let rematch = wanted.then(|| Fingerprint::of(text));
        let next = activate(candidate, compiled, &self.source);
        Ok(PreparedRuleset { next, facts, effort, rematch, origin, before: None })
    }

    /// The kernel or the engine may still refuse: ruleset and network are then as they were before.
    fn apply(&mut self, prepared: &mut PreparedRuleset) -> Result<(), ApiError> {
        if let Some(text) = prepared.rematch {
            self.mark(text, prepared.origin)?;
            self.marked = true;
        }
        let mut state = lock(&self.gateway.state);
        state.facts = prepared.facts.clone();
        state.install(&prepared.next, &*self.gateway.host, prepared.effort)?;
        prepared.before = Some(state.activate(prepared.next.clone()));
        drop(state);
        self.gateway.settle_queues();
        self.rematch = prepared.rematch.is_some();
        Ok(())
    }

    fn revert(&mut self, prepared: PreparedRuleset) {
        self.rematch = false;
        if std::mem::take(&mut self.marked) {
            self.mark.clear();
        }
        let Some(before) = prepared.before else {
            return; // never applied, or refused by an engine that is as it was
        };
        let mut state = lock(&self.gateway.state);
        match state.install(&before, &*self.gateway.host, Effort::AsFarAsPossible) {
            Ok(()) => drop(state.activate(before)),
            Err(error) => tracing::error!("the ruleset of before could not be put back: {error}"),
        }
        drop(state);
        self.gateway.settle_queues();
    }
}
