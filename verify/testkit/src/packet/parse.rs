//! A frame read back, for assertions and for the messages of failed tests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Mac, extension, protocol};

/// What a frame says. Slices point into the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// Destination MAC address.
    pub dst: Mac,
    /// Source MAC address.
    pub src: Mac,
    /// Type and control information of each VLAN tag, outermost first. The VLAN id is the lower 12 bits.
    pub tags: Vec<(u16, u16)>,
    /// Type behind the tags; of an 802.3 frame the length, or the type of its SNAP header.
    pub ethertype: u16,
    /// Everything behind the L2 header, with padding.
    pub body: &'a [u8],
    /// The IP packet, if the type says so.
    pub ip: Option<Ip<'a>>,
}

/// An IP packet of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip<'a> {
    /// 4 or 6.
    pub version: u8,
    /// Source address.
    pub src: IpAddr,
    /// Destination address of the IP header.
    pub dst: IpAddr,
    /// Destination that a transport checksum covers: another one behind an IPv6 routing header with segments left.
    pub final_dst: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class.
    pub tos: u8,
    /// IPv4 identification, or that of the IPv6 fragment header, else 0.
    pub id: u32,
    /// IPv4's "don't fragment".
    pub df: bool,
    /// More fragments follow.
    pub more: bool,
    /// Fragment offset in bytes.
    pub offset: u16,
    /// The IPv4 header with options, or the 40 bytes of IPv6.
    pub header: &'a [u8],
    /// The packet's length by its own word, in bytes, headers included.
    pub len: usize,
    /// All these bytes are there.
    pub complete: bool,
    /// IPv6 extension headers and authentication headers.
    pub extensions: Vec<Extension<'a>>,
    /// Protocol behind the last extension header.
    pub protocol: u8,
    /// What follows the headers, without L2 padding.
    pub body: &'a [u8],
    /// `body` read by its protocol.
    pub transport: Transport<'a>,
}

/// An extension header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its own number, by which the header before it announces it.
    pub protocol: u8,
    /// All its bytes.
    pub bytes: &'a [u8],
}

/// The transport header and its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// A whole TCP header.
    Tcp {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Sequence number.
        seq: u32,
        /// Acknowledgement number.
        ack: u32,
        /// Flags, as in [`super::SYN`].
        flags: u8,
        /// Window.
        window: u16,
        /// Options.
        options: &'a [u8],
        /// Payload.
        payload: &'a [u8],
    },
    /// A whole UDP header.
    Udp {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Length field.
        len: u16,
        /// Checksum field.
        checksum: u16,
        /// Payload.
        payload: &'a [u8],
    },
    /// A whole header of ICMP or ICMPv6, by the packet's protocol.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// The four bytes behind the checksum.
        rest: [u8; 4],
        /// What follows.
        payload: &'a [u8],
        /// The packet that an error quotes.
        quote: Option<Quote<'a>>,
    },
    /// The ports of a TCP or UDP header that is cut off behind them: quotes may be that short.
    Cut {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
    },
    /// A later fragment, another protocol, or too few bytes to read: see the packet's body.
    Bytes,
}

/// The packet that an ICMP error quotes, or why it cannot be read.
pub type Quote<'a> = Box<Result<Ip<'a>, String>>;

/// Reads an Ethernet frame.
///
/// # Errors
/// In words, when a header is cut off or contradicts itself.
pub fn parse(frame: &[u8]) -> Result<Parsed<'_>, String> {
    let header: &[u8; 14] = chunk(frame, 0, "Ethernet header")?;
    let mut ethertype = be16(&header[12..]);
    let mut at = 14;
    let mut tags = Vec::new();
    while matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) {
        let tag: &[u8; 4] = chunk(frame, at, "VLAN tag")?;
        tags.push((ethertype, be16(tag)));
        ethertype = be16(&tag[2..]);
        at += 4;
    }
    // 802.3 length, LLC, SNAP with OUI 0: the type is in the last two bytes
    if ethertype < 0x600 && frame[at..].starts_with(&[0xaa, 0xaa, 3, 0, 0, 0]) {
        let snap: &[u8; 8] = chunk(frame, at, "SNAP header")?;
        ethertype = be16(&snap[6..]);
        at += 8;
    }
    let body = &frame[at..];
    let ip = match ethertype {
        0x0800 | 0x86dd => Some(parse_l3(body)?),
        _ => None,
    };
    if let Some(ip) = &ip
        && (ip.version == 4) != (ethertype == 0x0800)
    {
        return Err(format!("type {ethertype:#06x} before IP version {}", ip.version));
    }
    Ok(Parsed {
        dst: Mac([0, 1, 2, 3, 4, 5].map(|i: usize| header[i])),
        src: Mac([6, 7, 8, 9, 10, 11].map(|i: usize| header[i])),
        tags,
        ethertype,
        body,
        ip,
    })
}

/// Reads an IP packet without L2 header. Bytes behind its announced length are padding.
///
/// # Errors
/// In words, when an IP header is cut off or contradicts itself. A cut-off transport header is no error.
pub fn parse_l3(packet: &[u8]) -> Result<Ip<'_>, String> {
    let mut ip = match packet.first().ok_or("no IP header")? >> 4 {
        4 => fixed_v4(packet)?,
        6 => fixed_v6(packet)?,
        version => return Err(format!("IP version {version}")),
    };
    read_extensions(&mut ip)?;
    ip.transport = if ip.offset == 0 { read_transport(&ip) } else { Transport::Bytes };
    Ok(ip)
}

fn fixed_v4(packet: &[u8]) -> Result<Ip<'_>, String> {
    let fixed: &[u8; 20] = chunk(packet, 0, "IPv4 header")?;
    let header_len = usize::from(fixed[0] & 15) * 4;
    let len = usize::from(be16(&fixed[2..]));
    if header_len < 20 || len < header_len {
        return Err(format!("an IPv4 header of {header_len} bytes in a packet of {len}"));
    }
    let header = packet.get(..header_len).ok_or("the IPv4 options are cut off")?;
    let fragment = be16(&fixed[6..]);
    let dst = IpAddr::from(Ipv4Addr::from_octets(array(&fixed[16..])));
    Ok(Ip {
        version: 4,
        src: Ipv4Addr::from_octets(array(&fixed[12..])).into(),
        dst,
        final_dst: dst,
        ttl: fixed[8],
        tos: fixed[1],
        id: be16(&fixed[4..]).into(),
        df: fragment & 0x4000 != 0,
        more: fragment & 0x2000 != 0,
        offset: (fragment & 0x1fff) * 8,
        header,
        len,
        complete: len <= packet.len(),
        extensions: Vec::new(),
        protocol: fixed[9],
        body: &packet[header_len..len.min(packet.len())],
        transport: Transport::Bytes,
    })
}

fn fixed_v6(packet: &[u8]) -> Result<Ip<'_>, String> {
    let fixed: &[u8; 40] = chunk(packet, 0, "IPv6 header")?;
    let len = 40 + usize::from(be16(&fixed[4..]));
    let dst = IpAddr::from(Ipv6Addr::from_octets(array(&fixed[24..])));
    Ok(Ip {
        version: 6,
        src: Ipv6Addr::from_octets(array(&fixed[8..])).into(),
        dst,
        final_dst: dst,
        ttl: fixed[7],
        tos: fixed[0] << 4 | fixed[1] >> 4,
        id: 0,
        df: false,
        more: false,
        offset: 0,
        header: fixed,
        len,
        complete: len <= packet.len(),
        extensions: Vec::new(),
        protocol: fixed[6],
        body: &packet[40..len.min(packet.len())],
        transport: Transport::Bytes,
    })
}

fn read_extensions(ip: &mut Ip<'_>) -> Result<(), String> {
    while ip.offset == 0 {
        let known = match ip.protocol {
            protocol::AH => true,
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::FRAGMENT | protocol::DESTINATION_OPTIONS => {
                ip.version == 6
            }
            _ => false,
        };
        if !known {
            return Ok(());
        }
        let (start, bytes, rest) = match extension_header(ip) {
            Ok(read) => read,
            // an IPv4 router reads no further than the IP header
            Err(_) if ip.version == 4 => return Ok(()),
            Err(why) => return Err(why),
        };
        if ip.protocol == protocol::FRAGMENT {
            let field = be16(&start[2..]);
            (ip.offset, ip.more) = (field & 0xfff8, field & 1 != 0);
            ip.id = u32::from_be_bytes(array(&start[4..]));
        }
        if ip.protocol == protocol::ROUTING
            && let Some(dst) = extension::final_destination(start[2], start[3], &bytes[4..])
        {
            ip.final_dst = dst.into();
        }
        ip.extensions.push(Extension { protocol: ip.protocol, bytes });
        (ip.protocol, ip.body) = (start[0], rest);
    }
    Ok(())
}

/// The first extension header of a body: its first 8 bytes, all of it, and what follows.
type ExtensionHeader<'a> = (&'a [u8; 8], &'a [u8], &'a [u8]);

fn extension_header<'a>(ip: &Ip<'a>) -> Result<ExtensionHeader<'a>, String> {
    let start: &[u8; 8] = chunk(ip.body, 0, "extension header")?;
    let len = match ip.protocol {
        protocol::FRAGMENT => 8,
        protocol::AH => (usize::from(start[1]) + 2) * 4,
        _ => (usize::from(start[1]) + 1) * 8,
    };
    let (bytes, rest) = ip.body.split_at_checked(len).ok_or("an extension header is cut off")?;
    Ok((start, bytes, rest))
}

fn read_transport<'a>(ip: &Ip<'a>) -> Transport<'a> {
    let body = ip.body;
    let read = match (ip.protocol, ip.version) {
        (protocol::TCP, _) => read_tcp(body),
        (protocol::UDP, _) => read_udp(body),
        (protocol::ICMP, 4) => read_icmp(body, |kind| matches!(kind, 3 | 4 | 5 | 11 | 12)),
        (protocol::ICMPV6, 6) => read_icmp(body, |kind| kind < 128),
        _ => None,
    };
    let has_ports = matches!(ip.protocol, protocol::TCP | protocol::UDP);
    match read {
        Some(transport) => transport,
        None if has_ports && body.len() >= 4 => Transport::Cut { sport: be16(body), dport: be16(&body[2..]) },
        None => Transport::Bytes,
    }
}

fn read_tcp(body: &[u8]) -> Option<Transport<'_>> {
    let fixed: &[u8; 20] = body.first_chunk()?;
    let header_len = usize::from(fixed[12] >> 4) * 4;
    Some(Transport::Tcp {
        sport: be16(fixed),
        dport: be16(&fixed[2..]),
        seq: u32::from_be_bytes(array(&fixed[4..])),
        ack: u32::from_be_bytes(array(&fixed[8..])),
        flags: fixed[13],
        window: be16(&fixed[14..]),
        options: body.get(20..header_len)?,
        payload: &body[header_len..],
    })
}

fn read_udp(body: &[u8]) -> Option<Transport<'_>> {
    let fixed: &[u8; 8] = body.first_chunk()?;
    Some(Transport::Udp {
        sport: be16(fixed),
        dport: be16(&fixed[2..]),
        len: be16(&fixed[4..]),
        checksum: be16(&fixed[6..]),
        payload: &body[8..],
    })
}

fn read_icmp(body: &[u8], is_error: impl Fn(u8) -> bool) -> Option<Transport<'_>> {
    let fixed: &[u8; 8] = body.first_chunk()?;
    let payload = &body[8..];
    Some(Transport::Icmp {
        kind: fixed[0],
        code: fixed[1],
        rest: array(&fixed[4..]),
        payload,
        quote: is_error(fixed[0]).then(|| Box::new(parse_l3(payload))),
    })
}

fn chunk<'a, const N: usize>(bytes: &'a [u8], at: usize, what: &str) -> Result<&'a [u8; N], String> {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.first_chunk().ok_or_else(|| format!("the {what} needs {N} bytes, {} are there", rest.len()))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("the caller has checked the length")
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes(array(bytes))
}

// === impl Ip ===

impl Ip<'_> {
    /// Source and destination port, also of a cut-off transport header.
    pub fn ports(&self) -> Option<(u16, u16)> {
        match self.transport {
            Transport::Tcp { sport, dport, .. }
            | Transport::Udp { sport, dport, .. }
            | Transport::Cut { sport, dport } => Some((sport, dport)),
            _ => None,
        }
    }

    /// Whether it is a part of a datagram only.
    pub fn is_fragment(&self) -> bool {
        self.more || self.offset != 0
    }
}

// === impl Parsed ===

impl<'a> Parsed<'a> {
    /// The VLAN ids, outermost first.
    pub fn vids(&self) -> Vec<u16> {
        self.tags.iter().map(|(_, tci)| tci & 0xfff).collect()
    }

    /// The IP packet.
    ///
    /// # Panics
    /// When there is none.
    pub fn expect_ip(&self) -> &Ip<'a> {
        self.ip.as_ref().expect("an IP packet")
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_l3, protocol};
    use crate::packet::Packet;

    #[test]
    fn a_cut_authentication_header_is_payload_in_ipv4_and_an_error_in_ipv6() {
        let packet = Packet::l3().ipv4("10.0.3.80", "10.0.3.1").other(protocol::AH, [6, 0]).build();
        let read = parse_l3(&packet).expect("an IPv4 packet of another protocol");
        assert_eq!((read.protocol, read.body, read.extensions.len()), (protocol::AH, &[6, 0][..], 0));
        let packet = Packet::l3().ipv6("2001:db8::1", "2001:db8::2").other(protocol::AH, [6, 0]).build();
        assert!(parse_l3(&packet).is_err());
    }
}
