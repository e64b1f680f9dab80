//! A lab that stays until it is taken down.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use flumen_scenarios::HttpServer;
use flumen_testkit::netns::{Netns, run_command};
use flumen_testkit::topology::{Gateway, Segment};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The environment variable for the lab's name, when there shall be several.
const NAME: &str = "FLUMEN_LAB";
/// The name of the one and only lab.
const DEFAULT_NAME: &str = "flumen";
/// Where `ip netns` keeps names.
const NAMES: &str = "/run/netns";
/// How long a service may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A namespace of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// 10.1.0.2, 2001:db8:1::2
    Client,
    /// Between the others; Flumen runs here
    Gateway,
    /// 203.0.113.2, 2001:db8:2::2
    Server,
    /// 10.3.0.2, 2001:db8:3::2
    Vault,
}

/// What a host of the lab offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// Web pages on ports 80 and 8080
    Web,
}

// === impl Host ===

impl Host {
    const ALL: [Self; 4] = [Self::Client, Self::Gateway, Self::Server, Self::Vault];

    /// Name of its namespace.
    fn name(self) -> String {
        let host = match self {
            Self::Client => "client",
            Self::Gateway => "gateway",
            Self::Server => "server",
            Self::Vault => "vault",
        };
        format!("{}-{host}", lab_name())
    }

    fn path(self) -> PathBuf {
        Path::new(NAMES).join(self.name())
    }

    fn of(self, topology: &Gateway) -> &Netns {
        match self {
            Self::Client => topology.client(),
            Self::Gateway => topology.gateway(),
            Self::Server => topology.server(),
            Self::Vault => topology.host(Segment::Dmz),
        }
    }
}

fn lab_name() -> String {
    std::env::var(NAME).unwrap_or_else(|_| DEFAULT_NAME.to_owned())
}

/// Where the daemon of the lab keeps its socket and its state.
fn directory() -> PathBuf {
    Path::new("/run").join(format!("{}-lab", lab_name()))
}

/// Where it pins its programs and tables.
fn pins() -> PathBuf {
    Path::new("/sys/fs/bpf").join(format!("{}-lab", lab_name()))
}

/// Makes the lab and says how to use it.
///
/// # Errors
/// When there is one already, or it cannot be made; nothing is left behind.
pub(crate) fn up() -> Result<()> {
    if let Some(host) = Host::ALL.into_iter().find(|host| host.path().exists()) {
        bail!("{} is there already; remove it with `flumen-lab down`", host.name());
    }
    let directory = directory();
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let made = make();
    if made.is_err() {
        down()?;
    }
    made?;
    print!("{}", include_str!("standing/welcome.txt"));
    Ok(())
}

/// The namespaces of the testkit go with their guard: a second name keeps them.
fn make() -> Result<()> {
    let topology = Gateway::builder().dmz().build()?;
    for host in Host::ALL {
        let path = host.path();
        File::create_new(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let (from, none) = (host.of(&topology).path(), None::<&str>);
        mount(Some(&from), &path, none, MsFlags::MS_BIND, none)
            .with_context(|| format!("cannot keep {}", path.display()))?;
    }
    drop(topology);
    let own = std::env::current_exe()?;
    let own = own.to_str().context("the path of this program is no text")?;
    for (host, line, port) in [
        (Host::Server, [own, "serve", "web"], 80),
        (Host::Vault, [own, "serve", "web"], 80),
        (Host::Server, ["iperf3", "--server", "--interval=0"], 5201),
    ] {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", host.path().display())).args(line);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in the terminal is not meant for it
        command.process_group(0).spawn().with_context(|| format!("cannot start {}", line[0]))?;
        listening(host, port)?;
    }
    Ok(())
}

fn listening(host: Host, port: u16) -> Result<()> {
    let mut probe = Command::new("nsenter");
    probe.arg(format!("--net={}", host.path().display()));
    probe.args(["ss", "-H", "-l", "-t", "-n", &format!("sport = :{port}")]);
    let mut listens = false;
    flumen_testkit::wait_until(&format!("{} listens", host.name()), PATIENCE, || {
        listens = run_command(&mut probe).is_ok_and(|sockets| !sockets.trim().is_empty());
        listens
    })?;
    Ok(())
}

/// Becomes a command inside a host; returns only when that is not possible.
///
/// # Errors
/// When there is no lab, or no such command.
pub(crate) fn enter(host: Host, command: &[OsString]) -> Result<()> {
    join(host)?;
    let shell = || vec![std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into())];
    let words = if command.is_empty() { shell() } else { command.to_vec() };
    let (program, arguments) = words.split_first().context("there is always a program")?;
    let directory = directory();
    let error = Command::new(program)
        .args(arguments)
        .env("FLUMEN_RUN_DIR", directory.join("run"))
        .env("FLUMEN_STATE_DIR", directory.join("state"))
        .env("FLUMEN_BPF_DIR", pins())
        .exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}

/// Moves this process into the namespace of a host.
fn join(host: Host) -> Result<()> {
    let file = File::open(host.path()).context("there is no lab; make one with `flumen-lab up`")?;
    setns(file, CloneFlags::CLONE_NEWNET).with_context(|| format!("cannot enter {}", host.name()))
}

/// Ends what runs in the lab, and removes it.
///
/// # Errors
/// When something cannot be removed.
pub(crate) fn down() -> Result<()> {
    for host in Host::ALL {
        let path = host.path();
        if !path.exists() {
            continue;
        }
        let inside =
            run_command(Command::new("ip").args(["netns", "pids", &host.name()])).unwrap_or_default();
        let pids = inside.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw);
        for pid in pids.filter(|pid| *pid != Pid::this()) {
            // it may have ended by itself since it was listed
            kill(pid, Signal::SIGKILL).unwrap_or_default();
        }
        run_command(Command::new("ip").args(["netns", "delete", &host.name()]))?;
    }
    for directory in [pins(), directory()] {
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", directory.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Serves until it is killed.
///
/// # Errors
/// When a port is in use.
pub(crate) fn serve(service: Service) -> Result<()> {
    ensure!(service == Service::Web, "there is no such service");
    let _servers = [HttpServer::listen(80)?, HttpServer::listen(8080)?];
    loop {
        std::thread::park();
    }
}
