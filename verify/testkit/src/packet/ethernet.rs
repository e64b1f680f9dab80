//! Ethernet II, 802.3 with LLC or SNAP, 802.1Q and 802.1ad tags.

use super::{Announce, Layer, Mac, Packet, ToMac};

/// Local experimental EtherType (IEEE 802): what stands before a content without a known type.
const EXPERIMENT: u16 = 0x88b5;

#[derive(Clone, Debug)]
pub(super) struct Ethernet {
    dst: Mac,
    src: Mac,
    ethertype: Option<u16>,
}

#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) tpid: u16,
    tci: u16,
    ethertype: Option<u16>,
}

#[derive(Clone, Debug)]
pub(super) struct Llc {
    pub(super) header: Vec<u8>,
    /// The last two bytes of `header` are an EtherType still to be filled in.
    snap: bool,
}

// === impl Packet ===

impl Packet {
    /// A frame from 02:00:00:00:00:01 to 02:00:00:00:00:02.
    pub fn eth() -> Self {
        Self::default().with(Layer::Ethernet(Ethernet {
            dst: Mac([2, 0, 0, 0, 0, 2]),
            src: Mac([2, 0, 0, 0, 0, 1]),
            ethertype: None,
        }))
    }

    /// Sets the MAC addresses.
    pub fn macs(self, new_src: impl ToMac, new_dst: impl ToMac) -> Self {
        let (new_src, new_dst) = (new_src.to_mac(), new_dst.to_mac());
        self.change("macs", |layer| match layer {
            Layer::Ethernet(Ethernet { dst, src, .. }) => {
                (*src, *dst) = (new_src, new_dst);
                true
            }
            _ => false,
        })
    }

    /// Adds an 802.1Q tag (0x8100) with priority 0.
    pub fn vlan(self, vid: u16) -> Self {
        self.tag(0x8100, vid)
    }

    /// Adds an 802.1ad service tag (0x88a8) and an 802.1Q tag inside it.
    pub fn qinq(self, service_vid: u16, customer_vid: u16) -> Self {
        self.tag(0x88a8, service_vid).vlan(customer_vid)
    }

    /// Adds a tag: `tci` is priority (3 bits), drop eligible (1) and VLAN id (12).
    pub fn tag(self, tpid: u16, tci: u16) -> Self {
        self.with(Layer::Tag(Tag { tpid, tci, ethertype: None }))
    }

    /// Makes it an 802.3 frame: a length instead of a type, then an unnumbered LLC header (IEEE 802.2).
    pub fn llc(self, dsap: u8, ssap: u8) -> Self {
        self.with(Layer::Llc(Llc { header: vec![dsap, ssap, 3], snap: false }))
    }

    /// Makes it an 802.3 frame with LLC and SNAP (RFC 1042), in which any EtherType may follow.
    pub fn snap(self) -> Self {
        self.with(Layer::Llc(Llc { header: vec![0xaa, 0xaa, 3, 0, 0, 0, 0, 0], snap: true }))
    }

    /// Overrides the type field of the last Ethernet header or tag.
    pub fn ethertype(self, new: u16) -> Self {
        self.change("ethertype", |layer| match layer {
            Layer::Ethernet(Ethernet { ethertype, .. }) | Layer::Tag(Tag { ethertype, .. }) => {
                *ethertype = Some(new);
                true
            }
            _ => false,
        })
    }
}

// === impl Ethernet ===

impl Ethernet {
    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let ethertype = self.ethertype.or(inner.ethertype).unwrap_or(EXPERIMENT);
        [&self.dst.0, &self.src.0, &ethertype.to_be_bytes()[..], body].concat()
    }
}

// === impl Tag ===

impl Tag {
    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let ethertype = self.ethertype.or(inner.ethertype).unwrap_or(EXPERIMENT);
        [&self.tci.to_be_bytes(), &ethertype.to_be_bytes()[..], body].concat()
    }
}

// === impl Llc ===

impl Llc {
    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let mut bytes = self.header.clone();
        if self.snap {
            let ethertype = inner.ethertype.unwrap_or(EXPERIMENT);
            bytes[6..8].copy_from_slice(&ethertype.to_be_bytes());
        }
        bytes.extend_from_slice(body);
        bytes
    }
}
