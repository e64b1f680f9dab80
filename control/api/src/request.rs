use crate::{
    Condition, ConfigurationRequest, ExplainRequest, LogKind, NameKind, PolicyQuery, RouteQuery,
    SessionFilter, SessionOrder, SessionsAtCommit,
};
use serde::{Deserialize, Serialize};

/// What the daemon is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Request {
    /// How it is.
    Status,
    /// Would this configuration be accepted?
    Check {
        /// Text of the configuration.
        text: String,
    },
    /// Make this configuration the active one, whole or not at all.
    Apply {
        /// Text of the configuration.
        text: String,
        /// Where it came from, for `show status`.
        source: String,
        /// Go back by itself unless it is confirmed within so many minutes, 1 to 65535.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirm_minutes: Option<u32>,
        /// What must hold until then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<Condition>,
        /// What becomes of live sessions; none: as `security policies policy-rematch` says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsAtCommit>,
    },
    /// Keep the active configuration, which was to be confirmed.
    Confirm,
    /// Edit, compare and commit configurations.
    Configuration(ConfigurationRequest),
    /// Names that the gateway knows.
    Names {
        /// Of what.
        of: NameKind,
    },
    /// Sessions that match.
    ShowSessions {
        /// Which.
        filter: SessionFilter,
        /// At most so many; counted are all.
        limit: u32,
        /// Those that are first by this; any when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<SessionOrder>,
    },
    /// Zones.
    ShowZones,
    /// Policies and their hits.
    ShowPolicies,
    /// NAT rules and their hits.
    ShowNat,
    /// Interfaces, their state and traffic.
    ShowInterfaces,
    /// How every frame ended.
    ShowReasons {
        /// Also reasons that count nothing.
        #[serde(default)]
        zeroes: bool,
    },
    /// Routes of the kernel.
    ShowRoutes(RouteQuery),
    /// Neighbours of the kernel: ARP and IPv6 neighbour discovery.
    ShowNeighbours,
    /// Network devices of the host, with what the kernel counts.
    ShowLinks,
    /// The host, the daemon's process, and what somebody should look after.
    ShowSystem,
    /// The last lines of a log.
    ShowLog {
        /// Which.
        log: LogKind,
        /// At most so many.
        lines: u32,
    },
    /// Which policy decides?
    MatchPolicy(PolicyQuery),
    /// What traffic mirrors and other services do.
    ShowServices,
    /// Which share of the flows has XDP, where only DF is cleared, and how do both ways compare?
    ShowCanary,
    /// Give XDP a share of those flows; the rest is seen to by queues.
    SetCanary {
        /// Percent, at most 100; none ends it, and XDP has all.
        percent: Option<u32>,
        /// Keep it, whatever is found.
        hold: bool,
    },
    /// End the sessions that match.
    ClearSessions {
        /// Which.
        filter: SessionFilter,
    },
    /// How would these packets fare?
    Explain(ExplainRequest),
    /// Detach from every interface, remove all state, put the host back, and end.
    Detach,
    /// End; what is attached keeps enforcing.
    Stop,
}

impl Request {
    /// To apply a text, with nothing said of conditions and sessions.
    pub fn apply(text: &str, source: &str, confirm_minutes: Option<u32>) -> Request {
        Request::Apply {
            text: text.to_owned(),
            source: source.to_owned(),
            confirm_minutes,
            conditions: Vec::new(),
            sessions: None,
        }
    }
}
