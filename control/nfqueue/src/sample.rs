use crate::worker::sound;
use crate::{QueueError, Target};
use flumen_abi::{Addr, ServiceRow, SessionKey, ZoneId};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, SockaddrLike, bind, recvfrom, socket,
};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

/// Frames that are looked at once at most.
const MOST: u64 = 256;

/// Bytes of a frame that are looked at: its headers.
const HEAD: usize = 96;

/// How packets of XDP's share of the flows look when they come out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Packets that are long and for the port, of flows of the share.
    pub packets: u64,
    /// Of these, those that still have DF.
    pub kept_df: u64,
    /// Of these, those whose header checksum is wrong.
    pub bad_checksums: u64,
}

// === impl Sample ===

impl Sample {
    /// Looks for so long at what arrives on the device of a target, behind XDP and before everything else.
    ///
    /// # Errors
    /// When packets cannot be looked at, for want of `CAP_NET_RAW` say.
    pub fn take(target: &Target, time: Duration) -> Result<Sample, QueueError> {
        let failed =
            |errno: Errno| QueueError::system(format!("look at packets of {}", target.device), errno);
        let mut sample = Sample::default();
        let Some(address) = link_address(&target.device).map_err(failed)? else { return Ok(sample) };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let tap =
            socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll).map_err(failed)?;
        bind(tap.as_raw_fd(), &address).map_err(failed)?;
        let (begin, mut head, mut seen) = (Instant::now(), [0; HEAD], 0);
        while seen < MOST {
            let Some(left) = time.checked_sub(begin.elapsed()) else { break };
            let mut ready = [PollFd::new(tap.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(errno) => return Err(failed(errno)),
            }
            match recvfrom::<LinkAddr>(tap.as_raw_fd(), &mut head) {
                // PACKET_OUTGOING and what is said to others do not come out of XDP
                Ok((length, Some(from))) if from.pkttype() < 4 => {
                    seen += 1;
                    sample.look(target, &head[..length]);
                }
                Ok(_) | Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        Ok(sample)
    }

    /// Adds what another look has seen.
    pub fn add(&mut self, other: Sample) {
        self.packets += other.packets;
        self.kept_df += other.kept_df;
        self.bad_checksums += other.bad_checksums;
    }

    fn look(&mut self, target: &Target, frame: &[u8]) {
        let Some(packet) = frame.get(14..).filter(|_| frame[12..14] == [8, 0]) else { return };
        let Some(share) = percentile(packet) else { return };
        let word = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        let header = usize::from(packet[0] & 0xf) * 4;
        let first = word(6) & 0x1fff == 0;
        if share >= target.share || !first || word(2) <= target.over || word(header + 2) != target.port {
            return;
        }
        self.packets += 1;
        self.kept_df += u64::from(word(6) & 0x4000 != 0);
        self.bad_checksums += u64::from(!sound(packet));
    }
}

/// Where the flow of an IPv4 packet with UDP stands among all ([`ServiceRow::percentile`]).
pub(crate) fn percentile(packet: &[u8]) -> Option<u16> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    let udp: &[u8; 8] = packet.get(header..header + 8)?.try_into().ok()?;
    if packet[0] >> 4 != 4 || header < 20 || packet[9] != 17 {
        return None;
    }
    let address = |at: usize| Addr::v4([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
    Some(ServiceRow::percentile(&SessionKey {
        src: address(12),
        dst: address(16),
        sport: u16::from_be_bytes([udp[0], udp[1]]).into(),
        dport: u16::from_be_bytes([udp[2], udp[3]]).into(),
        zone: ZoneId::NONE,
        proto: 17,
        reserved: 0,
    }))
}

fn link_address(device: &str) -> nix::Result<Option<LinkAddr>> {
    let mut found = getifaddrs()?.filter(|address| address.interface_name == device);
    Ok(found
        .find_map(|address| address.address.as_ref()?.as_link_addr().copied())
        .filter(|link| link.len() > 0))
}

#[cfg(test)]
mod tests {
    use super::{Sample, percentile};
    use crate::Target;
    use flumen_testkit::packet::Packet;

    #[test]
    fn packets_of_the_share_are_told_from_others_and_by_what_is_wrong_with_them() {
        let target = |share| Target {
            device: "br0".into(),
            index: 7,
            interface: 3,
            port: 31765,
            over: 1400,
            zero_udp: false,
            share,
        };
        let packet = |sport| Packet::eth().ipv4("192.0.2.1", "192.0.2.2").udp(sport, 31765).payload_len(1400);
        let frame = packet(9).build();
        let place = percentile(&frame[14..]).expect("it is UDP");
        let look = |share, frame: &[u8]| {
            let mut sample = Sample::default();
            sample.look(&target(share), &frame[..frame.len().min(super::HEAD)]);
            sample
        };
        let one = Sample { packets: 1, ..Sample::default() };
        assert_eq!(look(place + 1, &frame), one);
        assert_eq!(look(place, &frame), Sample::default(), "of another share");
        let df = Packet::eth().ipv4("192.0.2.1", "192.0.2.2").df().udp(9, 31765).payload_len(1400).build();
        assert_eq!(look(100, &df), Sample { kept_df: 1, ..one });
        let mut wrong = frame.clone();
        wrong[24] ^= 1;
        assert_eq!(look(100, &wrong), Sample { bad_checksums: 1, ..one });
        for other in [
            Packet::eth().ipv4("192.0.2.1", "192.0.2.2").udp(9, 31765).payload_len(1372).build(),
            Packet::eth().ipv4("192.0.2.1", "192.0.2.2").tcp(9, 31765).payload_len(1400).build(),
            Packet::eth().ipv6("2001:db8::1", "2001:db8::2").udp(9, 31765).payload_len(1400).build(),
        ] {
            assert_eq!(look(100, &other), Sample::default());
        }
        for length in 14..60 {
            look(100, &frame[..length]);
        }
    }
}
