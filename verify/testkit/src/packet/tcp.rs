//! TCP (RFC 9293).

use super::{Checksum, Layer, Packet, Pseudo, checksum, protocol};

/// No more data from the sender.
pub const FIN: u8 = 0x01;
/// Synchronise sequence numbers.
pub const SYN: u8 = 0x02;
/// Reset.
pub const RST: u8 = 0x04;
/// Push.
pub const PSH: u8 = 0x08;
/// The acknowledgement number counts.
pub const ACK: u8 = 0x10;
/// The urgent pointer counts.
pub const URG: u8 = 0x20;
/// ECN echo.
pub const ECE: u8 = 0x40;
/// Congestion window reduced.
pub const CWR: u8 = 0x80;

#[derive(Clone, Debug)]
pub(super) struct Tcp {
    pub(super) sport: u16,
    pub(super) dport: u16,
    seq: u32,
    ack: u32,
    data_offset: Option<u8>,
    flags: u8,
    window: u16,
    pub(super) checksum: Checksum,
    urgent: u16,
    pub(super) options: Vec<u8>,
}

// === impl Packet ===

impl Packet {
    /// Adds a TCP header: ACK alone, sequence numbers 0, window 64,240.
    pub fn tcp(self, sport: u16, dport: u16) -> Self {
        self.with(Layer::Tcp(Tcp {
            sport,
            dport,
            seq: 0,
            ack: 0,
            data_offset: None,
            flags: ACK,
            window: 64_240,
            checksum: Checksum::Right,
            urgent: 0,
            options: Vec::new(),
        }))
    }

    /// Sets all TCP flags, e.g. `SYN | ACK`.
    pub fn flags(self, new: u8) -> Self {
        self.change_tcp("flags", |tcp| tcp.flags = new)
    }

    /// Sets TCP's sequence number.
    pub fn seq(self, new: u32) -> Self {
        self.change_tcp("seq", |tcp| tcp.seq = new)
    }

    /// Sets TCP's acknowledgement number; the flag is apart.
    pub fn ack(self, new: u32) -> Self {
        self.change_tcp("ack", |tcp| tcp.ack = new)
    }

    /// Sets TCP's window, unscaled.
    pub fn window(self, new: u16) -> Self {
        self.change_tcp("window", |tcp| tcp.window = new)
    }

    /// Sets TCP's urgent pointer; the flag is apart.
    pub fn urgent(self, new: u16) -> Self {
        self.change_tcp("urgent", |tcp| tcp.urgent = new)
    }

    /// Adds the maximum segment size option.
    pub fn mss(self, bytes: u16) -> Self {
        let [high, low] = bytes.to_be_bytes();
        self.change_tcp("mss", |tcp| tcp.options.extend([2, 4, high, low]))
    }

    /// Overrides TCP's data offset, in words of 4 bytes. The header itself keeps its size.
    pub fn data_offset(self, words: u8) -> Self {
        self.change_tcp("data offset", |tcp| tcp.data_offset = Some(words))
    }

    /// Sets what stands in the checksum of the last TCP, UDP, ICMP or ICMPv6 header.
    pub fn checksum(self, kind: Checksum) -> Self {
        self.change("checksum", |layer| {
            let checksum = match layer {
                Layer::Tcp(tcp) => &mut tcp.checksum,
                Layer::Udp(udp) => &mut udp.checksum,
                Layer::Icmp(icmp) => &mut icmp.checksum,
                _ => return false,
            };
            *checksum = kind;
            true
        })
    }

    fn change_tcp(self, field: &str, change: impl Fn(&mut Tcp)) -> Self {
        self.change(field, |layer| match layer {
            Layer::Tcp(tcp) => {
                change(tcp);
                true
            }
            _ => false,
        })
    }
}

// === impl Tcp ===

impl Tcp {
    pub(super) fn wrap(&self, body: &[u8], pseudo: Option<Pseudo>) -> Vec<u8> {
        let words = u8::try_from(5 + self.options.len() / 4).expect("a TCP header is short");
        let data_offset = self.data_offset.unwrap_or(words);
        assert!(data_offset <= 15, "TCP has room for 40 bytes of options");
        let mut bytes = Vec::new();
        bytes.extend(self.sport.to_be_bytes());
        bytes.extend(self.dport.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.ack.to_be_bytes());
        bytes.extend([data_offset << 4, self.flags]);
        bytes.extend(self.window.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.urgent.to_be_bytes());
        bytes.extend_from_slice(&self.options);
        bytes.extend_from_slice(body);
        let pseudo = pseudo.map(|pseudo| pseudo.sum(protocol::TCP, bytes.len()));
        checksum::write(&mut bytes, 16, pseudo, self.checksum, false);
        bytes
    }
}
