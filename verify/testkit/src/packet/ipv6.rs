//! IPv6 (RFC 8200).

use std::net::Ipv6Addr;

use super::{Announce, Layer, Packet, ToIpv6, protocol};

#[derive(Clone, Debug)]
pub(super) struct Ipv6 {
    pub(super) src: Ipv6Addr,
    pub(super) dst: Ipv6Addr,
    version: u8,
    pub(super) traffic_class: u8,
    flow_label: u32,
    payload_len: Option<u16>,
    pub(super) next_header: Option<u8>,
    pub(super) hop_limit: u8,
}

// === impl Packet ===

impl Packet {
    /// Adds an IPv6 header: hop limit 64, flow label 0.
    pub fn ipv6(self, src: impl ToIpv6, dst: impl ToIpv6) -> Self {
        self.with(Layer::Ipv6(Ipv6 {
            src: src.to_ipv6(),
            dst: dst.to_ipv6(),
            version: 6,
            traffic_class: 0,
            flow_label: 0,
            payload_len: None,
            next_header: None,
            hop_limit: 64,
        }))
    }

    /// Sets IPv6's flow label (20 bits).
    pub fn flow_label(self, new: u32) -> Self {
        assert!(new < 1 << 20, "a flow label has 20 bits");
        self.change_ipv6("flow label", |ip| ip.flow_label = new)
    }

    /// Overrides IPv6's payload length, in bytes.
    pub fn payload_length(self, new: u16) -> Self {
        self.change_ipv6("payload length", |ip| ip.payload_len = Some(new))
    }

    /// Sets the version of the last IPv6 header.
    pub fn ipv6_version(self, new: u8) -> Self {
        self.change_ipv6("version", |ip| ip.version = new)
    }

    fn change_ipv6(self, field: &str, change: impl Fn(&mut Ipv6)) -> Self {
        self.change(field, |layer| match layer {
            Layer::Ipv6(ip) => {
                change(ip);
                true
            }
            _ => false,
        })
    }
}

// === impl Ipv6 ===

impl Ipv6 {
    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let payload_len = self.payload_len.unwrap_or_else(|| {
            u16::try_from(body.len()).expect("an IPv6 packet without jumbo option has at most 65,535 bytes")
        });
        let first = u32::from(self.version) << 28 | u32::from(self.traffic_class) << 20 | self.flow_label;
        let mut bytes = first.to_be_bytes().to_vec();
        bytes.extend(payload_len.to_be_bytes());
        bytes.push(self.next_header.or(inner.protocol).unwrap_or(protocol::NO_NEXT));
        bytes.push(self.hop_limit);
        bytes.extend(self.src.octets());
        bytes.extend(self.dst.octets());
        bytes.extend_from_slice(body);
        bytes
    }
}
