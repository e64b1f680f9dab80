use crate::active::absent;
use crate::announcer::Announcer;
use crate::audit::{Audit, Change, Who};
use crate::canary::Canary;
use crate::candidate::Candidate;
use crate::commit::{Committer, Numbers, activate, source};
use crate::configuration::{Editors, TreeMerge, Trees};
use crate::enforce::{EnforceError, Enforcer, leave};
use crate::engines::{EngineOptions, Engines};
use crate::fallback::Fallback;
use crate::gateway::{Client, Gateway, State, lock};
use crate::grpc::GrpcBackend;
use crate::instance::Instance;
use crate::numbers::{NumbersFile, make_directory};
use crate::prober::Prober;
use crate::rematch::RematchMark;
use crate::signals::{Event, Signals, wait};
use crate::stop::Stop;
use crate::terms::Terms;
use crate::usage::Usage;
use crate::{DaemonError, Options, host, network, notify, queues, show};
use flumen_api::EndedSessions;
use flumen_compile::{Compiled, Identities};
use flumen_config::LoadMode;
use flumen_engine::Engine;
use flumen_engine::Generation;
use flumen_grpc::{Hub, Logins};
use flumen_kernel::network::Effort;
use flumen_kernel::{Host, Ledger, boot_id, monotonic_ms};
use flumen_store::{Clock, CommitError, Origin, Request, Source, Store, Subject, SystemClock};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sessions are looked over this often: each is gone within a second of its deadline.
const SWEEP: Duration = Duration::from_millis(400);

/// A daemon that serves.
pub struct Daemon {
    gateway: Arc<Gateway>,
    announcer: Arc<Announcer>,
    grpc: flumen_grpc::Server,
    follower: JoinHandle<()>,
    tender: JoinHandle<()>,
    stop: Stop,
    config: Option<PathBuf>,
    taken: PathBuf,
    _instance: Instance,
}

/// A configuration to start with.
struct Start {
    candidate: Candidate,
    source: String,
    /// The text of a new one, which is to be committed; what the host refuses of it is a mistake. One that was active
    /// before is enforced as far as the host lets it.
    new: Option<String>,
    /// The text of the file, when it is that which is put in force.
    taken: Option<String>,
}

impl Daemon {
    /// Claims the run directory, opens the engine, enforces the configuration and begins to serve.
    ///
    /// # Errors
    /// An engine that was enforcing still is; otherwise the host is as it was.
    pub fn start(
        options: &Options,
        host: Arc<dyn Host>,
        engines: &dyn Engines,
    ) -> Result<Daemon, DaemonError> {
        Daemon::start_by(options, host, engines, Arc::new(SystemClock))
    }

    /// The same by another clock, which says when a commit must have been confirmed.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn start_by(
        options: &Options,
        host: Arc<dyn Host>,
        engines: &dyn Engines,
        clock: Arc<dyn Clock>,
    ) -> Result<Daemon, DaemonError> {
        let instance = Instance::claim(options)?;
        make_directory(&options.state_dir, 0o700)?;
        let usage = Usage::open(options.state_dir.join("usage.json"), Arc::clone(&clock));
        let mut configurations = Store::open(&options.configurations(), clock)?;
        configurations.set_merge(Box::new(TreeMerge));
        for problem in configurations.problems() {
            tracing::error!("{problem}");
        }
        let start = Start::read(options, &configurations)?;
        let stop = Stop::new().map_err(|errno| DaemonError::file("make an event descriptor", errno))?;
        let watch = host.watch()?;
        // Whatever can fail does so before the engine is touched.
        let doors = flumen_grpc::Doors::open(&options.socket(), options.grpc.as_deref())?;
        let audit = Audit::open(options.audit())?;
        let is_new = start.new.is_some();
        let taken = start.taken.clone();
        let gateway = Arc::new(assemble(options, &host, engines, configurations, start, audit, usage)?);
        if let Some(text) = taken {
            remember(&options.taken(), &text);
        }
        gateway.rematch_at_start(is_new);
        gateway.settle_queues();
        let no_thread = |error| DaemonError::file("start a thread", error);
        let announcer = Arc::new(Announcer::new(&gateway, Hub::default()));
        let backend = Arc::new(GrpcBackend::new(&gateway, &announcer, stop.clone()));
        let logins = lock(&gateway.state).logins.clone();
        let grpc = flumen_grpc::Server::start(doors, backend, announcer.hub().clone(), logins)?;
        let followed = (Arc::clone(&gateway), Arc::clone(&announcer));
        let tender = queues::tend(Arc::clone(&gateway), stop.clone()).map_err(no_thread)?;
        let follower = host::follow(followed.0, followed.1, watch, stop.clone()).map_err(no_thread)?;
        Ok(Daemon {
            gateway,
            announcer,
            grpc,
            follower,
            tender,
            stop,
            config: options.config.clone(),
            taken: options.taken(),
            _instance: instance,
        })
    }

    /// Serves until a signal or a request ends it. What is attached stays, and keeps enforcing.
    pub fn serve(self, signals: Option<&Signals>) {
        notify::ready(&self.summary());
        let watchdog = notify::watchdog_interval();
        let mut told = Instant::now();
        loop {
            match wait(signals, &self.stop, SWEEP) {
                Event::Tick => {
                    self.gateway.sweep(monotonic_ms());
                    self.gateway.tick();
                    self.gateway.watch_rules();
                    self.gateway.try_xdp_again();
                    self.announcer.commits(&self.gateway);
                }
                Event::Reload => self.reload(),
                Event::Stop => break,
            }
            if watchdog.is_some_and(|interval| told.elapsed() >= interval) {
                notify::alive();
                told = Instant::now();
            }
        }
        notify::stopping();
        self.stop.give();
        self.grpc.close();
        if self.follower.join().is_err() {
            tracing::error!("the thread that follows the host had died");
        }
        if self.tender.join().is_err() {
            tracing::error!("the thread that looks after queues had died");
        }
        lock(&self.gateway.usage).save();
        if lock(&self.gateway.state).detached {
            tracing::info!("stopped; nothing is attached");
        } else {
            tracing::info!("stopped; what is attached keeps enforcing until `flumen detach`");
        }
    }

    fn summary(&self) -> String {
        let state = lock(&self.gateway.state);
        let (generation, interfaces) = (state.active.generation(), state.active.ruleset.interfaces.len());
        format!("generation {generation} on {interfaces} interfaces")
    }

    fn reload(&self) {
        let Some(path) = &self.config else {
            return tracing::warn!("SIGHUP: there is no file to read again (started without --config)");
        };
        notify::reloading();
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let source = path.display().to_string();
        let applied = read.and_then(|text| {
            if self.gateway.waits_for_confirmation(&text) {
                tracing::warn!("{source} is active already; it is not confirmed by a reload");
                return Ok(());
            }
            let editor = Client::operator().editor(source.clone());
            let change = Change::reload(&source, text.len());
            let apply = || self.gateway.apply(&text, &editor, &Terms::default());
            let applied = self.gateway.audit.recorded(&Who::daemon("signal"), &change, apply);
            if applied.is_ok() {
                remember(&self.taken, &text);
            }
            applied.map(drop).map_err(|error| match error {
                flumen_api::ApiError::Refused { messages } => {
                    DaemonError::Refused { source_name: source.clone(), messages }.to_string()
                }
                other => other.to_string(),
            })
        });
        if let Err(reason) = applied {
            tracing::error!("{source} was not applied; the running ruleset is untouched: {reason}");
        }
        notify::ready(&self.summary());
    }
}

impl Start {
    /// The file of the options, or the active configuration of the last daemon: also when the file is what it was when it
    /// was put in force, since whatever was committed later is to outlive the daemon.
    fn read(options: &Options, configurations: &Store) -> Result<Start, DaemonError> {
        let active = configurations.active();
        let (text, name, new, taken) = match (&options.config, active) {
            (Some(path), active) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| DaemonError::file(format!("read {}", path.display()), error))?;
                match (active, configurations.undone(&text)) {
                    (Some((record, active)), Some(undone)) => {
                        tracing::warn!(
                            "{} holds what commit {undone} was, which nobody confirmed: the configuration of before stays (reload, or apply the file, to have it)",
                            path.display()
                        );
                        (active.to_string(), source(record), None, None)
                    }
                    (Some((record, active)), None)
                        if *active != *text
                            && std::fs::read_to_string(options.taken()).is_ok_and(|taken| taken == text) =>
                    {
                        tracing::info!(
                            "{} has not changed since it was put in force; what was committed later stays (reload, or apply the file, to go back to it)",
                            path.display()
                        );
                        (active.to_string(), source(record), None, None)
                    }
                    (active, _) => {
                        let known = active.is_some_and(|(_, active)| *active == *text);
                        let new = (!known).then(|| text.clone());
                        (text.clone(), path.display().to_string(), new, Some(text))
                    }
                }
            }
            (None, Some((record, text))) => (text.to_string(), source(record), None, None),
            (None, None) => {
                return Err(DaemonError::NoConfig { path: options.configurations() });
            }
        };
        match Candidate::read(&text, LoadMode::Strict) {
            Ok(candidate) => Ok(Start { candidate, source: name, new, taken }),
            Err(messages) => Err(DaemonError::Refused { source_name: name, messages }),
        }
    }
}

/// Keeps the text of the file that was put in force. That it cannot be kept is said: the file would be put in force anew by
/// the next daemon.
fn remember(path: &Path, text: &str) {
    if let Err(error) = flumen_kernel::replace_file(path, text.as_bytes()) {
        tracing::warn!("{error}");
    }
}

/// The first installation of a ruleset, as what a new configuration is committed for.
struct FirstInstallation<F> {
    install: F,
    done: Option<Compiled>,
}

impl<F: FnMut() -> Result<Compiled, DaemonError>> Subject for FirstInstallation<F> {
    type Prepared = ();
    type Error = DaemonError;

    /// The configuration was compiled for trial already.
    fn prepare(&mut self, _: &str, _: Origin) -> Result<(), DaemonError> {
        Ok(())
    }

    fn apply(&mut self, (): &mut ()) -> Result<(), DaemonError> {
        self.done = Some((self.install)()?);
        Ok(())
    }

    /// An engine that refuses is as it was; what was opened for it is undone by the caller.
    fn revert(&mut self, (): ()) {}
}

/// Opens the engine and installs the first ruleset.
fn assemble(
    options: &Options,
    host: &Arc<dyn Host>,
    engines: &dyn Engines,
    mut configurations: Store,
    start: Start,
    audit: Audit,
    usage: Usage,
) -> Result<Gateway, DaemonError> {
    let Start { candidate, source, new, .. } = start;
    let refused = |messages| DaemonError::Refused { source_name: source.clone(), messages };
    let mut facts = host.facts()?;
    let dataplane = candidate.model.system.dataplane;
    let opened = EngineOptions {
        bpf_dir: options.bpf_dir.clone(),
        sessions: dataplane.sessions.maximum,
        sessions6: dataplane.sessions.ipv6(),
        mode: dataplane.mode,
    };
    let file = NumbersFile::open(&options.state_dir)?;
    let record = file.record()?;
    let mut numbers = Numbers { file, record, opened };
    let mut ledger = Ledger::open(&options.ledger(), &boot_id())?;

    // Tried before anything is opened, so that a configuration that does not fit leaves no trace.
    candidate.compile(numbers.identities(), Generation(1)).map_err(refused)?;
    let mut engine = engines.open(&numbers.opened)?;
    let adopted = engine.active_generation() != Generation(0);
    let (origin, effort) =
        if new.is_some() { (Origin::New, Effort::All) } else { (Origin::Known, Effort::AsFarAsPossible) };
    let (wanted, mut waiting) = (network::wanted(&candidate.model), Vec::new());
    let canary = Canary::open(&options.state_dir)?;
    let share = canary.share();
    let install = || -> Result<_, DaemonError> {
        let generation = numbers.next_generation(engine.active_generation());
        let compiled = candidate.compile(numbers.identities(), generation).map_err(refused)?;
        numbers.reserve(&compiled, origin)?;
        let mut enforcer = Enforcer {
            engine: &mut *engine,
            host: &**host,
            ledger: &mut ledger,
            facts: &mut facts,
            waiting: &mut waiting,
        };
        let shared = share.map(|percent| compiled.ruleset.with_share(percent));
        let ruleset = shared.as_ref().unwrap_or(&compiled.ruleset);
        enforcer.enforce(ruleset, &wanted, effort).map_err(not_enforced)?;
        Ok(compiled)
    };
    let before = configurations.active().map(|(_, text)| text);
    let compiled = match install_first(install, new, &source, &mut configurations) {
        Ok(compiled) => compiled,
        Err(error) if adopted => {
            let mut enforcer = Enforcer {
                engine: &mut *engine,
                host: &**host,
                ledger: &mut ledger,
                facts: &mut facts,
                waiting: &mut waiting,
            };
            go_back(&mut enforcer, before.as_deref(), numbers.identities());
            return Err(error);
        }
        Err(error) => {
            undo(&mut *engine, &**host, &mut ledger);
            return Err(error);
        }
    };
    for warning in &candidate.warnings {
        tracing::warn!("{source}: {warning}");
    }
    let active = activate(candidate, compiled, &source);
    for attachment in engine.attachments() {
        let note =
            show::note(&attachment, &active, &facts).map(|note| format!(": {note}")).unwrap_or_default();
        tracing::info!("{} is attached in {} mode{note}", attachment.device, attachment.mode.name());
    }
    for link in absent(&active.ruleset, &facts) {
        tracing::warn!("interface {link} is not there; it is attached when it comes back");
    }
    let taken = if adopted { "took over a running ruleset; " } else { "" };
    tracing::info!(
        "{taken}generation {} from {source} is active on the {} engine",
        active.generation(),
        engine.name()
    );
    let logins = Logins::default();
    logins.set(active.logins());
    Ok(Gateway {
        host: Arc::clone(host),
        committer: Mutex::new(Committer {
            configurations,
            numbers,
            mark: RematchMark::new(&options.state_dir),
        }),
        state: Mutex::new(State {
            engine,
            active,
            facts,
            ledger,
            waiting,
            live: 0,
            ended: EndedSessions::default(),
            ageing_fails: false,
            unattached: false,
            share,
            detached: false,
            logins,
        }),
        started: Instant::now(),
        adopted,
        editors: Mutex::new(Editors::default()),
        trees: Mutex::new(Trees::default()),
        prober: Mutex::new(Prober::new(Arc::clone(host))),
        audit,
        usage: Mutex::new(usage),
        fallback: Mutex::new(Fallback::new(options)),
        canary: Mutex::new(canary),
    })
}

/// Installs a configuration; one that is new is committed, first to the disk and then to the engine.
fn install_first(
    mut install: impl FnMut() -> Result<Compiled, DaemonError>,
    new: Option<String>,
    source: &str,
    configurations: &mut Store,
) -> Result<Compiled, DaemonError> {
    let Some(text) = new else { return install() };
    let request = Request { source: Source::Text(text), comment: None, confirm: None };
    let mut first = FirstInstallation { install, done: None };
    let editor = Client::operator().editor(source.to_owned());
    match configurations.commit(&editor, request, &mut first) {
        Ok(_) => Ok(first.done.expect("a commit that succeeds has been applied")),
        Err(CommitError::Refused(error) | CommitError::NotApplied(error)) => Err(error),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Brings the host's network back to the configuration that the engine enforces since before this start.
fn go_back(enforcer: &mut Enforcer<'_>, text: Option<&str>, identities: &Identities) {
    let candidate = text.and_then(|text| Candidate::read(text, LoadMode::Strict).ok());
    let compiled = candidate.as_ref().and_then(|known| known.compile(identities, Generation(1)).ok());
    if let (Some(candidate), Some(compiled)) = (candidate, compiled) {
        enforcer.take_back(&compiled.ruleset, &network::wanted(&candidate.model));
    }
}

/// Leaves the host as it was before an engine that enforces nothing yet.
fn undo(engine: &mut dyn Engine, host: &dyn Host, ledger: &mut Ledger) {
    match leave(host, ledger, || engine.detach()) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!("{error}"),
        Err(error) => tracing::error!("the host could not be left as it was: {error}"),
    }
}

fn not_enforced(error: EnforceError) -> DaemonError {
    match error {
        EnforceError::Engine(error) => error.into(),
        EnforceError::Network(error) | EnforceError::Host(error) => error.into(),
        EnforceError::Jumbo { source, .. } => source.into(),
        EnforceError::Impossible(problems) => DaemonError::Refused {
            source_name: "the configuration".to_owned(),
            messages: problems.iter().map(|(link, why)| network::impossible(link, why)).collect(),
        },
    }
}
