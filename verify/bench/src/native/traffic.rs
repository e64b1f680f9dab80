//! Frames for the native engine.

use flumen_native::FrameBuffer;
use flumen_testkit::packet::Packet;
use flumen_testkit::topology::Segment;

/// Frames that differ in their destination.
pub(super) struct Traffic {
    frame: Vec<u8>,
    pub(super) flows: u32,
    /// Of the next frame: how many there were before.
    pub(super) number: u32,
    /// Flows are drawn pseudo-randomly, not one after the other.
    pub(super) random: bool,
}

// === impl Traffic ===

impl Traffic {
    /// UDP over IPv4 in the shortest frames, to as many destinations as there are flows.
    pub(super) fn new(flows: u32, random: bool) -> Self {
        let (lan, device) = (Segment::Lan.host(), Segment::Lan.gateway());
        let packet = Packet::eth().macs(lan.mac, device.mac).ipv4(lan.v4, [100, 64, 0, 1]);
        let frame = packet.udp(1024, 5001).payload_len(18).build();
        Self { frame, flows, number: 0, random }
    }

    /// Writes the next frames.
    pub(super) fn fill(&mut self, burst: &mut [FrameBuffer]) {
        for buffer in burst {
            let flow = self.next_flow();
            let mut frame = [0; 60];
            frame.copy_from_slice(&self.frame);
            set_destination(&mut frame, flow);
            buffer.refill(&frame);
        }
    }

    fn next_flow(&mut self) -> u32 {
        let number = self.number;
        self.number = number.wrapping_add(1);
        if !self.random {
            return number % self.flows;
        }
        // the finaliser of MurmurHash3, as the rig's generator has it
        let mut hash = number;
        hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 16;
        ((u64::from(hash) * u64::from(self.flows)) >> 32) as u32
    }
}

/// Adds `flow`, modulo the routed block's size, to the destination of a frame whose destination is 100.64.0.1; checksums
/// follow (RFC 1624).
fn set_destination(frame: &mut [u8; 60], flow: u32) {
    const DESTINATION: usize = 30;
    const IP_CHECKSUM: usize = 24;
    const UDP_CHECKSUM: usize = 40;
    let address = (0x6440_0001 + flow % 0x003f_0000).to_be_bytes();
    let mut difference = 0;
    for half in [0, 2] {
        let at = DESTINATION + half;
        let (old, new) = ([frame[at], frame[at + 1]], [address[half], address[half + 1]]);
        difference += u32::from(!u16::from_be_bytes(old)) + u32::from(u16::from_be_bytes(new));
        frame[at..at + 2].copy_from_slice(&new);
    }
    for at in [IP_CHECKSUM, UDP_CHECKSUM] {
        let checksum = u16::from_be_bytes([frame[at], frame[at + 1]]);
        let mut sum = u32::from(!checksum) + difference;
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        frame[at..at + 2].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use flumen_testkit::packet::verify_checksums;

    use super::{Traffic, set_destination};

    #[test]
    fn a_frame_to_another_destination_has_right_checksums() {
        let traffic = Traffic::new(1, false);
        for flow in [0, 1, 255, 65_536, 3_000_000] {
            let mut frame: [u8; 60] = traffic.frame.as_slice().try_into().expect("60 bytes");
            set_destination(&mut frame, flow);
            let found = verify_checksums(&frame);
            assert!(found.is_ok(), "{flow}: {found:?}");
        }
    }
}
