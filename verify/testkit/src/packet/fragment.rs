//! A packet cut into the fragments that an MTU asks for.

use super::{Layer, Packet, protocol};

// === impl Packet ===

impl Packet {
    /// The frames of this packet's fragments, first to last; `mtu` counts from the IP header on. A packet that fits
    /// comes back whole. Options and extension headers go where RFC 791 and RFC 8200 §4.5 want them. `id` goes into
    /// IPv6's fragment header; IPv4 keeps its own.
    ///
    /// # Panics
    /// When the packet has no IP header, or the MTU leaves no room for 8 bytes behind the headers.
    #[must_use]
    pub fn build_fragments(&self, mtu: usize, id: u32) -> Vec<Vec<u8>> {
        let frame = self.build();
        let (l2, packet) = frame.split_at(self.l2_len());
        if packet.len() <= mtu {
            return vec![frame];
        }
        let ip = self.layers.iter().find(|layer| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_)));
        let fragments = match ip.expect("only an IP packet has fragments") {
            Layer::Ipv4(_) => fragment_v4(packet, mtu),
            _ => fragment_v6(packet, mtu, id),
        };
        fragments.into_iter().map(|fragment| [l2, &fragment].concat()).collect()
    }
}

fn fragment_v4(packet: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let (header, body) = packet.split_at(usize::from(packet[0] & 15) * 4);
    let later_header = [&header[..20], &copied_options(&header[20..])].concat();
    let mut fragments = Vec::new();
    let mut offset = 0;
    while offset < body.len() {
        let mut fragment = if offset == 0 { header.to_vec() } else { later_header.clone() };
        let rest = &body[offset..];
        let (len, more) = room(mtu, fragment.len(), rest.len());
        fragment[0] = 0x40 | u8::try_from(fragment.len() / 4).expect("an IPv4 header is short");
        let total = u16::try_from(fragment.len() + len).expect("a fragment is shorter than its packet");
        fragment[2..4].copy_from_slice(&total.to_be_bytes());
        let field =
            u16::from(more) << 13 | u16::try_from(offset / 8).expect("13 bits count a packet's eights");
        fragment[6..8].copy_from_slice(&field.to_be_bytes());
        super::checksum::write(&mut fragment, 10, None, super::Checksum::Right, false);
        fragment.extend_from_slice(&rest[..len]);
        fragments.push(fragment);
        offset += len;
    }
    fragments
}

/// The options that later fragments carry: those whose type has the copy bit (RFC 791 §3.1), padded with zeros.
fn copied_options(mut options: &[u8]) -> Vec<u8> {
    let mut copied = Vec::new();
    while let [kind, ..] = options {
        let len = match (kind, options.get(1)) {
            (0, _) => break,
            (1, _) => 1,
            (_, Some(len)) => usize::from(*len).clamp(2, options.len()),
            (_, None) => break,
        };
        if kind & 0x80 != 0 {
            copied.extend_from_slice(&options[..len]);
        }
        options = &options[len..];
    }
    copied.resize(copied.len().next_multiple_of(4), 0);
    copied
}

fn fragment_v6(packet: &[u8], mtu: usize, id: u32) -> Vec<Vec<u8>> {
    let (next_at, split) = per_hop_part(packet);
    let (per_hop, body) = packet.split_at(split);
    let mut fragments = Vec::new();
    let mut offset = 0;
    while offset < body.len() {
        let rest = &body[offset..];
        let (len, more) = room(mtu, per_hop.len() + 8, rest.len());
        let mut fragment = per_hop.to_vec();
        let next = std::mem::replace(&mut fragment[next_at], protocol::FRAGMENT);
        let payload_len =
            u16::try_from(per_hop.len() - 40 + 8 + len).expect("a fragment is shorter than its packet");
        fragment[4..6].copy_from_slice(&payload_len.to_be_bytes());
        let field = u16::try_from(offset).expect("a packet has 16 bits of length") | u16::from(more);
        fragment.extend([next, 0]);
        fragment.extend(field.to_be_bytes());
        fragment.extend(id.to_be_bytes());
        fragment.extend_from_slice(&rest[..len]);
        fragments.push(fragment);
        offset += len;
    }
    fragments
}

/// Where the next-header byte stands behind which a fragment header goes, and where that is: behind the IPv6 header,
/// hop-by-hop options and a routing header with the options before it.
fn per_hop_part(packet: &[u8]) -> (usize, usize) {
    let (mut next_at, mut at) = (6, 40);
    let (mut last_next_at, mut last) = (next_at, at);
    while let protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS = packet[next_at] {
        let kind = packet[next_at];
        next_at = at;
        at += (usize::from(packet[at + 1]) + 1) * 8;
        if kind != protocol::DESTINATION_OPTIONS {
            (last_next_at, last) = (next_at, at);
        }
    }
    (last_next_at, last)
}

/// How many of `rest` bytes fit behind `headers`, and whether more follow.
fn room(mtu: usize, headers: usize, rest: usize) -> (usize, bool) {
    let room = mtu.checked_sub(headers).expect("the MTU is larger than the headers");
    if rest <= room {
        return (rest, false);
    }
    let eights = room / 8 * 8;
    assert!(eights > 0, "the MTU leaves room for 8 bytes behind the headers");
    (eights, true)
}

#[cfg(test)]
mod tests {
    use super::super::{Packet, parse, verify_checksums};

    #[test]
    fn ipv4_fragments_cover_the_packet_once_and_only_copied_options_repeat() {
        let packet = Packet::eth()
            .vlan(5)
            .ipv4("10.0.0.1", "10.0.0.2")
            .id(77)
            // record route (not copied), then router alert (copied)
            .options([7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0])
            .udp(1, 2)
            .payload_len(1000);
        let whole = packet.build();
        let fragments = packet.build_fragments(300, 0);
        let mut body = Vec::new();
        for (i, frame) in fragments.iter().enumerate() {
            verify_checksums(frame).unwrap();
            let parsed = parse(frame).unwrap();
            let ip = parsed.expect_ip();
            assert!(ip.len <= 300);
            assert_eq!((ip.id, usize::from(ip.offset)), (77, body.len()));
            assert_eq!(ip.more, i + 1 < fragments.len());
            assert_eq!(ip.header.len(), if i == 0 { 32 } else { 24 });
            body.extend_from_slice(ip.body);
        }
        assert_eq!(body, parse(&whole).unwrap().expect_ip().body);
    }

    #[test]
    fn ipv6_fragments_keep_hop_by_hop_outside_and_destination_options_inside() {
        let packet = Packet::eth()
            .ipv6("2001:db8::1", "2001:db8::2")
            .hop_by_hop([])
            .destination_options([])
            .udp(1, 2)
            .payload_len(3000);
        let fragments = packet.build_fragments(1280, 99);
        assert_eq!(fragments.len(), 3);
        let mut body = Vec::new();
        for frame in &fragments {
            let parsed = parse(frame).unwrap();
            let ip = parsed.expect_ip();
            assert!(ip.len <= 1280 && ip.complete);
            assert_eq!((ip.id, usize::from(ip.offset)), (99, body.len()));
            let outside = ip.extensions.iter().take_while(|e| e.protocol != 44).count();
            assert_eq!(outside, 1);
            let at = frame.len() - (ip.len - 40 - 8 - 8);
            body.extend_from_slice(&frame[at..]);
        }
        assert_eq!(body, packet.build_l3()[48..]);
    }

    #[test]
    fn a_packet_that_fits_is_left_whole() {
        let packet = Packet::eth().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload_len(10);
        assert_eq!(packet.build_fragments(1500, 0), [packet.build()]);
    }
}
