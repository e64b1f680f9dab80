use crate::Protocol;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Asks how one or more frames would fare. Nothing is sent and no table changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExplainRequest {
    /// The frames.
    pub input: ExplainInput,
    /// Text of a configuration to ask instead of the active one.
    #[serde(default)]
    pub candidate: Option<String>,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum ExplainInput {
    /// A packet made from these fields.
    Probe(Probe),
    /// One frame.
    Frame {
        /// Interface it arrives on.
        interface: String,
        /// From its Ethernet header on.
        bytes: Vec<u8>,
    },
    /// Every frame of a capture file.
    Pcap {
        /// Interface they arrive on.
        interface: String,
        /// The file (pcap or pcapng).
        file: Vec<u8>,
    },
}

/// A packet by its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Interface it arrives on.
    pub interface: String,
    /// Source address.
    pub source: IpAddr,
    /// Destination address, of the same family.
    pub destination: IpAddr,
    /// IP protocol.
    pub protocol: Protocol,
    /// Source port; for ICMP the identifier.
    #[serde(default)]
    pub source_port: u16,
    /// Destination port.
    #[serde(default)]
    pub destination_port: u16,
    /// ICMP type and code; echo request when not given.
    #[serde(default)]
    pub icmp: Option<(u8, u8)>,
    /// TCP flags (RFC 9293 §3.1); SYN when not given.
    #[serde(default)]
    pub tcp_flags: Option<u8>,
}

/// Answer to an [`ExplainRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExplainReport {
    /// In order of the input. Each is asked on the state that the ones before it would have left.
    pub packets: Vec<ExplainedPacket>,
}

/// How one frame fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExplainedPacket {
    /// The packet in one line.
    pub summary: String,
    /// Every stage that it passed, in order.
    pub steps: Vec<TraceStep>,
    /// `forward`, `deliver`, `consume` or `drop`.
    pub outcome: String,
    /// Name of the reason.
    pub reason: String,
    /// What the reason means.
    pub reason_text: String,
    /// The frame as it arrives, hexadecimal.
    pub frame_before: String,
    /// The frame as it leaves, hexadecimal; empty when it does not.
    pub frame_after: String,
    /// Interface it leaves by.
    pub egress_interface: Option<String>,
}

/// What one stage found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Name of the stage.
    pub stage: String,
    /// What it found, in words.
    pub text: String,
    /// The row that matched, as the configuration names it.
    pub row: Option<String>,
}
