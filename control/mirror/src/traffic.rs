//! Frames as a mirror gets them.

use etherparse::PacketBuilder;
use std::net::{IpAddr, SocketAddr};

/// Inner frames of one flow: UDP with right checksums, and with DF over IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Inner source.
    pub source: SocketAddr,
    /// Inner destination, of the same family.
    pub destination: SocketAddr,
    /// Lengths of the inner packets, bytes of IP; they take turns.
    pub sizes: Vec<u16>,
}

/// Traffic that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrafficError {
    /// IPv4 here, IPv6 there.
    #[error("{0} and {1} are of different families")]
    Families(IpAddr, IpAddr),
    /// Shorter than its headers.
    #[error("a packet of {size} bytes is too short: {least} for the headers of IP and UDP, 65535 at most")]
    Size {
        /// What was wanted.
        size: u16,
        /// The least.
        least: u16,
    },
    /// No size at all.
    #[error("no size is given")]
    NoSize,
}

/// A VNI has 24 bits.
pub const GREATEST_VNI: u32 = 0x00ff_ffff;

const UDP: u16 = 8;
const TTL: u8 = 64;
/// Locally administered.
const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

impl Traffic {
    /// One frame for each size.
    ///
    /// # Errors
    /// When the families differ, or a size is impossible.
    pub fn frames(&self) -> Result<Vec<Vec<u8>>, TrafficError> {
        if self.sizes.is_empty() {
            return Err(TrafficError::NoSize);
        }
        self.sizes.iter().map(|size| self.frame(*size)).collect()
    }

    fn frame(&self, size: u16) -> Result<Vec<u8>, TrafficError> {
        let ethernet = PacketBuilder::ethernet2(MACS[0], MACS[1]);
        let (ip, header) = match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                (ethernet.ipv4(source.octets(), destination.octets(), TTL), 20)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                (ethernet.ipv6(source.octets(), destination.octets(), TTL), 40)
            }
            (source, destination) => return Err(TrafficError::Families(source, destination)),
        };
        let least = header + UDP;
        let payload = size.checked_sub(least).ok_or(TrafficError::Size { size, least })?;
        let mut frame = Vec::new();
        let udp = ip.udp(self.source.port(), self.destination.port());
        udp.write(&mut frame, &vec![0; payload.into()]).map_err(|_| TrafficError::Size { size, least })?;
        Ok(frame)
    }
}

/// A frame behind the VXLAN header (RFC 7348 §5), as the payload of UDP. Of `vni` the 24 lowest bits count.
pub fn encapsulated(vni: u32, inner: &[u8]) -> Vec<u8> {
    const VNI_IS_VALID: u8 = 0x08;
    let [_, high, middle, low] = vni.to_be_bytes();
    [&[VNI_IS_VALID, 0, 0, 0, high, middle, low, 0], inner].concat()
}

#[cfg(test)]
mod tests {
    use super::{Traffic, TrafficError, encapsulated};
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    fn traffic(source: &str, destination: &str, sizes: &[u16]) -> Traffic {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        Traffic { source, destination, sizes: sizes.into() }
    }

    #[test]
    fn frames_have_the_sizes_and_right_checksums() {
        for (source, destination) in
            [("10.0.0.1:31765", "10.0.0.2:80"), ("[2001:db8::1]:31765", "[2001:db8::2]:80")]
        {
            for (frame, size) in
                traffic(source, destination, &[64, 1450]).frames().unwrap().iter().zip([64, 1450])
            {
                assert_eq!(frame.len(), 14 + size);
                let packet = SlicedPacket::from_ethernet(frame).unwrap();
                let Some(TransportSlice::Udp(udp)) = packet.transport else { panic!("no UDP") };
                assert_eq!((udp.source_port(), udp.destination_port()), (31765, 80));
                let sum = match packet.net.unwrap() {
                    NetSlice::Ipv4(ip) => {
                        assert!(ip.header().dont_fragment());
                        assert_eq!(
                            ip.header().to_header().calc_header_checksum(),
                            ip.header().header_checksum()
                        );
                        udp.to_header().calc_checksum_ipv4(&ip.header().to_header(), udp.payload())
                    }
                    NetSlice::Ipv6(ip) => {
                        udp.to_header().calc_checksum_ipv6(&ip.header().to_header(), udp.payload())
                    }
                    NetSlice::Arp(_) => panic!("ARP"),
                };
                assert_eq!(sum.unwrap(), udp.checksum());
            }
        }
    }

    #[test]
    fn impossible_traffic_is_refused() {
        let frames = |traffic: Traffic| traffic.frames().unwrap_err();
        assert_eq!(
            frames(traffic("10.0.0.1:1", "10.0.0.2:2", &[27])),
            TrafficError::Size { size: 27, least: 28 }
        );
        assert!(matches!(frames(traffic("10.0.0.1:1", "[::1]:2", &[64])), TrafficError::Families(..)));
        assert_eq!(frames(traffic("10.0.0.1:1", "10.0.0.2:2", &[])), TrafficError::NoSize);
    }

    #[test]
    fn the_header_says_which_network() {
        assert_eq!(encapsulated(0x0012_3456, &[0xaa]), [8, 0, 0, 0, 0x12, 0x34, 0x56, 0, 0xaa]);
    }
}
