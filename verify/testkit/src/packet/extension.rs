//! IPv6 extension headers (RFC 8200 §4) and the authentication header (RFC 4302), which IPv4 may carry too.

use std::net::Ipv6Addr;

use super::{Announce, Layer, Packet, protocol};

#[derive(Clone, Debug)]
pub(super) struct Extension {
    kind: Kind,
    pub(super) next_header: Option<u8>,
    length: Option<u8>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Hop-by-hop or destination options: the protocol number and the options, padded.
    Options(u8, Vec<u8>),
    Routing {
        kind: u8,
        segments_left: u8,
        data: Vec<u8>,
    },
    Fragment {
        id: u32,
        offset: u16,
        more: bool,
    },
    Ah {
        spi: u32,
        sequence: u32,
        icv: Vec<u8>,
    },
}

// === impl Packet ===

impl Packet {
    /// Adds a hop-by-hop options header; without options, a padding option fills its 8 bytes.
    pub fn hop_by_hop(self, options: impl AsRef<[u8]>) -> Self {
        self.with(Layer::Extension(Extension::options(protocol::HOP_BY_HOP, options.as_ref())))
    }

    /// Adds a destination options header; without options, a padding option fills its 8 bytes.
    pub fn destination_options(self, options: impl AsRef<[u8]>) -> Self {
        self.with(Layer::Extension(Extension::options(protocol::DESTINATION_OPTIONS, options.as_ref())))
    }

    /// Adds a routing header. `data` follows the four fixed bytes and makes the whole a multiple of 8 bytes.
    /// While segments are left in a header of type 0, 2 or 4, a transport checksum covers its final address.
    ///
    /// # Panics
    /// When the header's size is no multiple of 8.
    pub fn routing(self, kind: u8, segments_left: u8, data: impl AsRef<[u8]>) -> Self {
        let data = data.as_ref().to_vec();
        assert!((4 + data.len()).is_multiple_of(8), "a routing header is a multiple of 8 bytes");
        self.with(Layer::Extension(Extension::new(Kind::Routing { kind, segments_left, data })))
    }

    /// Adds an authentication header. Its size is a multiple of 4 bytes in IPv4, of 8 in IPv6.
    ///
    /// # Panics
    /// When `icv` is no multiple of 4 bytes.
    pub fn authentication(self, spi: u32, sequence: u32, icv: impl AsRef<[u8]>) -> Self {
        let icv = icv.as_ref().to_vec();
        assert!(icv.len().is_multiple_of(4), "an ICV is a multiple of 4 bytes");
        self.with(Layer::Extension(Extension::new(Kind::Ah { spi, sequence, icv })))
    }

    /// Says that nothing follows the last IP or extension header.
    pub fn no_next_header(self) -> Self {
        self.protocol(protocol::NO_NEXT)
    }

    /// Overrides the length field of the last extension header (reserved in a fragment header).
    pub fn extension_length(self, new: u8) -> Self {
        self.change("extension length", |layer| match layer {
            Layer::Extension(extension) => {
                extension.length = Some(new);
                true
            }
            _ => false,
        })
    }
}

// === impl Extension ===

impl Extension {
    fn new(kind: Kind) -> Self {
        Self { kind, next_header: None, length: None }
    }

    fn options(protocol: u8, options: &[u8]) -> Self {
        let mut options = options.to_vec();
        let missing = (2 + options.len()).next_multiple_of(8) - 2 - options.len();
        match if options.is_empty() { 6 } else { missing } {
            0 => {}
            1 => options.push(0), // Pad1
            n => {
                let zeros = u8::try_from(n - 2).expect("padding is below 8 bytes");
                options.extend([1, zeros]); // PadN
                options.extend(std::iter::repeat_n(0, n - 2));
            }
        }
        Self::new(Kind::Options(protocol, options))
    }

    pub(super) fn fragment(id: u32, offset: u16, more: bool) -> Self {
        Self::new(Kind::Fragment { id, offset, more })
    }

    pub(super) fn protocol(&self) -> u8 {
        match &self.kind {
            Kind::Options(protocol, _) => *protocol,
            Kind::Routing { .. } => protocol::ROUTING,
            Kind::Fragment { .. } => protocol::FRAGMENT,
            Kind::Ah { .. } => protocol::AH,
        }
    }

    /// Where a routing header with segments left leads in the end.
    pub(super) fn final_destination(&self) -> Option<Ipv6Addr> {
        match &self.kind {
            Kind::Routing { kind, segments_left, data } => final_destination(*kind, *segments_left, data),
            _ => None,
        }
    }

    pub(super) fn wrap(&self, body: &[u8], inner: Announce) -> Vec<u8> {
        let next = self.next_header.or(inner.protocol).unwrap_or(protocol::NO_NEXT);
        let mut bytes = vec![next, 0];
        match &self.kind {
            Kind::Options(_, options) => bytes.extend_from_slice(options),
            Kind::Routing { kind, segments_left, data } => {
                bytes.extend([*kind, *segments_left]);
                bytes.extend_from_slice(data);
            }
            Kind::Fragment { id, offset, more } => {
                bytes.extend((offset | u16::from(*more)).to_be_bytes());
                bytes.extend(id.to_be_bytes());
            }
            Kind::Ah { spi, sequence, icv } => {
                bytes.extend([0, 0]);
                bytes.extend(spi.to_be_bytes());
                bytes.extend(sequence.to_be_bytes());
                bytes.extend_from_slice(icv);
            }
        }
        bytes[1] = self.length.unwrap_or_else(|| {
            let len = match &self.kind {
                Kind::Fragment { .. } => 0,
                Kind::Ah { .. } => bytes.len() / 4 - 2,
                _ => bytes.len() / 8 - 1,
            };
            u8::try_from(len).expect("an extension header has at most 2,048 bytes")
        });
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The last address of a routing header of type 0 or 2, the first segment of type 4 (RFC 8754); `data` follows the
/// four fixed bytes. None without segments left, for other types, and when the address is not there.
pub(super) fn final_destination(kind: u8, segments_left: u8, data: &[u8]) -> Option<Ipv6Addr> {
    if segments_left == 0 {
        return None;
    }
    let addresses = data.get(4..)?.as_chunks::<16>().0;
    let address = match kind {
        0 | 2 => addresses.last(),
        4 => addresses.first(),
        _ => None,
    };
    address.copied().map(Ipv6Addr::from)
}
