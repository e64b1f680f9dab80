use crate::active::{Active, absent};
use crate::audit::Audit;
use crate::canary::Canary;
use crate::candidate::Candidate;
use crate::commit::{Committer, activate};
use crate::configuration::{Editors, Trees};
use crate::enforce::{Enforcer, leave};
use crate::explain;
use crate::fallback::Fallback;
use crate::prober::Prober;
use crate::selector::Selector;
use crate::terms::Terms;
use crate::usage::{self, Usage};
use crate::{check, sessions, show};
use flumen_api::{
    ApiError, Cleared, EndedSessions, ExplainReport, ExplainRequest, PolicyMatch, PolicyQuery, Request,
    Response, SessionFilter, SessionOrder, StatusReport, TableUse, Traffic,
};
use flumen_compile::{Compiled, RuleKey, RuleKind};
use flumen_config::LoadMode;
use flumen_engine::{Engine, EngineError, HostFacts, PolicyId};
use flumen_grpc::Logins;
use flumen_kernel::network::{Effort, Waiting};
use flumen_kernel::{Change, Host, Ledger};
use flumen_store::Editor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The running gateway: one engine, one active configuration, one host.
pub(crate) struct Gateway {
    pub(crate) host: Arc<dyn Host>,
    /// Held for a whole commit, so that there is one at a time; taken before `state`.
    pub(crate) committer: Mutex<Committer>,
    pub(crate) state: Mutex<State>,
    pub(crate) started: Instant,
    /// The engine had a ruleset when it was opened.
    pub(crate) adopted: bool,
    /// Who edits; taken after `committer`.
    pub(crate) editors: Mutex<Editors>,
    /// Configurations that were read lately.
    pub(crate) trees: Mutex<Trees>,
    /// Looks at the conditions of a commit; taken after `committer`.
    pub(crate) prober: Mutex<Prober>,
    /// Who changed what.
    pub(crate) audit: Audit,
    /// When rules were hit last; taken before `state`.
    pub(crate) usage: Mutex<Usage>,
    /// Where XDP is not; taken before `state`.
    pub(crate) fallback: Mutex<Fallback>,
    /// A share for XDP; taken before `fallback`.
    pub(crate) canary: Mutex<Canary>,
}

/// What changes while the gateway runs.
pub(crate) struct State {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) active: Active,
    pub(crate) facts: HostFacts,
    pub(crate) ledger: Ledger,
    /// What the active configuration wants of the host's network and cannot have now.
    pub(crate) waiting: Vec<Waiting>,
    /// Sessions at the last ageing pass.
    pub(crate) live: u64,
    /// Those that ended since the daemon was started.
    pub(crate) ended: EndedSessions,
    /// The last ageing pass failed; said once.
    pub(crate) ageing_fails: bool,
    /// A device came back and could not be attached: tried again with the next change of the host.
    pub(crate) unattached: bool,
    /// Percent of the flows whose DF XDP clears, on interfaces of no zone; none: all.
    pub(crate) share: Option<u16>,
    /// Everything was removed on request: nothing may be attached again before the daemon ends.
    pub(crate) detached: bool,
    /// Who may do what, as the active configuration has it.
    pub(crate) logins: Logins,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Number of the connection; 0 is the daemon itself.
    pub(crate) id: u64,
    /// Name of the user, or their number.
    pub(crate) user: String,
    /// What they use: `cli (pid 4711)`.
    pub(crate) via: String,
}

/// Sessions that are ended before the lock is given to others, who age sessions or apply configurations.
const CLEAR_AT_ONCE: usize = 4096;

/// Rules whose counters are read before the lock is given to others.
const RULES_AT_ONCE: usize = 1024;

/// Locks, also after a thread died with the lock: the engine's own state is in the kernel, and readable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn engine_failed(error: EngineError) -> ApiError {
    ApiError::Engine { reason: error.to_string() }
}

// === impl Client ===

impl Client {
    /// As the store knows it; `source` says where the configuration comes from.
    pub(crate) fn editor(&self, source: String) -> Editor {
        Editor { id: self.id, user: self.user.clone(), client: source }
    }

    /// Whoever started the daemon, by its files and signals.
    pub(crate) fn operator() -> Client {
        Client { id: 0, user: "root".to_owned(), via: "flumen".to_owned() }
    }
}

// === impl Gateway ===

impl Gateway {
    /// Answers a request. `Stop` and `Detach` are only half done here: whoever serves must then end.
    ///
    /// # Errors
    /// Whatever is to be said to the client.
    pub(crate) fn answer(&self, request: Request, client: &Client) -> Result<Response, ApiError> {
        match request {
            Request::Status => self.status().map(Response::Status),
            Request::Check { text } => self.check(&text),
            Request::Apply { text, source, confirm_minutes, conditions, sessions } => {
                let terms = Terms { confirm_minutes, conditions, sessions };
                self.apply(&text, &client.editor(source), &terms).map(Response::Applied)
            }
            Request::Confirm => self
                .confirm(&client.editor("flumen confirm".to_owned()))
                .map(|commit| Response::Confirmed { commit }),
            Request::Configuration(request) => {
                self.configuration(&request, client).map(Response::Configuration)
            }
            Request::Names { of } => Ok(Response::Names(self.names(of))),
            Request::ShowSessions { filter, limit, order } => self.sessions(&filter, limit, order),
            Request::ClearSessions { filter } => self.clear(&filter).map(Response::Cleared),
            Request::Explain(request) => self.explain(&request).map(Response::Explained),
            Request::ShowZones => {
                self.show(|state| show::zones(&state.active, &*state.engine)).map(Response::Zones)
            }
            Request::ShowPolicies => {
                let usage = lock(&self.usage);
                self.show(|state| show::policies(&state.active, &*state.engine, Some(&usage)))
                    .map(Response::Policies)
            }
            Request::ShowNat => {
                self.show(|state| show::nat(&state.active, &*state.engine)).map(Response::Nat)
            }
            Request::ShowInterfaces => self
                .show(|state| show::interfaces(&state.active, &*state.engine, &state.facts, &state.waiting))
                .map(Response::Interfaces),
            Request::ShowReasons { zeroes } => {
                let report = self.show(|state| show::reasons(&state.active, &*state.engine));
                report.map(|report| Response::Reasons(if zeroes { report } else { report.seen() }))
            }
            Request::ShowRoutes(query) => show::routes(&*self.host, &query).map(Response::Routes),
            Request::ShowNeighbours => show::neighbours(&*self.host).map(Response::Neighbours),
            Request::ShowLinks => show::links(&*self.host).map(Response::Links),
            Request::ShowSystem => self.system().map(Response::System),
            Request::ShowLog { log, lines } => self.log(log, lines).map(Response::Log),
            Request::MatchPolicy(query) => self.match_policy(&query).map(Response::PolicyMatch),
            Request::ShowServices => {
                let fallback = lock(&self.fallback);
                self.show(|state| show::services(&state.active, &*state.engine, &fallback))
                    .map(Response::Services)
            }
            Request::ShowCanary => Ok(Response::Canary(self.canary())),
            Request::SetCanary { percent, hold } => self.set_canary(percent, hold).map(Response::Canary),
            Request::Detach => self.detach().map(|()| Response::Detached),
            Request::Stop => Ok(Response::Stopping),
            other => Err(ApiError::Malformed { reason: format!("{other:?} is not served here") }),
        }
    }

    /// Brings the queues in line with what the engine is attached to.
    pub(crate) fn settle_queues(&self) {
        let mut fallback = lock(&self.fallback);
        let state = lock(&self.state);
        if !state.detached {
            fallback.settle(&*state.engine, &state.active.ruleset, &state.facts, state.share);
        }
    }

    /// Tries XDP again where it could not be attached.
    pub(crate) fn try_xdp_again(&self) {
        let mut fallback = lock(&self.fallback);
        let mut state = lock(&self.state);
        let State { engine, facts, detached, .. } = &mut *state;
        if !*detached && fallback.try_again(&mut **engine, facts) {
            drop(state);
            drop(fallback);
            self.settle_queues();
        }
    }

    /// Ends sessions whose time is over.
    pub(crate) fn sweep(&self, now_ms: u32) {
        let mut state = lock(&self.state);
        if state.detached {
            return;
        }
        match state.engine.sweep(now_ms) {
            Ok(sweep) => {
                state.live = sweep.live;
                state.ended.aged += sweep.removed;
                if std::mem::take(&mut state.ageing_fails) {
                    tracing::info!("sessions age again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut state.ageing_fails, true) {
                    tracing::error!("sessions do not age: {error}");
                }
            }
        }
    }

    /// Looks which rules were hit, once a minute. The lock is given to others in between.
    pub(crate) fn watch_rules(&self) {
        let mut usage = lock(&self.usage);
        if !usage.is_due() {
            return;
        }
        let names = lock(&self.state).active.names.clone();
        let kinds = [RuleKind::Policy, RuleKind::SourceNat, RuleKind::DestinationNat];
        let rules: Vec<(PolicyId, RuleKey)> = kinds
            .into_iter()
            .flat_map(|kind| names.rules(kind))
            .map(|(id, rule)| (id, rule.key.clone()))
            .collect();
        let mut counted = Vec::with_capacity(rules.len());
        for some in rules.chunks(RULES_AT_ONCE) {
            let state = lock(&self.state);
            if state.detached {
                return;
            }
            match usage::hits(&*state.engine, some) {
                Ok(hits) => counted.extend(hits),
                Err(error) => return tracing::debug!("hits of rules cannot be read: {error}"),
            }
        }
        usage.look(rules.into_iter().map(|(_, key)| key).zip(counted));
        usage.save_in_time();
    }

    /// Takes over what the kernel says of links and addresses now.
    pub(crate) fn host_changed(&self, facts: HostFacts) {
        let mut state = lock(&self.state);
        // They may be of before a commit that has just ended.
        let facts = self.host.facts().unwrap_or(facts);
        let before = std::mem::replace(&mut state.facts, facts);
        let index = |facts: &HostFacts, name: &str| facts.link(name).map(|link| link.index);
        let mut returned = state.unattached;
        for name in state.active.devices() {
            match (index(&before, name), index(&state.facts, name)) {
                (Some(was), None)
                    if let Some(now) = state.facts.links.iter().find(|link| link.index == was) =>
                {
                    let now = &now.name;
                    tracing::warn!(
                        "interface {name} is called {now} now, a name that the configuration does not have; what arrives on a device \
                         of a zone is dropped until it has its name back, or `flumen detach`"
                    );
                }
                (Some(_), None) => tracing::warn!(
                    "interface {name} is gone; its zone stays closed, and it is attached again when it comes back"
                ),
                (was, Some(now)) if was != Some(now) => {
                    tracing::info!(
                        "interface {name} is {}",
                        if was.is_some() { "another one" } else { "here" }
                    );
                    returned = true;
                }
                _ => {}
            }
        }
        let followed = state.follow_host(&*self.host, returned);
        state.unattached = returned && followed.is_err();
        if let Err(error) = followed {
            tracing::error!("the change of links or addresses was not taken over: {error}");
        }
        drop(state);
        self.settle_queues();
    }

    fn status(&self) -> Result<StatusReport, ApiError> {
        let state = lock(&self.state);
        let counters = state.engine.counters().map_err(engine_failed)?;
        let attachments = state.engine.attachments();
        let interfaces = &state.active.ruleset.interfaces;
        let here = |device: &str| attachments.iter().any(|attachment| attachment.device == device);
        let absent = absent(&state.active.ruleset, &state.facts);
        let attached = interfaces
            .iter()
            .filter(|binding| here(&binding.device) && !absent.contains(&binding.link))
            .count();
        let received = interfaces.iter().fold(Traffic::default(), |sum, binding| {
            let more = counters.received(binding.id);
            Traffic { packets: sum.packets + more.packets, bytes: sum.bytes + more.bytes }
        });
        let tables = state.engine.tables().into_iter();
        Ok(StatusReport {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: self.started.elapsed().as_secs(),
            engine: state.engine.name().to_owned(),
            adopted: self.adopted,
            generation: state.active.generation().0,
            source: state.active.source.clone(),
            applied_unix_s: state.active.applied_unix_s,
            sessions: state.live,
            ended: state.ended,
            interfaces: interfaces.len() as u32,
            attached: attached as u32,
            absent,
            received,
            tables: tables
                .map(|table| TableUse { name: table.name.to_owned(), used: table.used, size: table.size })
                .collect(),
            doors: None,
        })
    }

    fn check(&self, text: &str) -> Result<Response, ApiError> {
        let mut checked =
            check::check(text, LoadMode::Strict).map_err(|messages| ApiError::Refused { messages })?;
        let missing = check::missing_devices(text, LoadMode::Strict, &lock(&self.state).facts);
        checked.warnings.extend(missing);
        Ok(Response::Checked(checked))
    }

    fn sessions(
        &self,
        filter: &SessionFilter,
        limit: u32,
        order: Option<SessionOrder>,
    ) -> Result<Response, ApiError> {
        let state = lock(&self.state);
        let selector = Selector::new(filter, &state.active.names)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let report = sessions::list(&*state.engine, &state.active.names, &selector, limit, order);
        report.map(Response::Sessions).map_err(engine_failed)
    }

    fn clear(&self, filter: &SessionFilter) -> Result<Cleared, ApiError> {
        let (keys, live) = {
            let state = lock(&self.state);
            let selector = Selector::new(filter, &state.active.names)?;
            sessions::keys(&*state.engine, &selector).map_err(engine_failed)?
        };
        let mut removed = 0;
        for batch in keys.chunks(CLEAR_AT_ONCE) {
            let mut state = lock(&self.state);
            let ended = state.engine.remove_sessions(batch).map_err(engine_failed)?;
            state.ended.cleared += ended;
            removed += ended;
        }
        let left = live.saturating_sub(removed);
        tracing::info!("{removed} sessions cleared on request, {left} left");
        Ok(Cleared { removed, left })
    }

    fn show<R>(&self, report: impl FnOnce(&State) -> Result<R, EngineError>) -> Result<R, ApiError> {
        report(&lock(&self.state)).map_err(engine_failed)
    }

    fn explain(&self, request: &ExplainRequest) -> Result<ExplainReport, ApiError> {
        let candidate = match &request.candidate {
            Some(text) => Some(self.read_candidate(text)?),
            None => None,
        };
        let state = lock(&self.state);
        let (ruleset, names) = match &candidate {
            Some(candidate) => (&candidate.ruleset, &candidate.names),
            None => (&state.active.ruleset, &state.active.names),
        };
        let asked =
            explain::State { ruleset, names, engine: &*state.engine, facts: &state.facts, host: &*self.host };
        explain::explain(&request.input, &asked)
    }

    fn match_policy(&self, query: &PolicyQuery) -> Result<PolicyMatch, ApiError> {
        let candidate = match &query.candidate {
            Some(text) => Some(self.read_candidate(text)?),
            None => None,
        };
        let state = lock(&self.state);
        show::policy_match(query, candidate.as_ref().unwrap_or(&state.active), &*state.engine)
    }

    /// A candidate as it would be active.
    fn read_candidate(&self, text: &str) -> Result<Active, ApiError> {
        let refused = |messages| ApiError::Refused { messages };
        let candidate = Candidate::read(text, LoadMode::Strict).map_err(refused)?;
        let compiled = self.compile(&candidate)?;
        Ok(activate(candidate, compiled, "candidate"))
    }

    /// Compiles a candidate with the numbers in use, so that sessions mean the same zones.
    fn compile(&self, candidate: &Candidate) -> Result<Compiled, ApiError> {
        let identities = lock(&self.committer).numbers.identities().clone();
        let generation = lock(&self.state).active.generation();
        candidate.compile(&identities, generation).map_err(|messages| ApiError::Refused { messages })
    }

    fn detach(&self) -> Result<(), ApiError> {
        lock(&self.canary).forget()?;
        let mut fallback = lock(&self.fallback);
        let mut state = lock(&self.state);
        state.detached = true;
        let State { engine, ledger, .. } = &mut *state;
        fallback.end();
        let left = leave(&*self.host, ledger, || engine.detach().map_err(engine_failed));
        let detached = left.map_err(|error| ApiError::State { reason: error.to_string() })?;
        if detached.is_ok() {
            tracing::info!("detached from every interface; the host is as it was");
        }
        detached
    }
}

// === impl State ===

impl State {
    /// What is enforced from now on, users and their classes with it; gives what was before.
    pub(crate) fn activate(&mut self, next: Active) -> Active {
        self.logins.set(next.logins());
        std::mem::replace(&mut self.active, next)
    }

    /// Puts what is present of a configuration in force, with its links, addresses and routes. After an error all is as
    /// before.
    pub(crate) fn install(&mut self, next: &Active, host: &dyn Host, effort: Effort) -> Result<(), ApiError> {
        if self.detached {
            let reason = "the engine was detached, and the daemon is about to end".to_owned();
            return Err(ApiError::Impossible { reason });
        }
        let shared = self.share.map(|percent| next.ruleset.with_share(percent));
        let (mut enforcer, active) = self.enforcer(host);
        let ruleset = shared.as_ref().unwrap_or(&next.ruleset);
        let enforced = enforcer.enforce(ruleset, &next.network, effort);
        if enforced.is_err() {
            enforcer.take_back(&active.ruleset, &active.network);
        }
        Ok(enforced?)
    }

    /// Adapts to the facts: addresses and MTUs as they are, with those of ours that somebody took away; the whole
    /// configuration again when a device is back.
    fn follow_host(&mut self, host: &dyn Host, returned: bool) -> Result<(), ApiError> {
        if self.detached {
            return Ok(());
        }
        let (mut enforcer, active) = self.enforcer(host);
        let followed = match returned || active.network.is_empty() {
            true => Ok(returned),
            false => enforcer.follow(&active.network),
        };
        match followed {
            Ok(true) => {
                let active = self.active.clone();
                self.install(&active, host, Effort::AsFarAsPossible)
            }
            Ok(false) => self.engine.host_changed(&self.facts).map_err(engine_failed),
            Err(error) => {
                self.engine.host_changed(&self.facts).map_err(engine_failed)?;
                Err(error.into())
            }
        }
    }

    fn enforcer<'a>(&'a mut self, host: &'a dyn Host) -> (Enforcer<'a>, &'a Active) {
        let State { engine, ledger, facts, waiting, active, .. } = self;
        (Enforcer { engine: &mut **engine, host, ledger, facts, waiting }, active)
    }
}

pub(crate) fn log_changes(changes: &[Change], what: &str) {
    for Change { setting, from, to } in changes {
        tracing::info!("{setting}: {from} -> {to} ({what})");
    }
}
