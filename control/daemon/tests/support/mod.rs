//! A daemon on a host and an engine made of plain values, and a client for it.
#![allow(dead_code, reason = "each test file uses its own part")]

use flumen_api::{
    ConfigurationAction, ConfigurationAnswer, ConfigurationRequest, LoadHow, Request, Response,
    SessionsAtCommit,
};
use flumen_client::{Client, ClientError};
use flumen_daemon::{Daemon, DaemonError, EngineOptions, Engines, Options};
use flumen_engine::{
    Addr, Counter, CounterIndex, Generation, InterfaceId, PolicyId, Reason, SessionFlags, SessionKey,
    SessionRow, SessionSlot, ZoneId,
};
use flumen_engine::{
    AttachMode, Attachment, CounterView, Engine, EngineError, FoundSession, HostFacts, MapUse, Ruleset,
    SessionView, Sweep, TallyView,
};
use flumen_kernel::FakeHost;
use flumen_store::{Clock, SystemClock};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// What an engine leaves in the kernel: it outlives the daemon.
#[derive(Default)]
pub struct Kernel {
    pub ruleset: Option<Ruleset>,
    pub installs: u32,
    pub host_changes: u32,
    pub sweeps: Vec<u32>,
    pub sessions: Vec<SessionView>,
    pub counters: Vec<(CounterIndex, Counter)>,
    /// The next install fails with this.
    pub refuse: Option<String>,
    /// No session can be removed.
    pub removals_fail: bool,
    pub opened: Option<EngineOptions>,
    /// What a device was called when it was attached to, and what it is called now.
    pub renamed: Option<(String, String)>,
}

#[derive(Clone, Default)]
pub struct FakeEngines(Arc<Mutex<Kernel>>);

struct FakeEngine(FakeEngines, Option<Ruleset>);

impl FakeEngines {
    pub fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.0.lock().unwrap()
    }

    /// Gives a device that is attached to another name.
    pub fn rename(&self, old: &str, new: &str) {
        self.kernel().renamed = Some((old.to_owned(), new.to_owned()));
    }

    /// Devices of the installed ruleset.
    pub fn devices(&self) -> Vec<String> {
        let kernel = self.kernel();
        let interfaces = kernel.ruleset.iter().flat_map(|ruleset| &ruleset.interfaces);
        interfaces.map(|binding| binding.device.clone()).collect()
    }

    pub fn generation(&self) -> u32 {
        self.kernel().ruleset.as_ref().map_or(0, |ruleset| ruleset.settings.generation.0)
    }
}

impl Engines for FakeEngines {
    fn open(&self, options: &EngineOptions) -> Result<Box<dyn Engine>, EngineError> {
        self.kernel().opened = Some(options.clone());
        Ok(Box::new(FakeEngine(self.clone(), None)))
    }

    fn remove(&self, _: &Path) -> Result<(), EngineError> {
        *self.kernel() = Kernel::default();
        Ok(())
    }
}

impl Engine for FakeEngine {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn prepare(&mut self, ruleset: &Ruleset, host: &HostFacts) -> Result<(), EngineError> {
        let mut kernel = self.0.kernel();
        if let Some(reason) = kernel.refuse.take() {
            return Err(EngineError::Bpf { action: "install".into(), reason });
        }
        let devices = ruleset.interfaces.iter().flat_map(|binding| [&binding.device, &binding.link]);
        for device in devices {
            if host.link(device).is_none() {
                return Err(EngineError::NoDevice { device: device.clone() });
            }
        }
        self.1 = Some(ruleset.clone());
        Ok(())
    }

    fn switch(&mut self, _: &HostFacts) -> Result<(), EngineError> {
        let mut kernel = self.0.kernel();
        kernel.installs += 1;
        kernel.ruleset = Some(self.1.take().ok_or(EngineError::NothingPrepared)?);
        Ok(())
    }

    fn abandon(&mut self) {
        self.1 = None;
    }

    fn host_changed(&mut self, _: &HostFacts) -> Result<(), EngineError> {
        self.0.kernel().host_changes += 1;
        Ok(())
    }

    fn counters(&self) -> Result<CounterView, EngineError> {
        let mut counters = vec![Counter::default(); CounterIndex::COUNT as usize];
        for (index, counter) in &self.0.kernel().counters {
            counters[index.0 as usize] = *counter;
        }
        Ok(CounterView::new(counters))
    }

    fn sessions(&self, visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>) -> Result<(), EngineError> {
        let sessions = self.0.kernel().sessions.clone();
        for session in sessions {
            if visit(session).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn sessions_from(
        &self,
        first: SessionSlot,
        visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let mut sessions = self.0.kernel().sessions.clone();
        sessions.retain(|session| session.row.slot.0 >= first.0);
        sessions.sort_unstable_by_key(|session| session.row.slot.0);
        for session in sessions {
            if visit(session).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find_session(&self, _: &SessionKey) -> Result<Option<FoundSession>, EngineError> {
        Ok(None)
    }

    fn remove_sessions(&mut self, keys: &[SessionKey]) -> Result<u64, EngineError> {
        let mut kernel = self.0.kernel();
        if kernel.removals_fail && !keys.is_empty() {
            return Err(EngineError::Bpf { action: "remove sessions".into(), reason: "no".into() });
        }
        let before = kernel.sessions.len();
        kernel.sessions.retain(|session| !keys.contains(&session.key));
        Ok((before - kernel.sessions.len()) as u64)
    }

    fn sweep(&mut self, now_ms: u32) -> Result<Sweep, EngineError> {
        let mut kernel = self.0.kernel();
        kernel.sweeps.push(now_ms);
        Ok(Sweep { live: kernel.sessions.len() as u64, removed: 0 })
    }

    fn tallies(&self, interface: InterfaceId) -> Result<TallyView, EngineError> {
        let count = u64::from(interface.0);
        TallyView::read(|tally| {
            Ok(Counter { packets: 10 * count + tally as u64, bytes: 1_000 * count + tally as u64 })
        })
    }

    fn policy_hits(&self, policy: PolicyId) -> Result<Counter, EngineError> {
        Ok(Counter { packets: u64::from(policy.0) * 10, bytes: u64::from(policy.0) * 1000 })
    }

    fn attachments(&self) -> Vec<Attachment> {
        let attachment = |device, attached_as| Attachment {
            device,
            mode: AttachMode::Driver,
            note: None,
            attached_as,
            unpinned: false,
        };
        let renamed = self.0.kernel().renamed.clone();
        let attached = self.0.devices().into_iter().map(|device| attachment(device, None));
        attached.chain(renamed.map(|(old, new)| attachment(new, Some(old)))).collect()
    }

    fn tables(&self) -> Vec<MapUse> {
        vec![MapUse { name: "sessions", used: self.0.kernel().sessions.len() as u64, size: 1024 }]
    }

    fn active_generation(&self) -> Generation {
        Generation(self.0.generation())
    }

    fn detach(&mut self) -> Result<(), EngineError> {
        let mut kernel = self.0.kernel();
        kernel.ruleset = None;
        kernel.sessions.clear();
        Ok(())
    }
}

/// Directories, host and engine of one gateway; daemons come and go.
pub struct Lab {
    pub options: Options,
    pub host: FakeHost,
    pub engines: FakeEngines,
    dir: tempfile::TempDir,
}

/// A daemon that serves in a thread.
pub struct Running {
    thread: JoinHandle<()>,
    options: Options,
}

impl Lab {
    /// A host with the devices `lan0` and `wan0`.
    pub fn new() -> Lab {
        Lab::at(tempfile::tempdir().unwrap())
    }

    /// The same, with its directories in this one.
    pub fn at(dir: tempfile::TempDir) -> Lab {
        let host = FakeHost::default();
        host.add_link("lan0", &["192.168.1.1".parse().unwrap(), "2001:db8:1::1".parse().unwrap()]);
        host.add_link("wan0", &["203.0.113.5".parse().unwrap()]);
        let options = Options {
            run_dir: dir.path().join("run"),
            state_dir: dir.path().join("state"),
            bpf_dir: dir.path().join("bpf"),
            config: None,
            grpc: None,
        };
        Lab { options, host, engines: FakeEngines::default(), dir }
    }

    /// A gateway with a daemon that was started with [`config`]; the next one starts with what is active then.
    pub fn started_by(clock: impl Clock + 'static) -> (Lab, Running) {
        let mut lab = Lab::new();
        lab.configure(&config());
        let daemon = lab.start_by(clock);
        lab.options.config = None;
        (lab, daemon)
    }

    /// Writes a configuration file, and makes it the one to start with.
    pub fn configure(&mut self, text: &str) {
        let path = self.dir.path().join("flumen.json");
        std::fs::write(&path, text).unwrap();
        self.options.config = Some(path);
    }

    pub fn try_start(&self) -> Result<Running, DaemonError> {
        self.try_start_by(Arc::new(SystemClock))
    }

    pub fn try_start_by(&self, clock: Arc<dyn Clock>) -> Result<Running, DaemonError> {
        let daemon = Daemon::start_by(&self.options, Arc::new(self.host.clone()), &self.engines, clock)?;
        let thread = std::thread::spawn(move || daemon.serve(None));
        Ok(Running { thread, options: self.options.clone() })
    }

    /// By a clock of the test.
    pub fn start_by(&self, clock: impl Clock + 'static) -> Running {
        self.try_start_by(Arc::new(clock)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Without a file: with what was committed last.
    pub fn start_again(&self) -> Running {
        let options = Options { config: None, ..self.options.clone() };
        let clock = Arc::new(SystemClock);
        let daemon = Daemon::start_by(&options, Arc::new(self.host.clone()), &self.engines, clock);
        let daemon = daemon.unwrap_or_else(|error| panic!("{error}"));
        let thread = std::thread::spawn(move || daemon.serve(None));
        Running { thread, options }
    }

    pub fn start(&self) -> Running {
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Lab {
    /// Asks the daemon of this gateway.
    pub fn ask(&self, request: Request) -> Result<Response, ClientError> {
        client(&self.options).ask(&request)
    }

    /// Looks again and again until it is as wanted; a change of the host takes a moment to arrive.
    pub fn wait_until(&self, what: &str, wanted: impl FnMut() -> bool) {
        wait_until(what, wanted);
    }
}

impl Running {
    pub fn client(&self) -> Client {
        client(&self.options)
    }

    pub fn ask(&self, request: Request) -> Result<Response, ClientError> {
        self.client().ask(&request)
    }

    /// Asks about the shared candidate, from the top.
    pub fn configure(&self, action: ConfigurationAction) -> Result<ConfigurationAnswer, ClientError> {
        let request = ConfigurationRequest { candidate: Default::default(), at: String::new(), action };
        match self.ask(Request::Configuration(request))? {
            Response::Configuration(answer) => Ok(answer),
            other => panic!("{other:?}"),
        }
    }

    /// Runs commands of the language on the shared candidate.
    pub fn load(&self, commands: &str) {
        let text = commands.to_owned();
        self.configure(ConfigurationAction::Load {
            how: LoadHow::Set,
            text,
            relative: false,
            lenient: false,
        })
        .unwrap();
    }

    /// Stops the daemon, and waits until it has ended.
    pub fn stop(self) {
        assert_eq!(self.ask(Request::Stop).unwrap(), Response::Stopping);
        self.join();
    }

    pub fn join(self) {
        self.thread.join().unwrap();
    }

    /// As [`Lab::wait_until`].
    pub fn wait_until(&self, what: &str, wanted: impl FnMut() -> bool) {
        wait_until(what, wanted);
    }
}

fn client(options: &Options) -> Client {
    Client::connect(&Options::socket_in(&options.run_dir), Duration::from_secs(10)).unwrap()
}

/// A commit, now or later.
pub fn commit(sessions: Option<SessionsAtCommit>, at_unix_s: Option<u64>) -> ConfigurationAction {
    ConfigurationAction::Commit {
        comment: None,
        confirm_minutes: None,
        conditions: Vec::new(),
        sessions,
        at_unix_s,
    }
}

/// As [`Lab::wait_until`].
pub fn wait_until(what: &str, mut wanted: impl FnMut() -> bool) {
    for _ in 0..500 {
        if wanted() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not happen");
}

/// Two zones, one policy out, source NAT.
pub fn config() -> String {
    r#"{
  "interfaces": { "lan0": {}, "wan0": {} },
  "security": {
    "zones": {
      "lan": { "interfaces": ["lan0"], "host-inbound": { "services": ["ping", "ssh"] } },
      "wan": { "interfaces": ["wan0"] }
    },
    "policies": [
      {
        "name": "lan-out", "from-zone": "lan", "to-zone": "wan",
        "match": { "source-address": ["any"], "destination-address": ["any"], "application": ["any"] },
        "then": "permit"
      }
    ],
    "nat": { "source": [{ "name": "masquerade", "from-zone": "lan", "to-zone": "wan", "then": "interface" }] }
  }
}
"#
    .to_owned()
}

/// A session from `source` in zone `from` to `destination` in zone `to`, translated to the gateway's address.
pub fn session(
    slot: u32,
    proto: u8,
    source: &str,
    destination: &str,
    ports: (u16, u16),
    zones: (u16, u16),
) -> SessionView {
    let addr = |text: &str| Addr::from(text.parse::<IpAddr>().unwrap());
    let key = SessionKey {
        src: addr(source),
        dst: addr(destination),
        sport: ports.0.into(),
        dport: ports.1.into(),
        zone: ZoneId(zones.0),
        proto,
        reserved: 0,
    };
    let row = SessionRow {
        src: addr("203.0.113.5"),
        dst: key.dst,
        sport: (1024 + slot as u16).into(),
        dport: key.dport,
        l3_delta: 0,
        l4_delta: 0,
        slot: SessionSlot(slot),
        egress: ZoneId(zones.1),
        flags: SessionFlags(SessionFlags::SOURCE),
        hop: Default::default(),
    };
    SessionView {
        key,
        row,
        policy: PolicyId(1),
        generation: Generation(1),
        forward: Counter { packets: 12, bytes: 3_456 },
        reverse: Counter { packets: 10, bytes: 65_789 },
        tcp_seen: [0x12, 0x12],
        age: Duration::from_secs(30),
        idle: Duration::from_millis(1_500),
        timeout: Duration::from_secs(1_800),
    }
}

/// Counters of one interface that add up.
pub fn counters(interface: u16) -> Vec<(CounterIndex, Counter)> {
    let id = InterfaceId(interface);
    let counter = |packets| Counter { packets, bytes: packets * 100 };
    vec![
        (CounterIndex::received(id), counter(100)),
        (CounterIndex::transmitted(id), counter(50)),
        (CounterIndex::reason(id, Reason::Forwarded), counter(90)),
        (CounterIndex::reason(id, Reason::HostInbound), counter(4)),
        (CounterIndex::reason(id, Reason::PolicyDefault), counter(6)),
    ]
}
