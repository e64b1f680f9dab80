//! What can go wrong while a test's surroundings are set up.

use std::path::PathBuf;
use std::time::Duration;

/// Why a namespace, a link, a probe or a measurement is not there.
///
/// `Debug` is the message with its causes: that is what a test's `unwrap` shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Namespaces and eBPF need root. A test never passes silently without.
    #[error("this needs root: network namespaces and eBPF programs; run the tests as root")]
    NotRoot,
    /// A program could not be started.
    #[error("cannot start `{command}`; is it installed?")]
    Start {
        /// The command line.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program failed, or did not end in time (status 124).
    #[error("`{command}` ended with {status}\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// Exit status in words.
        status: String,
        /// What it wrote to stderr, and to stdout.
        output: String,
    },
    /// A namespace could not be entered.
    #[error("cannot enter network namespace {name}")]
    Enter {
        /// The namespace.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file under /proc or elsewhere could not be read or written.
    #[error("{what} {}", path.display())]
    File {
        /// "cannot read" or the like.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A namespace has no such interface.
    #[error("no interface {dev} in {namespace}")]
    NoLink {
        /// The namespace, or "this thread's namespace".
        namespace: String,
        /// The interface.
        dev: String,
    },
    /// A system call failed.
    #[error("{call} failed")]
    System {
        /// What was asked for.
        call: &'static str,
        /// Why.
        #[source]
        source: nix::Error,
    },
    /// A condition did not come true in time.
    #[error("waited {waited:?} in vain until {what}")]
    Timeout {
        /// The condition.
        what: String,
        /// How long.
        waited: Duration,
    },
    /// The object with the tests' eBPF programs is missing.
    #[error("no eBPF object at {}; build it with `cargo xtask build-ebpf`", path.display())]
    NoProbes {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The object could not be loaded.
    #[error("cannot load {}", path.display())]
    Load {
        /// The object.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<aya::EbpfError>,
    },
    /// The object has no such program or map: it is older or newer than this crate.
    #[error("the eBPF object has no {what} `{name}`; build it anew with `cargo xtask build-ebpf`")]
    NoSymbol {
        /// "program" or "map".
        what: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A program was refused by the verifier, or could not be attached or run.
    #[error("eBPF program `{program}`")]
    Program {
        /// Its name.
        program: &'static str,
        /// Why.
        #[source]
        source: Box<aya::programs::ProgramError>,
    },
    /// A map could not be read or written.
    #[error("eBPF map `{map}`")]
    Map {
        /// Its name.
        map: &'static str,
        /// Why.
        #[source]
        source: Box<aya::maps::MapError>,
    },
    /// A traffic description that cannot be sent.
    #[error("impossible traffic: {0}")]
    Spec(String),
    /// The rig lost packets, so that its rate means nothing.
    #[error("sent {sent} packets, {arrived} arrived; {hint}")]
    Loss {
        /// Packets sent.
        sent: u64,
        /// Packets counted at the sink.
        arrived: u64,
        /// Counters that may tell where they went.
        hint: String,
    },
}

// === impl Error ===

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_message_and_all_causes() {
        let source = std::io::Error::other("no such file");
        let error = Error::Start { command: "ip".to_owned(), source };
        assert_eq!(format!("{error:?}"), "cannot start `ip`; is it installed?: no such file");
    }
}
