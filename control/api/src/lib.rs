//! What the daemon is asked and what it answers.
//!
//! The types ([`Request`], [`Response`] and what they hold) know nothing of how they travel; [`transport`]
//! carries them as framed JSON over a Unix socket.
#![forbid(unsafe_code)]

mod clear;
mod configuration;
mod counter;
mod error;
mod explain;
mod filter;
mod interfaces;
mod message;
mod names;
mod nat;
mod policies;
mod preview;
mod protocol;
mod reasons;
mod request;
mod response;
mod sessions;
mod status;
pub mod transport;
mod zones;

pub use clear::Cleared;
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
pub use message::ConfigMessage;
pub use names::NameKind;
pub use nat::{NatInfo, NatReport, Translation};
pub use policies::{PoliciesReport, PolicyAction, PolicyInfo};
pub use preview::Preview;
pub use protocol::Protocol;
pub use reasons::{InterfaceReasons, ReasonCount, ReasonsReport};
pub use request::Request;
pub use response::{Applied, Checked, Response};
pub use sessions::{SessionInfo, SessionsReport, TcpState, Tuple};
pub use status::{StatusReport, TableUse};
pub use zones::{ZoneInfo, ZonesReport};

/// Version of every type in this crate. A daemon refuses requests of another version, and says so.
pub const VERSION: u32 = 1;
