//! What the daemon is asked and what it answers.
//!
//! Two forms of the same: the types ([`Request`], [`Response`] and what they hold), which the daemon and the commands use,
//! and [`v1`], the messages of gRPC that carry them, which everybody else uses. [`wire`] leads from one to the other
//! ([ADR 12](../../../docs/adr/0012-commands-over-grpc.md)).
#![forbid(unsafe_code)]

mod brief;
mod clear;
mod commit;
mod condition;
mod configuration;
mod counter;
mod error;
mod explain;
mod filter;
mod interfaces;
mod links;
mod log;
mod message;
mod names;
mod nat;
mod neighbours;
mod policies;
mod policy_match;
mod preview;
mod protocol;
mod reasons;
mod request;
mod response;
mod routes;
mod services;
mod sessions;
mod status;
mod system;
pub mod wire;
mod zones;

pub use brief::brief;
pub use clear::Cleared;
pub use commit::{EndedSessions, Rematched, SessionsAtCommit};
pub use condition::{Condition, Watched, WatchedError};
pub use configuration::{
    CandidateKind, CommitInfo, Committed, Completion, CompletionWord, ConfigurationAction,
    ConfigurationAnswer, ConfigurationRequest, Edited, EditingReport, EditorInfo, Form, HistoryReport,
    LoadHow, PendingInfo, PlannedInfo, RollbackTo, Which,
};
pub use counter::Traffic;
pub use error::ApiError;
pub use explain::{ExplainInput, ExplainReport, ExplainRequest, ExplainedPacket, Probe, TraceStep};
pub use filter::{FilterError, PortRange, SessionFilter};
pub use interfaces::{InterfaceInfo, InterfacesReport, LinkState};
pub use links::{LinkInfo, LinksReport};
pub use log::{LogKind, LogLine, LogReport};
pub use message::ConfigMessage;
pub use names::NameKind;
pub use nat::{NatInfo, NatReport, Translation};
pub use neighbours::{NeighbourInfo, NeighboursReport};
pub use policies::{PoliciesReport, PolicyAction, PolicyInfo};
pub use policy_match::{PolicyMatch, PolicyQuery};
pub use preview::{Preview, UnusedRule};
pub use protocol::Protocol;
pub use reasons::{InterfaceReasons, ReasonCount, ReasonsReport};
pub use request::Request;
pub use response::{Applied, Checked, Response};
pub use routes::{RouteHop, RouteInfo, RouteQuery, RoutesReport};
pub use services::{
    CanaryPath, CanaryReport, MirrorInfo, MirrorRuleInfo, QueueInfo, ServiceCounters, ServiceInfo,
    ServicesReport,
};
pub use sessions::{SessionInfo, SessionOrder, SessionsReport, TcpState, Tuple};
pub use status::{DoorUse, StatusReport, TableUse};
pub use system::{AlarmInfo, SystemReport};
pub use zones::{ZoneInfo, ZonesReport};

/// Messages, clients and servers that the compiler made of `proto/`.
#[allow(missing_docs, clippy::all, clippy::wildcard_imports, reason = "generated; documented in proto/")]
pub mod v1 {
    tonic::include_proto!("flumen.v1");

    /// The descriptors of all services, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/flumen.v1.bin"));
}

/// The largest message in either direction, bytes. A configuration of 100,000 lines fits.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// The trailer with the whole of an error, a [`v1::Error`].
pub const ERROR_TRAILER: &str = "flumen-error-bin";
/// The header that says how many bytes that may have.
pub const ERROR_BYTES_HEADER: &str = "flumen-error-bytes";
