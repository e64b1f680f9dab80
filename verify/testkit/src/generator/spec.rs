//! What kind of traffic to send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Error;
use crate::packet::{ACK, Mac, Packet};

/// VXLAN, and the Ethernet, IPv4 and UDP headers in it.
const VXLAN_HEADERS: usize = 8 + 14 + 20 + 8;

/// Traffic of one kind: same headers and length, in a number of flows.
///
/// A flow's number is taken apart from its lowest bits on: some are added to the source port, then some to the
/// destination port, some to the source address, and what is left to the destination address. So flow `n` is the same in
/// every run. Without [`Spec::vary_source_port`] and its like, all bits go to the destination address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Spec {
    pub(crate) src_mac: Option<Mac>,
    pub(crate) dst_mac: Option<Mac>,
    pub(crate) vlan: Option<u16>,
    pub(crate) transport: Protocol,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) sport_bits: u16,
    pub(crate) dport_bits: u16,
    pub(crate) src_bits: u16,
    pub(crate) flows: u32,
    pub(crate) order: Order,
    /// None: UDP fills the shortest frame, TCP carries nothing.
    pub(crate) payload_len: Option<usize>,
    pub(crate) payload: Option<Payload>,
    pub(crate) checksum: TransportChecksum,
    pub(crate) dont_fragment: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Udp,
    /// With these flags.
    Tcp(u8),
}

/// What packets carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    /// So many of the first ones are written anew in each frame.
    pub(crate) fixed: usize,
}

/// In which order flows are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// 0, 1, 2, … and from the start again.
    #[default]
    Sequential,
    /// Drawn with a fixed pseudo-random function: each flow is as likely as any other with every packet.
    Random,
}

/// What stands in the transport checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportChecksum {
    /// The right one.
    #[default]
    Right,
    /// One that does not verify.
    Wrong,
    /// 0.
    Zero,
}

// === impl Spec ===

impl Spec {
    /// One flow of UDP over IPv4, 10.1.0.2:1024 to 100.64.0.1:5001, in the shortest frames.
    pub fn udp4() -> Self {
        Self::new(Ipv4Addr::new(10, 1, 0, 2).into(), Ipv4Addr::new(100, 64, 0, 1).into(), Protocol::Udp)
    }

    /// One flow of UDP over IPv6, `[2001:db8:1::2]:1024` to `[2001:db8:f::1]:5001`, in the shortest frames.
    pub fn udp6() -> Self {
        let src = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2);
        let dst = Ipv6Addr::new(0x2001, 0xdb8, 0xf, 0, 0, 0, 0, 1);
        Self::new(src.into(), dst.into(), Protocol::Udp)
    }

    /// As [`Spec::udp4`], TCP segments with ACK alone.
    pub fn tcp4() -> Self {
        Self { transport: Protocol::Tcp(ACK), ..Self::udp4() }
    }

    /// As [`Spec::udp6`], TCP segments with ACK alone.
    pub fn tcp6() -> Self {
        Self { transport: Protocol::Tcp(ACK), ..Self::udp6() }
    }

    fn new(src: IpAddr, dst: IpAddr, transport: Protocol) -> Self {
        Self {
            src_mac: None,
            dst_mac: None,
            vlan: None,
            transport,
            src,
            dst,
            sport: 1024,
            dport: 5001,
            sport_bits: 0,
            dport_bits: 0,
            src_bits: 0,
            flows: 1,
            order: Order::default(),
            payload_len: None,
            payload: None,
            checksum: TransportChecksum::default(),
            dont_fragment: false,
        }
    }

    /// MAC addresses; without, a rig puts in those of its interfaces.
    pub fn macs(self, src: Mac, dst: Mac) -> Self {
        Self { src_mac: Some(src), dst_mac: Some(dst), ..self }
    }

    /// Tags all frames.
    pub fn vlan(self, vid: u16) -> Self {
        Self { vlan: Some(vid), ..self }
    }

    /// Addresses of flow 0, both of one IP version.
    pub fn addresses(self, src: IpAddr, dst: IpAddr) -> Self {
        Self { src, dst, ..self }
    }

    /// Ports of flow 0.
    pub fn ports(self, sport: u16, dport: u16) -> Self {
        Self { sport, dport, ..self }
    }

    /// TCP flags; makes it TCP. The sequence number is 0 with SYN and 1 without, the acknowledgement number 1 with ACK and
    /// 0 without: SYN, SYN and ACK (in reply), ACK make a handshake.
    pub fn flags(self, flags: u8) -> Self {
        Self { transport: Protocol::Tcp(flags), ..self }
    }

    /// Number of flows.
    pub fn flows(self, flows: u32) -> Self {
        Self { flows, ..self }
    }

    /// Order of flows.
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Gives the lowest `bits` of the flow's number to the source port: 2^bits ports.
    pub fn vary_source_port(self, bits: u16) -> Self {
        Self { sport_bits: bits, ..self }
    }

    /// Gives the next `bits` to the destination port.
    pub fn vary_destination_port(self, bits: u16) -> Self {
        Self { dport_bits: bits, ..self }
    }

    /// Gives the next `bits` to the source address. The rest goes to the destination address.
    pub fn vary_source_address(self, bits: u16) -> Self {
        Self { src_bits: bits, ..self }
    }

    /// Puts a frame in VXLAN (RFC 7348) behind the UDP header. Its Ethernet, IPv4 and UDP headers are written anew in each
    /// frame, as those of the outer packet are, so that a device may rewrite them.
    pub fn vxlan(self, vni: u32, inner: Packet) -> Self {
        let bytes = Packet::l3().vxlan(vni).payload(inner.build()).build();
        Self { payload: Some(Payload { bytes, fixed: VXLAN_HEADERS }), ..self }
    }

    /// Payload length in bytes. A frame shorter than 64 bytes (80, if its headers are longer than 64) is padded behind
    /// the packet. Without this, UDP fills the shortest frame and TCP carries nothing.
    pub fn payload_len(self, bytes: usize) -> Self {
        Self { payload_len: Some(bytes), ..self }
    }

    /// What stands in the transport checksum.
    pub fn checksum(self, checksum: TransportChecksum) -> Self {
        Self { checksum, ..self }
    }

    /// Sets DF (IPv4).
    pub fn dont_fragment(self) -> Self {
        Self { dont_fragment: true, ..self }
    }

    /// Source address of flow 0.
    pub fn source(&self) -> IpAddr {
        self.src
    }

    /// Destination address of flow 0.
    pub fn destination(&self) -> IpAddr {
        self.dst
    }

    /// TCP flags if it is TCP.
    pub(crate) fn tcp_flags(self, flags: u8) -> Self {
        match self.transport {
            Protocol::Tcp(_) => self.flags(flags),
            Protocol::Udp => self,
        }
    }

    pub(crate) fn default_macs(self, src: Mac, dst: Mac) -> Self {
        let (src, dst) = (self.src_mac.unwrap_or(src), self.dst_mac.unwrap_or(dst));
        self.macs(src, dst)
    }

    /// The answers to this traffic: the same flows with source and destination exchanged, in another order, without MAC
    /// addresses. Where source NAT stands between, change the destination with [`Spec::addresses`].
    ///
    /// # Errors
    /// [`Error::Spec`] when more than one field varies and the number of flows is no power of two: then some answers
    /// would belong to no flow.
    pub fn reply(&self) -> Result<Self, Error> {
        let bits = u16::try_from(self.flows.max(1).next_power_of_two().trailing_zeros()).expect("at most 32");
        // bits that are left for the destination address, and bits that each field really has
        let sport = self.sport_bits.min(bits);
        let dport = self.dport_bits.min(bits - sport);
        let src = self.src_bits.min(bits - sport - dport);
        let dst = bits - sport - dport - src;
        let varying = [sport, dport, src, dst].iter().filter(|bits| **bits > 0).count();
        if varying > 1 && !self.flows.is_power_of_two() {
            return Err(Error::Spec(format!(
                "{} flows in {varying} fields have no exact answers",
                self.flows
            )));
        }
        Ok(Self {
            src_mac: None,
            dst_mac: None,
            src: self.dst,
            dst: self.src,
            sport: self.dport,
            dport: self.sport,
            sport_bits: dport,
            dport_bits: sport,
            src_bits: dst,
            ..self.clone()
        })
    }

    /// Addresses and ports of a flow, by its number.
    pub fn flow(&self, number: u32) -> (IpAddr, u16, IpAddr, u16) {
        let low = |value: u32, bits: u16| value & ((1 << bits) - 1);
        let port = |base: u16, add: u32| base.wrapping_add(u16::try_from(add & 0xffff).expect("masked"));
        let sport = port(self.sport, low(number, self.sport_bits));
        let number = number >> self.sport_bits;
        let dport = port(self.dport, low(number, self.dport_bits));
        let number = number >> self.dport_bits;
        let src = plus(self.src, low(number, self.src_bits));
        (src, sport, plus(self.dst, number >> self.src_bits), dport)
    }
}

/// An address, `add` further on in its last 32 bits.
fn plus(ip: IpAddr, add: u32) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits().wrapping_add(add)).into(),
        IpAddr::V6(ip) => {
            let (high, low) = (ip.to_bits() >> 32 << 32, last_32_bits(ip.into()));
            Ipv6Addr::from_bits(high | u128::from(low.wrapping_add(add))).into()
        }
    }
}

/// The last 32 bits of an address.
pub(crate) fn last_32_bits(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits(),
        IpAddr::V6(ip) => u32::try_from(ip.to_bits() & 0xffff_ffff).expect("masked"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn exchanged(spec: &Spec) -> HashSet<(IpAddr, u16, IpAddr, u16)> {
        let flows = (0..spec.flows).map(|number| spec.flow(number));
        flows.map(|(src, sport, dst, dport)| (dst, dport, src, sport)).collect()
    }

    #[test]
    fn all_flows_differ_and_their_replies_are_the_same_flows_exchanged() {
        for spec in [
            Spec::udp4().flows(1000),
            Spec::udp4().flows(1000).vary_source_port(12),
            Spec::udp6().flows(1 << 12).vary_source_port(3).vary_destination_port(2).vary_source_address(4),
            Spec::udp4(),
        ] {
            let flows: HashSet<_> = (0..spec.flows).map(|number| spec.flow(number)).collect();
            assert_eq!(flows.len(), usize::try_from(spec.flows).unwrap());
            assert_eq!(exchanged(&spec.reply().unwrap()), flows);
        }
        assert!(Spec::udp4().flows(1000).vary_source_port(3).reply().is_err());
    }
}
