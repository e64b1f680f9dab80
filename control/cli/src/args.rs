use crate::explain::ExplainArguments;
use crate::metrics::Metrics;
use crate::mirror::Mirror;
use crate::queue::QueueArguments;
use crate::tune::Tune;
use clap::{Args, Parser, Subcommand};
use flumen_api::{Condition, PortRange, Protocol, SessionFilter, SessionsAtCommit};
use flumen_daemon::Options;
use ipnet::IpNet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Router, firewall and NAT gateway in eBPF.
#[derive(Debug, Parser)]
#[command(
    name = "flumen",
    version,
    after_help = "Without a command: the shell, on a terminal. Its operational commands are commands here, too:\n  \
                  flumen show security flow session --json\n\
                  Exit status: 0 done, 1 refused or failed, 2 wrong usage."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Print JSON instead of text
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Any words, with the global options wherever they stand among them.
#[derive(Debug)]
pub(crate) struct Loose {
    pub(crate) connection: Connection,
    pub(crate) json: bool,
    pub(crate) words: Vec<String>,
}

/// How to reach the daemon.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connection {
    /// Directory of the daemon's socket and lock
    #[arg(long, global = true, help_heading = "Global options", value_name = "DIR", env = "FLUMEN_RUN_DIR", default_value = Options::RUN_DIR)]
    pub(crate) run_dir: PathBuf,

    /// Seconds to wait for the daemon's answer
    #[arg(long, global = true, help_heading = "Global options", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
}

/// Where the daemon keeps what outlives it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Places {
    /// Directory of configurations, numbers in use, and original settings of the host
    #[arg(long, value_name = "DIR", env = "FLUMEN_STATE_DIR", default_value = Options::STATE_DIR)]
    pub(crate) state_dir: PathBuf,

    /// Directory for pinned programs and tables; in a bpf filesystem, which is mounted if need be
    #[arg(long, value_name = "DIR", env = "FLUMEN_BPF_DIR", default_value = Options::BPF_DIR)]
    pub(crate) bpf_dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the daemon in the foreground; a dead or stopped daemon leaves the gateway enforcing
    Run {
        /// Configuration to start with [default: the last applied one]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Open a TCP door for gRPC as this file says [default: the Unix socket alone]
        #[arg(long, value_name = "FILE")]
        grpc: Option<PathBuf>,
        #[command(flatten)]
        places: Places,
    },
    /// Would this configuration be accepted? Needs neither a daemon nor root
    #[command(after_help = "Exit status: 0 accepted, 1 refused, 2 wrong usage or no such file.")]
    Check {
        /// Configuration file; - for standard input
        file: PathBuf,
        /// Refuse interfaces whose device this host does not have, as apply does [default: warn]
        #[arg(long)]
        host: bool,
        /// Keep statements without support instead of refusing them; no policy lets more pass for it
        #[arg(long)]
        lenient: bool,
    },
    /// Make this configuration the active one, whole or not at all
    Apply {
        /// Configuration file; - for standard input
        file: PathBuf,
        /// Go back by itself unless `flumen confirm` comes within so many minutes
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=65535))]
        confirmed: Option<u32>,
        /// Go back earlier when this fails: ping:ADDRESS, tcp:ADDRESS:PORT, drops:NUMBER, management; may be repeated
        #[arg(long, value_name = "WHAT", requires = "confirmed")]
        probe: Vec<String>,
        /// Failed looks in a row, one a second, that end the commit
        #[arg(long, value_name = "LOOKS", default_value_t = Condition::TOLERANCE, value_parser = clap::value_parser!(u32).range(1..))]
        tolerance: u32,
        /// What becomes of live sessions [default: as `security policies policy-rematch` says]
        #[arg(long)]
        sessions: Option<Sessions>,
    },
    /// Keep the configuration that was applied with --confirmed
    Confirm,
    /// Run commands of the shell one after the other, up to the first that fails
    #[command(after_help = "Without commands they are read from standard input, one on each line.\n\
                            Example: flumen cli -c \"configure; set system host-name gw; commit\"")]
    Cli {
        /// Commands, separated by ;
        #[arg(short, long, value_name = "COMMANDS", conflicts_with = "line")]
        commands: Option<String>,
        /// The same without a dash
        #[arg(value_name = "COMMANDS")]
        line: Vec<String>,
    },
    /// Show what the gateway is, does and has seen
    #[command(subcommand)]
    Show(Show),
    /// Remove state
    #[command(subcommand)]
    Clear(Clear),
    /// How would a packet fare? Every stage, on the live tables or on a candidate configuration
    Explain(Box<ExplainArguments>),
    /// Traffic mirrors: VXLAN taken off, translated, delivered
    #[command(subcommand)]
    Mirror(Mirror),
    /// What the gateway has counted, for Prometheus, node-exporter, CloudWatch
    #[command(subcommand)]
    Metrics(Metrics),
    /// What makes this host fast: sysctls, offloads, rings, interrupts. Needs no daemon
    #[command(subcommand)]
    Tune(Tune),
    /// Print completions for a shell, or the manual page
    #[command(after_help = "Example: flumen generate bash > /usr/share/bash-completion/completions/flumen")]
    Generate {
        /// What
        what: Generated,
    },
    /// Detach from every interface, remove all tables, put the host's settings back; ends the daemon
    Detach {
        #[command(flatten)]
        places: Places,
    },
    /// End the daemon; what is attached keeps enforcing
    Stop,
    /// The process of one queue; the daemon starts it
    #[command(hide = true)]
    DfClearQueue(QueueArguments),
}

/// What becomes of the sessions that live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sessions {
    /// They go on until they end
    Keep,
    /// Those that the new rules deny or translate otherwise end
    Rematch,
}

impl From<Sessions> for SessionsAtCommit {
    fn from(sessions: Sessions) -> SessionsAtCommit {
        match sessions {
            Sessions::Keep => SessionsAtCommit::Keep,
            Sessions::Rematch => SessionsAtCommit::Rematch,
        }
    }
}

/// What is made from the arguments of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Generated {
    /// Completions for bash
    Bash,
    /// Completions for fish
    Fish,
    /// Completions for zsh
    Zsh,
    /// The manual page
    Man,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Show {
    /// Sessions, two lines each: the opener's packets, and those back to it
    Sessions {
        #[command(flatten)]
        filter: FilterArguments,
        /// Show at most so many; all are counted
        #[arg(long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true)]
        limit: u32,
    },
    /// Zones, their interfaces and what may reach the host itself
    Zones,
    /// Policies in order of evaluation, and their hits
    Policies,
    /// NAT rules in order of evaluation, and their hits
    Nat,
    /// Interfaces, their state, mode and traffic
    Interfaces,
    /// How every frame ended: counts by reason, and their sum against what was received
    Reasons {
        /// Only this interface
        #[arg(long, value_name = "NAME")]
        interface: Option<String>,
        /// Only reasons that have counted something
        #[arg(long)]
        seen: bool,
    },
    /// The daemon, its ruleset and how full the tables are
    Status,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Clear {
    /// End the sessions that match; all when there is no filter
    Sessions {
        #[command(flatten)]
        filter: FilterArguments,
    },
}

/// Which sessions. Every given condition must hold; an address or port matches before or after translation.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct FilterArguments {
    /// Source of the opener's packets: address or prefix
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    source: Option<IpNet>,
    /// Destination of the opener's packets: address or prefix
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    destination: Option<IpNet>,
    /// Either of the two
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    host: Option<IpNet>,
    /// Source port, or ICMP identifier: 5000 or 1024-65535
    #[arg(long, value_name = "PORTS")]
    source_port: Option<PortRange>,
    /// Destination port: 443 or 8000-8010
    #[arg(long, value_name = "PORTS")]
    destination_port: Option<PortRange>,
    /// IP protocol by name or number
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<Protocol>,
    /// Zone of the opener
    #[arg(long, value_name = "ZONE")]
    from_zone: Option<String>,
    /// Zone that the opener's packets leave by
    #[arg(long, value_name = "ZONE")]
    to_zone: Option<String>,
    /// Policy that admitted it
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Only translated sessions
    #[arg(long)]
    nat: bool,
}

// === impl Loose ===

impl Loose {
    /// Takes the global options out of the words; none when they are wrong.
    pub(crate) fn of(words: impl Iterator<Item = String>) -> Option<Loose> {
        #[derive(Parser)]
        struct Global {
            #[command(flatten)]
            connection: Connection,
        }
        let (mut json, mut global, mut rest) = (false, vec!["flumen".to_owned()], Vec::new());
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => json = true,
                "--run-dir" | "--timeout" => global.extend([word, words.next()?]),
                other if other.starts_with("--run-dir=") || other.starts_with("--timeout=") => {
                    global.push(word)
                }
                _ => rest.push(word),
            }
        }
        let Global { connection } = Global::try_parse_from(global).ok()?;
        Some(Loose { connection, json, words: rest })
    }
}

// === impl Connection ===

impl Connection {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

// === impl Places ===

impl Places {
    pub(crate) fn options(&self, connection: &Connection, config: Option<PathBuf>) -> Options {
        Options {
            run_dir: connection.run_dir.clone(),
            state_dir: self.state_dir.clone(),
            bpf_dir: self.bpf_dir.clone(),
            config,
            grpc: None,
        }
    }
}

// === impl FilterArguments ===

impl From<FilterArguments> for SessionFilter {
    fn from(arguments: FilterArguments) -> SessionFilter {
        SessionFilter {
            source: arguments.source,
            destination: arguments.destination,
            host: arguments.host,
            source_port: arguments.source_port,
            destination_port: arguments.destination_port,
            protocol: arguments.protocol,
            from_zone: arguments.from_zone,
            to_zone: arguments.to_zone,
            policy: arguments.policy,
            nat: arguments.nat,
        }
    }
}

/// A prefix; a lone address is one of full length, and host bits are cut off.
pub(crate) fn prefix(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let net = address.or_else(|_| text.parse::<IpNet>());
    net.map(|net| net.trunc())
        .map_err(|_| "use an address or a prefix: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Clear, Command, Show};
    use clap::{CommandFactory, Parser};
    use flumen_api::{Protocol, SessionFilter};

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn show_and_clear_read_the_same_filter() {
        let flags = [
            "--source",
            "192.0.2.7/24",
            "--destination",
            "2001:db8::1",
            "--destination-port",
            "80-443",
            "--protocol",
            "tcp",
            "--from-zone",
            "lan",
            "--nat",
        ];
        let expected = SessionFilter {
            source: Some("192.0.2.0/24".parse().unwrap()),
            destination: Some("2001:db8::1/128".parse().unwrap()),
            destination_port: Some("80-443".parse().unwrap()),
            protocol: Some(Protocol::TCP),
            from_zone: Some("lan".into()),
            nat: true,
            ..SessionFilter::default()
        };
        let parse = |verb: &str| {
            Arguments::try_parse_from(["flumen", verb, "sessions"].into_iter().chain(flags)).unwrap()
        };
        let Some(Command::Show(Show::Sessions { filter, .. })) = parse("show").command else {
            panic!("not show sessions")
        };
        assert_eq!(SessionFilter::from(filter), expected);
        let Some(Command::Clear(Clear::Sessions { filter })) = parse("clear").command else {
            panic!("not clear sessions")
        };
        assert_eq!(SessionFilter::from(filter), expected);
    }

    #[test]
    fn a_wrong_flag_is_a_usage_error() {
        for line in [
            "show",
            "show sesions",
            "show sessions --source 300.1.1.1",
            "check",
            "explain",
            "--timeout 0 stop",
        ] {
            let words = std::iter::once("flumen").chain(line.split(' '));
            assert_eq!(Arguments::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
