//! The Internet checksum (RFC 1071), always summed in full: the opposite of what the datapath does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a builder writes into a checksum field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// The right one. A UDP checksum that comes out as 0 is written as 0xffff (RFC 768).
    #[default]
    Right,
    /// 0: "not computed" for UDP over IPv4, an error elsewhere.
    Zero,
    /// A value that does not verify and is not 0.
    Wrong,
    /// The folded sum of the pseudo-header alone, not inverted: what Linux leaves in the field of a frame whose
    /// checksum the device was to complete (`CHECKSUM_PARTIAL`). Without a pseudo-header: 0.
    Partial,
    /// This value.
    Value(u16),
}

/// Source, destination and kind of the IP header that a transport checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pseudo {
    /// Source address.
    pub src: IpAddr,
    /// Destination address; behind an IPv6 routing header the final one (RFC 8200 §8.1).
    pub dst: IpAddr,
}

/// Sum of big-endian 16-bit words (an odd last byte is a high byte), not folded.
pub fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let words: u64 = words.iter().map(|w| u64::from(u16::from_be_bytes(*w))).sum();
    words + rest.first().map_or(0, |b| u64::from(*b) << 8)
}

/// Folds a sum to 16 bits by adding the carries.
pub fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded to 16 bits")
}

/// Writes the checksum of `bytes` into the two bytes at `at`. `pseudo` is the pseudo-header's sum, if it has one.
pub(crate) fn write(bytes: &mut [u8], at: usize, pseudo: Option<u64>, kind: Checksum, zero_is_ffff: bool) {
    bytes[at..at + 2].fill(0);
    let right = match !fold(sum(bytes) + pseudo.unwrap_or(0)) {
        0 if zero_is_ffff => 0xffff,
        sum => sum,
    };
    let value = match kind {
        Checksum::Right => right,
        Checksum::Zero => 0,
        // 0 and 0xffff are both zero in one's complement: inverting one of them would still verify
        Checksum::Wrong => match right {
            0 | 0xffff => 0xdead,
            right => !right,
        },
        Checksum::Partial => pseudo.map_or(0, fold),
        Checksum::Value(value) => value,
    };
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

// === impl Pseudo ===

impl Pseudo {
    /// Pseudo-header of an IPv4 packet (RFC 9293 §3.1).
    pub fn v4(src: Ipv4Addr, dst: Ipv4Addr) -> Self {
        Self { src: src.into(), dst: dst.into() }
    }

    /// Pseudo-header of an IPv6 packet (RFC 8200 §8.1).
    pub fn v6(src: Ipv6Addr, dst: Ipv6Addr) -> Self {
        Self { src: src.into(), dst: dst.into() }
    }

    /// Its sum for a transport header and payload of `len` bytes.
    pub fn sum(&self, protocol: u8, len: usize) -> u64 {
        let address = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => sum(&ip.octets()),
            IpAddr::V6(ip) => sum(&ip.octets()),
        };
        let len = u32::try_from(len).expect("a packet is shorter than 4 GiB");
        address(&self.src) + address(&self.dst) + u64::from(protocol) + sum(&len.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_sums_to_ddf2() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
    }

    #[test]
    fn an_odd_last_byte_is_a_high_byte() {
        assert_eq!(sum(&[1, 2, 3]), 0x0102 + 0x0300);
    }

    #[test]
    fn wrong_is_never_right_and_never_zero() {
        for first in 0..=0xffff_u16 {
            let mut right = [0, 0, 0, 0];
            right[..2].copy_from_slice(&first.to_be_bytes());
            let mut wrong = right;
            write(&mut right, 2, None, Checksum::Right, true);
            write(&mut wrong, 2, None, Checksum::Wrong, true);
            assert_eq!(fold(sum(&right)), 0xffff);
            assert_ne!(fold(sum(&wrong)), 0xffff);
            assert_ne!(wrong[2..], [0, 0]);
        }
    }
}
