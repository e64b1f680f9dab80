//! The scene: hosts, servers and the program.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use flumen_scenarios::{HttpServer, Lab};
use flumen_testkit::netns::{Daemon, Listener, Netns};
use flumen_testkit::topology::{Gateway, Segment};

/// How long a server may take to listen.
const READY: Duration = Duration::from_secs(20);

/// Where iperf3 listens.
pub(super) const IPERF_PORT: u16 = 5201;

/// Everything that the tour needs.
pub(super) struct Set {
    pub(super) lab: Lab,
    web: [HttpServer; 3],
    _iperf: Daemon,
}

/// Who types a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Client,
    Gateway,
    Server,
}

// === impl Set ===

impl Set {
    pub(super) fn build() -> Result<Self> {
        let lab = Lab::idle(Gateway::builder().dmz().build()?)?;
        let (server, vault) = (lab.server(), lab.topology().host(Segment::Dmz));
        let web =
            [HttpServer::start(server, 80)?, HttpServer::start(server, 8080)?, HttpServer::start(vault, 80)?];
        let iperf = server.spawn("iperf3 -s")?;
        server.wait_listening(Listener::Tcp(IPERF_PORT), READY)?;
        Ok(Self { lab, web, _iperf: iperf })
    }

    /// Where files of the tour are: every host's working directory.
    pub(super) fn directory(&self) -> Result<std::path::PathBuf> {
        let file = self.lab.flumen().places().file("x");
        Ok(file.parent().context("a file is in a directory")?.to_owned())
    }

    /// Ends the slowness of slow downloads.
    pub(super) fn hurry(&self) {
        for server in &self.web {
            server.hurry();
        }
    }

    /// A line that somebody types, as a command; arguments are parted by spaces.
    pub(super) fn command(&self, host: Host, line: &str) -> Result<Command> {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let mut command = match (host, program) {
            (Host::Gateway, "flumen") => self.lab.flumen().command(words),
            _ => {
                let mut command = enter(self.namespace(host), program);
                command.args(words);
                command
            }
        };
        command.current_dir(self.directory()?);
        Ok(command)
    }

    fn namespace(&self, host: Host) -> &Netns {
        match host {
            Host::Client => self.lab.client(),
            Host::Gateway => self.lab.gateway(),
            Host::Server => self.lab.server(),
        }
    }
}

fn enter(namespace: &Netns, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net={}", namespace.path().display())).arg(Path::new(program));
    command
}

// === impl Host ===

impl Host {
    /// What stands before a line that is typed there.
    pub(super) const fn prompt(self) -> &'static str {
        match self {
            Self::Client => "client$",
            Self::Gateway => "gateway#",
            Self::Server => "server$",
        }
    }
}
