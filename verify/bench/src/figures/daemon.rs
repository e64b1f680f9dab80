//! The daemon in a process of its own: this program, started again.

use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flumen_daemon::{Options, XdpEngines};
use flumen_testkit::netns::Netns;
use flumen_testkit::wait_until;
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::args::DaemonArgs;
use crate::configuration::Configuration;
use crate::gateway::PinDirectory;

/// How long it may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon. Dropping it ends it and removes all that it has pinned.
pub(super) struct DaemonProcess {
    child: Child,
    _pins: PinDirectory,
    folder: PathBuf,
}

/// What the started program does: `flumen run` in a namespace.
///
/// # Errors
/// Why it did not start.
pub(crate) fn run(args: &DaemonArgs) -> Result<()> {
    set_pdeathsig(Signal::SIGTERM)?; // who measures may be killed
    let namespace = File::open(&args.namespace)?;
    setns(namespace, CloneFlags::CLONE_NEWNET)?; // before there is another thread
    Ok(flumen_daemon::run(&options(&args.folder, &args.pins), &XdpEngines)?)
}

fn options(folder: &Path, pins: &Path) -> Options {
    Options {
        run_dir: folder.join("run"),
        state_dir: folder.join("state"),
        bpf_dir: pins.to_owned(),
        config: Some(folder.join("flumen.conf")),
        grpc: None,
    }
}

// === impl DaemonProcess ===

impl DaemonProcess {
    /// Starts it in a namespace, and waits until the configuration is in force.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(dut: &Netns, configuration: &Configuration) -> Result<Self> {
        Self::start_with(dut, &configuration.text())
    }

    /// The same with the text of a configuration, in any form.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start_with(dut: &Netns, configuration: &str) -> Result<Self> {
        let pins = PinDirectory::new()?;
        let name = pins.path().file_name().context("pins have a directory")?;
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("flumen.conf"), configuration)?;
        let notified = UnixDatagram::bind(folder.join("notify"))?;
        notified.set_read_timeout(Some(PATIENCE))?;
        let child = Command::new(std::env::current_exe()?)
            .arg("daemon")
            .arg(dut.path())
            .arg(&folder)
            .arg(pins.path())
            .env("NOTIFY_SOCKET", folder.join("notify"))
            .stdin(Stdio::null())
            .spawn()?;
        let daemon = Self { child, _pins: pins, folder };
        let mut message = [0; 1024];
        let length = notified.recv(&mut message).context("the daemon did not start in time")?;
        ensure!(message[..length].starts_with(b"READY=1"), "the daemon says something else first");
        Ok(daemon)
    }

    /// Where it is asked.
    pub(super) fn socket(&self) -> PathBuf {
        Options::socket_in(&self.folder.join("run"))
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU time that it has used.
    ///
    /// # Errors
    /// When it is gone.
    pub(super) fn cpu_time(&self) -> Result<Duration> {
        Ok(Duration::from(clock_gettime(clock_getcpuclockid(self.nix_pid())?)?))
    }

    /// Percent of a CPU that it uses over some time.
    ///
    /// # Errors
    /// When it is gone.
    pub(super) fn cpu_percent(&self, over: Duration) -> Result<f64> {
        let before = self.cpu_time()?;
        let start = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
        std::thread::sleep(over);
        let used = self.cpu_time()? - before;
        let elapsed = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?) - start;
        Ok(used.as_secs_f64() / elapsed.as_secs_f64() * 100.0)
    }

    fn nix_pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            kill(self.nix_pid(), Signal::SIGTERM)?;
        }
        let ended = wait_until("the daemon ends", PATIENCE, || !matches!(self.child.try_wait(), Ok(None)));
        if ended.is_err() {
            self.child.kill()?;
            self.child.wait()?;
            bail!("the daemon had to be killed");
        }
        Ok(())
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error:#}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
