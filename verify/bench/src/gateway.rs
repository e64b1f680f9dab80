//! Flumen itself as the device under test: the XDP engine on the rig's two interfaces.

use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use flumen_abi::{Generation, InterfaceId, Reason};
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::Model;
use flumen_engine::xdp::{ModeChoice, XdpEngine, XdpOptions};
use flumen_engine::{AttachMode, Engine, HostFacts, Ruleset, Sweep};
use flumen_kernel::{Host, LinuxHost, monotonic_ms, pin_directory};
use flumen_testkit::netns::Netns;
use nix::sched::{CloneFlags, setns};

use crate::configuration::Configuration;

/// What the names of all pin directories of this program start with; then comes the process that made them.
const PIN_PREFIX: &str = "flumen-bench-";

const BPFFS: &str = "/sys/fs/bpf";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// An engine with a ruleset, attached in a namespace. Dropping it leaves neither a program nor a pin behind.
pub(crate) struct Gateway {
    engine: XdpEngine,
    _pins: PinDirectory,
    /// That of the interfaces.
    namespace: File,
    host: HostFacts,
    identities: Identities,
    generation: Generation,
    /// Longer than any of its sessions lives.
    lifetime: Duration,
}

/// A directory for pins that nobody else has. Dropping it removes it with all that is pinned in it.
pub(crate) struct PinDirectory(PathBuf);

/// What each step of a commit took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitTime {
    /// From text to model.
    pub(crate) read: Duration,
    /// From model to rows.
    pub(crate) compile: Duration,
    /// Rows written and switched to, and no packet left that sees the old ones.
    pub(crate) apply: Duration,
}

/// Removes the pins, and the files of daemons, of earlier runs that were killed.
///
/// # Errors
/// When something cannot be removed.
pub(crate) fn remove_leftovers() -> Result<()> {
    for folder in [Path::new(BPFFS), &std::env::temp_dir()] {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten().filter(|entry| maker_is_gone(&entry.file_name())) {
            let path = entry.path();
            remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Removes a folder with everything in it; that it is gone already is fine.
fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn maker_is_gone(name: &OsStr) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(PIN_PREFIX));
    let maker = rest.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
    maker.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
}

fn model(text: &str) -> Result<Model> {
    Model::from_json(text)
        .map_err(|errors| anyhow!("the benchmark's own configuration is refused: {errors:?}"))
}

fn compiled(model: &Model, previous: &Identities, generation: Generation) -> Result<Compiled> {
    let compiled = compile(model, previous, generation);
    compiled.map_err(|errors| anyhow!("the benchmark's own configuration is refused: {errors:?}"))
}

/// Runs `work` on a thread in a namespace: an engine attaches in that of the thread that asks.
fn inside<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Ok(work())
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

// === impl PinDirectory ===

impl PinDirectory {
    /// Makes one.
    ///
    /// # Errors
    /// When there is no bpf filesystem, and none may be mounted.
    pub(crate) fn new() -> Result<Self> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(BPFFS).join(format!("{PIN_PREFIX}{}-{number}", std::process::id()));
        pin_directory(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

// === impl Gateway ===

impl Gateway {
    /// Opens an engine and installs a configuration on the interfaces of `dut`.
    ///
    /// # Errors
    /// When the configuration is refused, the engine cannot be opened, or an interface has no driver mode.
    pub(crate) fn open(dut: &Netns, configuration: &Configuration) -> Result<Self> {
        let generation = Generation(1);
        let compiled = compiled(&model(&configuration.text())?, &Identities::default(), generation)?;
        let pins = PinDirectory::new()?;
        let options = XdpOptions {
            pin_dir: pins.path().to_owned(),
            sessions: configuration.sessions,
            sessions6: configuration.sessions / 4,
            mode: ModeChoice::Driver,
        };
        let lifetime = Duration::from_secs(u64::from(configuration.timeout_s) + 60);
        let namespace = File::open(dut.path())?;
        // an engine follows the routes of the namespace that it is opened in
        let engine = inside(&namespace, || XdpEngine::open(&options))??;
        let host = inside(&namespace, || LinuxHost.facts())??;
        let identities = compiled.identities;
        let mut gateway = Self { engine, _pins: pins, namespace, host, identities, generation, lifetime };
        gateway.install(&compiled.ruleset)?;
        let attachments = gateway.engine.attachments();
        let in_driver = attachments.iter().all(|attachment| attachment.mode == AttachMode::Driver);
        ensure!(in_driver, "not in driver mode: {attachments:?}");
        Ok(gateway)
    }

    /// Puts another configuration in force, as a commit does. The session table keeps its size.
    ///
    /// # Errors
    /// When it is refused or cannot be installed.
    pub(crate) fn commit(&mut self, configuration: &Configuration) -> Result<CommitTime> {
        let generation = Generation(self.generation.0 + 1);
        let text = configuration.text();
        let start = Instant::now();
        let model = model(&text)?;
        let read = start.elapsed();
        let compiled = compiled(&model, &self.identities, generation)?;
        let compile = start.elapsed() - read;
        let apply = self.install(&compiled.ruleset)?;
        self.identities = compiled.identities;
        self.generation = generation;
        self.lifetime = Duration::from_secs(u64::from(configuration.timeout_s) + 60);
        Ok(CommitTime { read, compile, apply })
    }

    fn install(&mut self, ruleset: &Ruleset) -> Result<Duration> {
        let Self { engine, namespace, host, .. } = self;
        inside(namespace, || {
            let start = Instant::now();
            engine.install(ruleset, host)?;
            Ok(start.elapsed())
        })?
    }

    /// Removes every session.
    ///
    /// # Errors
    /// When a table cannot be written, or sessions are left.
    pub(crate) fn forget_sessions(&mut self) -> Result<()> {
        let lifetime = u32::try_from(self.lifetime.as_millis())?;
        let swept = self.sweep(monotonic_ms().wrapping_add(lifetime))?;
        ensure!(swept.live == 0, "{} sessions outlive their deadlines", swept.live);
        Ok(())
    }

    /// An ageing pass.
    ///
    /// # Errors
    /// When a table cannot be written.
    pub(crate) fn sweep(&mut self, now_ms: u32) -> Result<Sweep> {
        Ok(self.engine.sweep(now_ms)?)
    }

    /// What has become of packets, in words: every reason that was counted.
    pub(crate) fn reasons(&self) -> String {
        let counters = match self.engine.counters() {
            Ok(counters) => counters,
            Err(error) => return error.to_string(),
        };
        let packets =
            |reason| (0..InterfaceId::COUNT).map(|id| counters.reason(InterfaceId(id), reason).packets).sum();
        let counted = Reason::ALL.iter().map(|reason| (reason.name(), packets(*reason)));
        let seen = counted.filter(|(_, packets): &(_, u64)| *packets > 0);
        seen.map(|(name, packets)| format!("{name} {packets}")).collect::<Vec<_>>().join(", ")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Err(error) = self.engine.detach() {
            eprintln!("the engine leaves something behind: {error}");
        }
    }
}
