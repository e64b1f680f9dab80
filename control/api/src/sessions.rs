use crate::{Protocol, Traffic};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Answer to [`crate::Request::ShowSessions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionsReport {
    /// Those that match, up to the limit of the request, in the order that it asks for.
    pub sessions: Vec<SessionInfo>,
    /// How many match.
    pub matching: u64,
    /// How many there are.
    pub live: u64,
}

/// What sessions are sorted by, the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionOrder {
    /// Time since admission.
    Age,
    /// Bytes of both directions.
    Bytes,
    /// Time since the last packet.
    Idle,
    /// Packets of both directions.
    Packets,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionInfo {
    /// Number of its record; unique among live sessions, used again after.
    pub id: u32,
    /// Zone of the opener.
    pub from_zone: String,
    /// Zone it leaves by.
    pub to_zone: String,
    /// Policy that admitted it; `#<id>` when the active configuration no longer has it.
    pub policy: String,
    /// Generation of the ruleset that admitted it.
    pub generation: u32,
    /// IP protocol.
    pub protocol: Protocol,
    /// Forward direction as it arrives.
    pub arrives: Tuple,
    /// Forward direction as it departs; the same when nothing is translated.
    pub departs: Tuple,
    /// The source is translated.
    pub source_nat: bool,
    /// The destination is translated.
    pub destination_nat: bool,
    /// TCP only.
    pub state: Option<TcpState>,
    /// Milliseconds until it ends if no packet comes.
    pub remaining_ms: u64,
    /// Idle time after which it ends.
    pub timeout_ms: u64,
    /// Milliseconds since the last packet.
    pub idle_ms: u64,
    /// Seconds since admission.
    pub age_s: u64,
    /// From the opener.
    pub forward: Traffic,
    /// Back to it.
    pub reverse: Traffic,
}

/// Addresses and ports of one direction. ICMP has its identifier in `source_port`; others without ports have 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tuple {
    /// Source address.
    pub source: IpAddr,
    /// Source port.
    pub source_port: u16,
    /// Destination address.
    pub destination: IpAddr,
    /// Destination port.
    pub destination_port: u16,
}

/// Where a TCP connection stands, as far as the flags seen in each direction tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpState {
    /// The opener sent SYN.
    SynSent,
    /// The other side answered with SYN.
    SynReceived,
    /// The opener acknowledged that, or the session began in the middle of a connection.
    Established,
    /// One side sent FIN.
    Closing,
    /// Both sides sent FIN.
    Closed,
    /// A side sent RST.
    Reset,
}

impl TcpState {
    const FIN: u8 = 0x01;
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;

    /// From the union of the flags seen from the opener, and of those seen back to it (RFC 9293 §3.1).
    pub const fn from_flags(forward: u8, reverse: u8) -> TcpState {
        let both = forward & reverse;
        let either = forward | reverse;
        if either & Self::RST != 0 {
            TcpState::Reset
        } else if both & Self::FIN != 0 {
            TcpState::Closed
        } else if either & Self::FIN != 0 {
            TcpState::Closing
        } else if forward & Self::ACK != 0 {
            TcpState::Established
        } else if reverse & Self::SYN != 0 {
            TcpState::SynReceived
        } else {
            TcpState::SynSent
        }
    }

    /// As shown.
    pub const fn name(self) -> &'static str {
        match self {
            TcpState::SynSent => "syn-sent",
            TcpState::SynReceived => "syn-received",
            TcpState::Established => "established",
            TcpState::Closing => "closing",
            TcpState::Closed => "closed",
            TcpState::Reset => "reset",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TcpState;

    #[test]
    fn the_tcp_state_follows_the_flags_of_both_directions() {
        const FIN: u8 = 1;
        const SYN: u8 = 2;
        const RST: u8 = 4;
        const ACK: u8 = 16;
        for (forward, reverse, state) in [
            (SYN, 0, TcpState::SynSent),
            (SYN, SYN | ACK, TcpState::SynReceived),
            (SYN | ACK, SYN | ACK, TcpState::Established),
            (ACK, 0, TcpState::Established),
            (SYN | ACK | FIN, SYN | ACK, TcpState::Closing),
            (SYN | ACK, SYN | ACK | FIN, TcpState::Closing),
            (SYN | ACK | FIN, SYN | ACK | FIN, TcpState::Closed),
            (SYN, RST | ACK, TcpState::Reset),
        ] {
            assert_eq!(TcpState::from_flags(forward, reverse), state, "{forward:#x} {reverse:#x}");
        }
    }
}
