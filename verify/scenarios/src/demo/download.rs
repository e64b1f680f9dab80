//! A download that takes its time.

use std::path::PathBuf;

use anyhow::{Context, Result};
use flumen_api::{SessionInfo, TcpState};
use flumen_scenarios::{Flumen, content};

use super::screen::{Running, Screen};
use super::set::{Host, Set};

/// Bytes to download, at 4 MB/s.
const LENGTH: usize = 48_000_000;
const ORIGINAL: &str = "original.bin";
const COPY: &str = "copy.bin";

/// A running curl.
pub(super) struct Download {
    running: Running,
    copy: PathBuf,
}

// === impl Download ===

impl Download {
    /// Starts it. The server's side of it lies beside it as a file, for the checksum.
    pub(super) fn start(screen: &Screen, set: &Set) -> Result<Self> {
        let directory = set.directory()?;
        std::fs::write(directory.join(ORIGINAL), content(LENGTH)).context("cannot write the original")?;
        let copy = directory.join(COPY);
        // what an earlier one has left would look like progress
        std::fs::write(&copy, []).context("cannot empty the copy")?;
        let line = format!("curl --silent --output {COPY} http://203.0.113.2/slow/{LENGTH}");
        screen.typed(Host::Client, &format!("{line} &"));
        let running = screen.start_unseen(&mut set.command(Host::Client, &line)?, &line)?;
        Ok(Self { running, copy })
    }

    /// Bytes that have arrived.
    pub(super) fn arrived(&self) -> u64 {
        std::fs::metadata(&self.copy).map_or(0, |facts| facts.len())
    }

    /// It is not done yet.
    pub(super) fn runs(&mut self) -> bool {
        self.running.status().is_none()
    }

    /// Waits until more has arrived than `bytes`.
    pub(super) fn wait_beyond(&self, screen: &Screen, bytes: u64) -> Result<()> {
        screen.wait_until("the download goes on", || self.arrived() > bytes)
    }

    /// Lets the rest come quickly, waits for its end and compares the checksums; true when they are the same.
    pub(super) fn finish(self, screen: &Screen, set: &Set) -> Result<bool> {
        set.hurry();
        let ended = self.running.finish(screen)?;
        let sums = [(Host::Server, ORIGINAL), (Host::Client, COPY)].map(|(host, file)| {
            let said = screen.run(set, host, &format!("sha256sum {file}"), |_| true)?;
            Ok(said.text.split_whitespace().next().unwrap_or_default().to_owned())
        });
        let [original, copy]: [Result<String>; 2] = sums;
        Ok(ended.success && original? == copy?)
    }

    /// Its session: the one TCP connection that is open.
    pub(super) fn session(flumen: &Flumen) -> Result<SessionInfo> {
        let sessions = flumen.sessions()?;
        let mut open = sessions.into_iter().filter(|session| session.state == Some(TcpState::Established));
        open.next().context("the download has no session")
    }

    /// Whether a session is still there, under its number and with its translation.
    pub(super) fn goes_on(flumen: &Flumen, before: &SessionInfo) -> Result<bool> {
        let same = |now: &SessionInfo| {
            (now.id, now.arrives, now.departs) == (before.id, before.arrives, before.departs)
                && now.reverse.packets > before.reverse.packets
        };
        Ok(flumen.sessions()?.iter().any(same))
    }
}
