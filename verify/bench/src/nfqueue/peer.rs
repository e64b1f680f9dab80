//! The C program of `peer.c`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use flumen_testkit::netns::Netns;

const SOURCE: &str = include_str!("peer.c");

/// A running peer. Its standard input ends when it is dropped, and so does it.
pub(super) struct Peer {
    child: Child,
    _input: Option<ChildStdin>,
}

// === impl Peer ===

impl Peer {
    /// Compiles it in `folder` and starts it in `namespace`.
    ///
    /// # Errors
    /// What it says when it cannot be compiled or started.
    pub(super) fn start(namespace: &Netns, folder: &Path, queue: u16, port: u16, over: u16) -> Result<Self> {
        let (source, program) = (folder.join("peer.c"), folder.join("peer"));
        std::fs::write(&source, SOURCE)?;
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-o"]).arg(&program).arg(&source).args(["-lnetfilter_queue", "-lnfnetlink"]);
        let compiled =
            compiler.output().context("the peer is C: Debian packages gcc and libnetfilter-queue-dev")?;
        if !compiled.status.success() {
            let said = String::from_utf8_lossy(&compiled.stderr);
            let line = said.lines().find(|line| line.contains("error")).unwrap_or("it failed");
            bail!("the peer does not compile (Debian package libnetfilter-queue-dev): {line}");
        }
        let words = [queue, port, over].map(|number| number.to_string());
        let start =
            || Command::new(&program).args(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = namespace.run(start)??;
        let output = child.stdout.take().context("it is piped")?;
        let input = child.stdin.take();
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let peer = Self { child, _input: input };
        ensure!(line.trim() == "ready", "the peer ended at once");
        Ok(peer)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self._input = None;
        if let Err(error) = self.child.wait() {
            eprintln!("the peer: {error}");
        }
    }
}
