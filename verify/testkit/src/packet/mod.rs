//! Frames built in the order they are read, checked and described.
//!
//! ```
//! use flumen_testkit::packet::{Packet, SYN, dissect, verify_checksums};
//!
//! let frame = Packet::eth()
//!     .vlan(100)
//!     .ipv4("10.0.0.1", "10.0.0.2")
//!     .df()
//!     .ttl(9)
//!     .tcp(1024, 80)
//!     .flags(SYN)
//!     .build();
//! verify_checksums(&frame).unwrap();
//! assert!(dissect(&frame).contains("10.0.0.1:1024 > 10.0.0.2:80 tcp [S]"));
//! ```
//!
//! A method that names a header adds it behind those already there; a method that names a field changes the last
//! header that has such a field. Lengths, protocol numbers and checksums come out right unless a test asks for
//! something else. The code shares nothing with the datapath, so that a mistake in one does not hide in the other.

mod address;
mod arp;
mod checksum;
mod dissect;
mod ethernet;
mod extension;
mod fragment;
mod icmp;
mod icmpv6;
mod ipv4;
mod ipv6;
mod parse;
mod tcp;
mod udp;
mod verify;

pub use address::{Mac, ToIpv4, ToIpv6, ToMac};
pub use checksum::{Checksum, Pseudo, fold, sum};
pub use dissect::dissect;
pub use parse::{Extension as ParsedExtension, Ip, Parsed, Quote, Transport, parse, parse_l3};
pub use tcp::{ACK, CWR, ECE, FIN, PSH, RST, SYN, URG};
pub use verify::verify_checksums;

/// Protocol numbers (IANA) that tests name.
pub mod protocol {
    /// IPv6 hop-by-hop options.
    pub const HOP_BY_HOP: u8 = 0;
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// IPv4 inside IP.
    pub const IPV4: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 inside IP.
    pub const IPV6: u8 = 41;
    /// IPv6 routing header.
    pub const ROUTING: u8 = 43;
    /// IPv6 fragment header.
    pub const FRAGMENT: u8 = 44;
    /// GRE.
    pub const GRE: u8 = 47;
    /// Encapsulating security payload.
    pub const ESP: u8 = 50;
    /// Authentication header.
    pub const AH: u8 = 51;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// Nothing follows.
    pub const NO_NEXT: u8 = 59;
    /// IPv6 destination options.
    pub const DESTINATION_OPTIONS: u8 = 60;
    /// SCTP.
    pub const SCTP: u8 = 132;
    /// For experiments (RFC 3692): what a header without a known content announces.
    pub const EXPERIMENT: u8 = 253;
}

/// A frame, or a packet without its L2 header, under construction.
#[derive(Clone, Debug, Default)]
#[must_use = "call build() to get the bytes"]
pub struct Packet {
    layers: Vec<Layer>,
    pad_to: usize,
    truncate: Option<usize>,
}

#[derive(Clone, Debug)]
enum Layer {
    Ethernet(ethernet::Ethernet),
    Tag(ethernet::Tag),
    Llc(ethernet::Llc),
    Arp(arp::Arp),
    Ipv4(ipv4::Ipv4),
    Ipv6(ipv6::Ipv6),
    Extension(extension::Extension),
    Tcp(tcp::Tcp),
    Udp(udp::Udp),
    Icmp(icmp::Icmp),
    Bytes(Vec<u8>),
}

/// How the next header outwards names a layer: in an Ethernet type field, and in an IP protocol field.
#[derive(Clone, Copy, Debug, Default)]
struct Announce {
    ethertype: Option<u16>,
    protocol: Option<u8>,
}

// === impl Packet ===

impl Packet {
    /// A packet without L2 header: what an ICMP error quotes, or a tunnel carries.
    pub fn l3() -> Self {
        Self::default()
    }

    /// Adds bytes behind the last header.
    pub fn payload(self, bytes: impl AsRef<[u8]>) -> Self {
        self.with(Layer::Bytes(bytes.as_ref().to_vec()))
    }

    /// Adds a VXLAN header (RFC 7348) behind a UDP header; [`Packet::carrying`] adds the inner frame.
    pub fn vxlan(self, vni: u32) -> Self {
        let [_, a, b, c] = vni.to_be_bytes();
        self.payload([8, 0, 0, 0, a, b, c, 0])
    }

    /// Adds `len` payload bytes that count up from 0.
    pub fn payload_len(self, len: usize) -> Self {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        self.payload(bytes)
    }

    /// Adds the headers and payload of another packet, say of a tunnelled one.
    pub fn carrying(mut self, inner: Self) -> Self {
        self.layers.extend(inner.layers);
        self
    }

    /// Adds zeros behind the packet until the frame has `len` bytes, as Ethernet's minimum asks for (60).
    pub fn pad_to(mut self, len: usize) -> Self {
        self.pad_to = len;
        self
    }

    /// Cuts the finished frame to at most `len` bytes. Length fields and checksums still speak of the whole.
    pub fn truncate(mut self, len: usize) -> Self {
        self.truncate = Some(len);
        self
    }

    /// The bytes.
    ///
    /// # Panics
    /// When a length does not fit its field.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut inner = Announce::default();
        for (at, layer) in self.layers.iter().enumerate().rev() {
            let pseudo = pseudo_of(&self.layers[..at]);
            (bytes, inner) = layer.wrap(bytes, inner, pseudo);
        }
        if bytes.len() < self.pad_to {
            bytes.resize(self.pad_to, 0);
        }
        bytes.truncate(self.truncate.unwrap_or(usize::MAX));
        bytes
    }

    /// The bytes from the first IP header on.
    #[must_use]
    pub fn build_l3(&self) -> Vec<u8> {
        self.build().split_off(self.l2_len())
    }

    /// Length of what stands before the first IP header, in bytes.
    fn l2_len(&self) -> usize {
        let l2 = self.layers.iter().map_while(|layer| match layer {
            Layer::Ethernet(_) => Some(14),
            Layer::Tag(_) => Some(4),
            Layer::Llc(llc) => Some(llc.header.len()),
            _ => None,
        });
        l2.sum()
    }

    fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Changes the last layer for which `change` returns true.
    fn change(mut self, field: &str, change: impl FnMut(&mut Layer) -> bool) -> Self {
        let changed = self.layers.iter_mut().rev().any(change);
        assert!(changed, "no header of this packet has a field {field}");
        self
    }
}

/// The addresses a transport checksum covers behind the headers `outer`.
fn pseudo_of(outer: &[Layer]) -> Option<Pseudo> {
    let mut last_hop = None;
    for layer in outer.iter().rev() {
        match layer {
            Layer::Extension(extension) => last_hop = last_hop.or(extension.final_destination()),
            Layer::Ipv4(ip) => return Some(Pseudo::v4(ip.src, ip.dst)),
            Layer::Ipv6(ip) => return Some(Pseudo::v6(ip.src, last_hop.unwrap_or(ip.dst))),
            _ => {}
        }
    }
    None
}

// === impl Layer ===

impl Layer {
    fn wrap(&self, body: Vec<u8>, inner: Announce, pseudo: Option<Pseudo>) -> (Vec<u8>, Announce) {
        match self {
            Self::Ethernet(header) => (header.wrap(&body, inner), Announce::default()),
            Self::Tag(header) => (header.wrap(&body, inner), Announce::ethertype(header.tpid)),
            Self::Llc(header) => {
                let bytes = header.wrap(&body, inner);
                let len = u16::try_from(bytes.len()).expect("an 802.3 length has 16 bits");
                (bytes, Announce::ethertype(len))
            }
            Self::Arp(header) => (header.wrap(&body), Announce::ethertype(0x0806)),
            Self::Ipv4(header) => (header.wrap(&body, inner), Announce::both(0x0800, protocol::IPV4)),
            Self::Ipv6(header) => (header.wrap(&body, inner), Announce::both(0x86dd, protocol::IPV6)),
            Self::Extension(header) => (header.wrap(&body, inner), Announce::protocol(header.protocol())),
            Self::Tcp(header) => (header.wrap(&body, pseudo), Announce::protocol(protocol::TCP)),
            Self::Udp(header) => (header.wrap(&body, pseudo), Announce::protocol(protocol::UDP)),
            Self::Icmp(header) => (header.wrap(&body, pseudo), Announce::protocol(header.protocol())),
            Self::Bytes(bytes) => ([bytes.as_slice(), &body].concat(), Announce::default()),
        }
    }
}

// === impl Announce ===

impl Announce {
    fn ethertype(ethertype: u16) -> Self {
        Self { ethertype: Some(ethertype), protocol: None }
    }

    fn protocol(protocol: u8) -> Self {
        Self { ethertype: None, protocol: Some(protocol) }
    }

    fn both(ethertype: u16, protocol: u8) -> Self {
        Self { ethertype: Some(ethertype), protocol: Some(protocol) }
    }
}
