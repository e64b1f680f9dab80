use crate::Target;
use flumen_abi::{
    Counter, CounterIndex, IfIndex, InterfaceId, InterfaceKey, InterfaceRow, Reason, Slot, Vlan, ZoneId,
};
use flumen_frame::SliceFrame;
use flumen_native::{Bounds, NativeEnvironment, NativeTables, RouteTable, take};
use flumen_pipeline::{NoTrace, Scratch};
use std::ops::Range;

/// Bytes of an Ethernet header, which packets in a queue have none of.
const ETHERNET: usize = 14;

/// The pipeline of XDP over tables in memory, for packets without a link header.
pub struct Stage {
    tables: NativeTables<'static>,
    environment: NativeEnvironment<RouteTable>,
    scratch: Box<Scratch>,
    devices: Vec<IfIndex>,
}

// === impl Stage ===

impl Stage {
    /// Room that a packet needs before its IP header.
    pub const HEADROOM: usize = ETHERNET;

    /// With the services of these devices, which are in no zone.
    pub fn new(targets: &[Target]) -> Stage {
        let mut tables = NativeTables::new(Bounds { sessions: 1, fragments: 1 });
        let rows = tables.ruleset_mut(Slot::new(0));
        for target in targets {
            let (device, id) = (IfIndex(target.index), InterfaceId(target.interface));
            let key = InterfaceKey { slot: 0, device, vlan: Vlan { outer: 0, inner: 0 }, reserved: 0 };
            let row = InterfaceRow { link: device, zone: ZoneId::NONE, id, station: 0 };
            rows.interfaces.insert(key, row);
            rows.services.services.insert(id, target.row());
        }
        Stage {
            tables,
            environment: NativeEnvironment::new(RouteTable::default(), 1),
            scratch: Box::default(),
            devices: targets.iter().map(|target| IfIndex(target.index)).collect(),
        }
    }

    /// Knows the device.
    pub fn serves(&self, device: u32) -> bool {
        self.devices.contains(&IfIndex(device))
    }

    /// Takes the packet at `place` of the buffer, arrived on `device`, through the pipeline. [`Stage::HEADROOM`] bytes before
    /// it are overwritten. True when the packet was changed.
    ///
    /// # Panics
    /// When there are fewer bytes before it.
    pub fn take(&mut self, device: u32, protocol: u16, buffer: &mut [u8], place: &Range<usize>) -> bool {
        let start = place.start - ETHERNET;
        buffer[start..place.start].fill(0);
        buffer[place.start - 2..place.start].copy_from_slice(&protocol.to_be_bytes());
        let mut frame = SliceFrame::new(buffer, start, place.end);
        let Stage { tables, environment, scratch, .. } = self;
        let verdict = take(&mut frame, IfIndex(device), tables, environment, &mut NoTrace, scratch);
        verdict.reason == Reason::DfCleared
    }

    /// Frames of an interface that ended with a reason, as in the tables of XDP.
    pub fn counted(&self, interface: u16, reason: Reason) -> Counter {
        self.tables.counter(CounterIndex::reason(InterfaceId(interface), reason))
    }

    /// Frames of an interface.
    pub fn received(&self, interface: u16) -> Counter {
        self.tables.counter(CounterIndex::received(InterfaceId(interface)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, Stage};
    use crate::Target;
    use flumen_abi::Reason;
    use flumen_testkit::packet::{Packet, verify_checksums};

    fn target() -> Target {
        Target {
            device: "br0".into(),
            index: 7,
            interface: 3,
            port: 31765,
            over: 1400,
            zero_udp: false,
            share: 0,
        }
    }

    /// The packet in a buffer with room before and after it.
    fn queued(frame: &[u8]) -> (Vec<u8>, Range<usize>) {
        let mut buffer = vec![0xee; 50];
        buffer.extend_from_slice(&frame[14..]);
        let place = 50..buffer.len();
        buffer.extend_from_slice(&[0xee; 9]);
        (buffer, place)
    }

    #[test]
    fn df_is_cleared_of_long_packets_to_the_port_and_nothing_else_changes() {
        let eth = || Packet::eth().ipv4("192.0.2.1", "192.0.2.2");
        let cases = [
            (eth().df().udp(9, 31765).payload_len(1373).build(), true),
            (eth().df().options([1; 8]).udp(9, 31765).payload_len(1373).build(), true),
            (eth().df().udp(9, 31765).payload_len(1372).build(), false),
            (eth().df().udp(9, 31766).payload_len(1373).build(), false),
            (eth().df().udp(31765, 9).payload_len(1373).build(), false),
            (eth().udp(9, 31765).payload_len(1373).build(), false),
            (eth().df().tcp(9, 31765).payload_len(1400).build(), false),
            (Packet::eth().ipv6("2001:db8::1", "2001:db8::2").udp(9, 31765).payload_len(1400).build(), false),
        ];
        let mut stage = Stage::new(&[target()]);
        for (frame, cleared) in &cases {
            let (mut buffer, place) = queued(frame);
            let protocol = u16::from_be_bytes([frame[12], frame[13]]);
            assert_eq!(stage.take(7, protocol, &mut buffer, &place), *cleared);
            let mut after = frame.clone();
            after[14..].copy_from_slice(&buffer[place.clone()]);
            verify_checksums(&after).expect("checksums are right");
            assert_eq!(after == *frame, !cleared);
            after[20..22].copy_from_slice(&frame[20..22]);
            after[24..26].copy_from_slice(&frame[24..26]);
            assert_eq!(after, *frame, "only DF and the header's checksum");
            assert_eq!((buffer[0], buffer[place.end]), (0xee, 0xee));
        }
        assert_eq!(stage.counted(3, Reason::DfCleared).packets, 2);
        assert_eq!(stage.counted(3, Reason::PassedThrough).packets, 6);
        assert_eq!(stage.received(3).packets, 8);
    }

    #[test]
    fn what_cannot_be_read_passes_as_it_came() {
        let mut stage = Stage::new(&[target()]);
        let whole = Packet::eth().ipv4("192.0.2.1", "192.0.2.2").df().udp(9, 31765).payload_len(1400).build();
        for length in (14..60).chain([whole.len() - 1]) {
            let (mut buffer, place) = queued(&whole[..length]);
            let before = buffer[place.clone()].to_vec();
            stage.take(7, 0x800, &mut buffer, &place);
            if length < 42 {
                assert_eq!(buffer[place], before, "{length}");
            }
        }
    }

    #[test]
    fn a_udp_checksum_becomes_none_where_that_is_asked_for() {
        let mut stage = Stage::new(&[Target { zero_udp: true, ..target() }]);
        let frame = Packet::eth().ipv4("192.0.2.1", "192.0.2.2").df().udp(9, 31765).payload_len(1400).build();
        let (mut buffer, place) = queued(&frame);
        assert!(stage.take(7, 0x800, &mut buffer, &place));
        assert_eq!(buffer[place.start + 26..place.start + 28], [0, 0]);
    }
}
