//! Network namespaces with unique names, gone when their guard is dropped: also after a panic.

mod command;
mod daemon;
mod leftover;
mod link;
mod listen;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub use command::run_command;
pub use daemon::Daemon;
pub use leftover::{leftovers, remove_leftovers};
pub use link::{Link, LinkStats, Tag, veth};
pub use listen::Listener;

use crate::Error;

/// What the names of all namespaces of this crate start with.
const PREFIX: &str = "flt";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A network namespace, called `flt-<pid>-<number>-<label>`, with its loopback up. Dropping it kills every process
/// inside and removes it with its interfaces.
#[derive(Debug)]
pub struct Netns {
    name: String,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}

/// Moves the calling thread into the namespace of this name.
pub(crate) fn enter(name: &str) -> Result<(), Error> {
    let refused = |source| Error::Enter { name: name.to_owned(), source };
    let file = File::open(path(name)).map_err(refused)?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| refused(errno.into()))
}

// === impl Netns ===

impl Netns {
    /// Makes a namespace. `label` is for people who read `ip netns`: letters and digits.
    ///
    /// # Errors
    /// [`Error::NotRoot`], or what `ip netns add` says.
    pub fn new(label: &str) -> Result<Self, Error> {
        if !nix::unistd::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let namespace = Self { name: format!("{PREFIX}-{}-{number}-{label}", std::process::id()) };
        command::run_line(&format!("ip netns add {}", namespace.name))?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Its name, for `ip -n NAME` and `ip netns exec NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that stands for it.
    pub fn path(&self) -> PathBuf {
        path(&self.name)
    }

    /// Runs `inside` on a thread of its own in this namespace and returns what it returns; a panic goes on in the
    /// caller. Sockets, BPF links and `/proc/sys/net` belong to the namespace there. Look at `/proc/thread-self/net`,
    /// not `/proc/self/net`, which is the main thread's; `/sys/class/net` stays that of the caller.
    ///
    /// # Errors
    /// [`Error::Enter`].
    pub fn run<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> Result<T, Error> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter()?;
                Ok(inside())
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Moves the calling thread into this namespace for good. Meant for a thread that the caller has started.
    ///
    /// # Errors
    /// [`Error::Enter`].
    pub fn enter(&self) -> Result<(), Error> {
        enter(&self.name)
    }

    /// Runs `ip -n NAME …`; arguments are parted by spaces.
    ///
    /// # Errors
    /// [`Error::Command`] with the command and what it wrote.
    pub fn ip(&self, arguments: &str) -> Result<String, Error> {
        command::run_line(&format!("ip -n {} {arguments}", self.name))
    }

    /// Adds a route to the main table, in the words of `ip route`: `"default via 10.0.0.1"`.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn route(&self, route: &str) -> Result<(), Error> {
        let family = if route.contains(':') { "-6 " } else { "" };
        self.ip(&format!("{family}route add {route}")).map(drop)
    }

    /// Sets a sysctl of this namespace: `("net.ipv4.ip_forward", "1")`. A dot inside an interface name is written `/`.
    ///
    /// # Errors
    /// [`Error::File`] when the kernel has no such key or refuses the value.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<(), Error> {
        let path = sysctl_path(key);
        let written = self.run(|| std::fs::write(&path, value))?;
        written.map_err(|source| Error::File { what: "cannot write", path, source })
    }

    /// Reads a sysctl of this namespace, without the line's end.
    ///
    /// # Errors
    /// [`Error::File`] when the kernel has no such key.
    pub fn read_sysctl(&self, key: &str) -> Result<String, Error> {
        let path = sysctl_path(key);
        let text = self.run(|| std::fs::read_to_string(&path))?;
        let text = text.map_err(|source| Error::File { what: "cannot read", path, source })?;
        Ok(text.trim_end().to_owned())
    }

    /// A file of `/proc/net` as this namespace sees it, say `dev` or `stat/nf_conntrack`.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn read_proc_net(&self, file: &str) -> Result<String, Error> {
        let path = PathBuf::from("/proc/thread-self/net").join(file);
        let text = self.run(|| std::fs::read_to_string(&path))?;
        text.map_err(|source| Error::File { what: "cannot read", path, source })
    }

    /// Processes inside, without this one.
    fn pids(&self) -> Vec<Pid> {
        let listed = command::run_line(&format!("ip netns pids {}", self.name)).unwrap_or_default();
        let pids = listed.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.map(Pid::from_raw).filter(|pid| *pid != Pid::this()).collect()
    }
}

fn sysctl_path(key: &str) -> PathBuf {
    let names = key.split('.').map(|name| name.replace('/', "."));
    PathBuf::from("/proc/sys").join(names.collect::<PathBuf>())
}

impl Drop for Netns {
    fn drop(&mut self) {
        for pid in self.pids() {
            // it may have ended by itself since it was listed
            kill(pid, Signal::SIGKILL).unwrap_or_default();
        }
        if let Err(error) = command::run_line(&format!("ip netns del {}", self.name)) {
            eprintln!("namespace {} stays behind: {error}", self.name);
        }
    }
}

#[cfg(test)]
mod tests;
