//! Flumen itself as the device under test: the XDP engine on the rig's two interfaces.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use flumen_abi::Generation;
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::Model;
use flumen_engine::xdp::{ModeChoice, XdpEngine, XdpOptions};
use flumen_engine::{AttachMode, Engine, HostFacts};
use flumen_kernel::{Host, LinuxHost, monotonic_ms, pin_directory};
use flumen_testkit::netns::Netns;

use crate::configuration::UDP_TIMEOUT_S;

/// What the names of all pin directories of this program start with; then comes the process that made them.
const PIN_PREFIX: &str = "flumen-bench-";

const BPFFS: &str = "/sys/fs/bpf";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// An engine with a ruleset, attached in a namespace. Dropping it leaves neither a program nor a pin behind.
pub(crate) struct Gateway {
    engine: XdpEngine,
    host: HostFacts,
    generation: Generation,
}

/// Compiles a configuration in its JSON form.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn compiled(text: &str, generation: Generation) -> Result<Compiled> {
    let model = Model::from_json(text).map_err(|errors| anyhow::anyhow!("the configuration: {errors:?}"))?;
    compile(&model, &Identities::default(), generation)
        .map_err(|errors| anyhow::anyhow!("the configuration: {errors:?}"))
}

/// Removes the pins of earlier runs that were killed.
///
/// # Errors
/// When one cannot be removed.
pub(crate) fn remove_leftovers() -> Result<()> {
    let Ok(entries) = std::fs::read_dir(BPFFS) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PIN_PREFIX)) else { continue };
        let maker = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        if maker.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let path = entry.path();
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn pin_dir() -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    Path::new(BPFFS).join(format!("{PIN_PREFIX}{}-{number}", std::process::id()))
}

// === impl Gateway ===

impl Gateway {
    /// Opens an engine with room for `sessions` and installs a configuration on the interfaces of `dut`.
    ///
    /// # Errors
    /// When the configuration is refused, the engine cannot be opened, or an interface has no driver mode.
    pub(crate) fn open(dut: &Netns, sessions: u32, configuration: &str) -> Result<Self> {
        let generation = Generation(1);
        let ruleset = compiled(configuration, generation)?.ruleset;
        let pin_dir = pin_dir();
        pin_directory(&pin_dir)?;
        let options = XdpOptions { pin_dir, sessions, mode: ModeChoice::Driver };
        // an engine attaches in the namespace of the thread that asks
        dut.run(|| {
            let host = LinuxHost.facts()?;
            let engine = XdpEngine::open(&options)?;
            let mut gateway = Self { engine, host, generation };
            gateway.engine.install(&ruleset, &gateway.host)?;
            let attachments = gateway.engine.attachments();
            ensure!(
                attachments.iter().all(|attachment| attachment.mode == AttachMode::Driver),
                "not in driver mode: {attachments:?}"
            );
            Ok(gateway)
        })?
    }

    /// Removes every session, and says how many there were.
    ///
    /// # Errors
    /// When a table cannot be written, or sessions are left.
    pub(crate) fn forget_sessions(&mut self) -> Result<u64> {
        let after_all_deadlines = monotonic_ms().wrapping_add((UDP_TIMEOUT_S + 60) * 1000);
        let swept = self.engine.sweep(after_all_deadlines)?;
        ensure!(swept.live == 0, "{} sessions outlive their deadlines", swept.live);
        Ok(swept.removed)
    }

    /// The engine, for what only figures look at.
    pub(crate) fn engine(&self) -> &XdpEngine {
        &self.engine
    }

    /// What the engine has counted, in words: every reason that is not zero.
    pub(crate) fn reasons(&self) -> String {
        let Ok(counters) = self.engine.counters() else { return "no counters".to_owned() };
        let mut words = Vec::new();
        for id in 0..flumen_abi::InterfaceId::COUNT {
            let id = flumen_abi::InterfaceId(id);
            for &reason in flumen_abi::Reason::ALL {
                let packets = counters.reason(id, reason).packets;
                if packets > 0 {
                    words.push(format!("{}: {packets}", reason.name()));
                }
            }
        }
        words.join(", ")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Err(error) = self.engine.detach() {
            eprintln!("the engine leaves something behind: {error}");
        }
    }
}
