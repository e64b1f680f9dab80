//! IPv4 (RFC 791).

use std::net::Ipv4Addr;

use super::{Announce, Checksum, Layer, Packet, ToIpv4, checksum, extension, protocol};

#[derive(Clone, Debug)]
pub(super) struct Ipv4 {
    pub(super) src: Ipv4Addr,
    pub(super) dst: Ipv4Addr,
    version: u8,
    ihl: Option<u8>,
    pub(super) tos: u8,
    total_len: Option<u16>,
    id: u16,
    df: bool,
    reserved: bool,
    more: bool,
    /// Offset in bytes, a multiple of 8.
    offset: u16,
    pub(super) ttl: u8,
    pub(super) protocol: Option<u8>,
    checksum: Checksum,
    pub(super) options: Vec<u8>,
}

// === impl Packet ===

impl Packet {
    /// Adds an IPv4 header: TTL 64, id 0, no flags.
    pub fn ipv4(self, src: impl ToIpv4, dst: impl ToIpv4) -> Self {
        self.with(Layer::Ipv4(Ipv4 {
            src: src.to_ipv4(),
            dst: dst.to_ipv4(),
            version: 4,
            ihl: None,
            tos: 0,
            total_len: None,
            id: 0,
            df: false,
            reserved: false,
            more: false,
            offset: 0,
            ttl: 64,
            protocol: None,
            checksum: Checksum::Right,
            options: Vec::new(),
        }))
    }

    /// Sets the TTL of IPv4 or the hop limit of IPv6.
    pub fn ttl(self, new: u8) -> Self {
        self.change("ttl", |layer| match layer {
            Layer::Ipv4(ip) => {
                ip.ttl = new;
                true
            }
            Layer::Ipv6(ip) => {
                ip.hop_limit = new;
                true
            }
            _ => false,
        })
    }

    /// Sets IPv4's type of service or IPv6's traffic class: DSCP (6 bits) and ECN (2 bits).
    pub fn tos(self, new: u8) -> Self {
        self.change("tos", |layer| match layer {
            Layer::Ipv4(ip) => {
                ip.tos = new;
                true
            }
            Layer::Ipv6(ip) => {
                ip.traffic_class = new;
                true
            }
            _ => false,
        })
    }

    /// Overrides what the last IP or extension header says comes next.
    pub fn protocol(self, new: u8) -> Self {
        self.change("protocol", |layer| {
            let field = match layer {
                Layer::Ipv4(ip) => &mut ip.protocol,
                Layer::Ipv6(ip) => &mut ip.next_header,
                Layer::Extension(extension) => &mut extension.next_header,
                _ => return false,
            };
            *field = Some(new);
            true
        })
    }

    /// Adds the bytes of an IP protocol that the builder does not know, say GRE (47) or SCTP (132).
    pub fn other(self, protocol: u8, bytes: impl AsRef<[u8]>) -> Self {
        self.protocol(protocol).payload(bytes)
    }

    /// Makes it a fragment: `offset` in bytes, `more` to follow. Adds a fragment header to IPv6; changes the header
    /// of IPv4. Behind a later fragment's header put only [`Packet::protocol`] and payload.
    ///
    /// # Panics
    /// When `offset` is no multiple of 8.
    pub fn fragment(self, id: u32, offset: u16, more: bool) -> Self {
        assert!(offset.is_multiple_of(8), "a fragment's offset counts eights");
        let ip = self.layers.iter().rev().find(|layer| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_)));
        if matches!(ip, Some(Layer::Ipv6(_))) {
            return self.with(Layer::Extension(extension::Extension::fragment(id, offset, more)));
        }
        let id = u16::try_from(id).expect("an IPv4 id has 16 bits");
        self.change_ipv4("fragment", |ip| (ip.id, ip.offset, ip.more) = (id, offset, more))
    }

    /// Sets IPv4's identification.
    pub fn id(self, new: u16) -> Self {
        self.change_ipv4("id", |ip| ip.id = new)
    }

    /// Sets IPv4's "don't fragment".
    pub fn df(self) -> Self {
        self.change_ipv4("df", |ip| ip.df = true)
    }

    /// Sets IPv4's reserved flag ("evil", RFC 3514).
    pub fn reserved_flag(self) -> Self {
        self.change_ipv4("reserved flag", |ip| ip.reserved = true)
    }

    /// Sets the options of IPv4 or TCP, padded with zeros to a multiple of 4.
    pub fn options(self, bytes: impl AsRef<[u8]>) -> Self {
        let mut new = bytes.as_ref().to_vec();
        new.resize(new.len().next_multiple_of(4), 0);
        self.change("options", |layer| {
            let options = match layer {
                Layer::Ipv4(ip) => &mut ip.options,
                Layer::Tcp(tcp) => &mut tcp.options,
                _ => return false,
            };
            options.clone_from(&new);
            true
        })
    }

    /// Sets the version of the last IPv4 header.
    pub fn ip_version(self, new: u8) -> Self {
        self.change_ipv4("version", |ip| ip.version = new)
    }

    /// Overrides IPv4's header length, in words of 4 bytes. The header itself keeps its size.
    pub fn ihl(self, words: u8) -> Self {
        self.change_ipv4("ihl", |ip| ip.ihl = Some(words))
    }

    /// Overrides IPv4's total length, in bytes.
    pub fn total_len(self, new: u16) -> Self {
        self.change_ipv4("total length", |ip| ip.total_len = Some(new))
    }

    /// Sets what stands in IPv4's header checksum.
    pub fn ip_checksum(self, kind: Checksum) -> Self {
        self.change_ipv4("header checksum", |ip| ip.checksum = kind)
    }

    fn change_ipv4(self, field: &str, change: impl Fn(&mut Ipv4)) -> Self {
        self.change(field, |layer| match layer {
            Layer::Ipv4(ip) => {
                change(ip);
                true
            }
            _ => false,
        })
    }
}

// === impl Ipv4 ===

impl Ipv4 {
    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let words = u8::try_from(header_len / 4).expect("an IPv4 header is short");
        let ihl = self.ihl.unwrap_or(words);
        assert!(ihl <= 15, "IPv4 has room for 40 bytes of options");
        let total_len = self.total_len.unwrap_or_else(|| {
            u16::try_from(header_len + body.len()).expect("an IPv4 packet has at most 65,535 bytes")
        });
        let flags = u16::from(self.reserved) << 15 | u16::from(self.df) << 14 | u16::from(self.more) << 13;
        let mut bytes = vec![self.version << 4 | ihl, self.tos];
        bytes.extend(total_len.to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        bytes.extend((flags | (self.offset / 8)).to_be_bytes());
        bytes.push(self.ttl);
        bytes.push(self.protocol.or(inner.protocol).unwrap_or(protocol::EXPERIMENT));
        bytes.extend([0, 0]);
        bytes.extend(self.src.octets());
        bytes.extend(self.dst.octets());
        bytes.extend_from_slice(&self.options);
        checksum::write(&mut bytes, 10, None, self.checksum, false);
        bytes.extend_from_slice(body);
        bytes
    }
}
