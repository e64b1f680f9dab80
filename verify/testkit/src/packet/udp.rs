//! UDP (RFC 768).

use super::{Checksum, Layer, Packet, Pseudo, checksum, protocol};

#[derive(Clone, Debug)]
pub(super) struct Udp {
    pub(super) sport: u16,
    pub(super) dport: u16,
    len: Option<u16>,
    pub(super) checksum: Checksum,
}

// === impl Packet ===

impl Packet {
    /// Adds a UDP header. For a checksum of zero or a wrong one, see [`Packet::checksum`].
    pub fn udp(self, sport: u16, dport: u16) -> Self {
        self.with(Layer::Udp(Udp { sport, dport, len: None, checksum: Checksum::Right }))
    }

    /// Overrides UDP's length, in bytes with its header.
    pub fn udp_len(self, new: u16) -> Self {
        self.change("udp length", |layer| match layer {
            Layer::Udp(udp) => {
                udp.len = Some(new);
                true
            }
            _ => false,
        })
    }
}

// === impl Udp ===

impl Udp {
    pub(super) fn wrap(&self, body: &[u8], pseudo: Option<Pseudo>) -> Vec<u8> {
        let len = self.len.unwrap_or_else(|| {
            u16::try_from(8 + body.len()).expect("a UDP datagram has at most 65,535 bytes")
        });
        let mut bytes = Vec::new();
        bytes.extend(self.sport.to_be_bytes());
        bytes.extend(self.dport.to_be_bytes());
        bytes.extend(len.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend_from_slice(body);
        let pseudo = pseudo.map(|pseudo| pseudo.sum(protocol::UDP, bytes.len()));
        checksum::write(&mut bytes, 6, pseudo, self.checksum, true);
        bytes
    }
}
