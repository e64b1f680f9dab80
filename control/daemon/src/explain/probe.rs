use flumen_api::{ApiError, Protocol};
use flumen_engine::Vlan;
use std::net::IpAddr;

pub(super) use flumen_api::Probe;

const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const SYN: u8 = 0x02;
const TTL: u8 = 64;

/// The frame that a host would send: a packet without payload, right checksums, TTL 64.
///
/// # Errors
/// When the addresses are of two families, or the protocol belongs to the other one.
pub(super) fn frame(probe: &Probe, vlan: Vlan) -> Result<Vec<u8>, ApiError> {
    let impossible = |reason: String| ApiError::Impossible { reason };
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]; // any two stations: the pipeline routes, it does not bridge
    if vlan.inner != 0 {
        frame.extend(SERVICE_VLAN.to_be_bytes());
        frame.extend(vlan.outer.to_be_bytes());
        frame.extend(VLAN.to_be_bytes());
        frame.extend(vlan.inner.to_be_bytes());
    } else if vlan.outer != 0 {
        frame.extend(VLAN.to_be_bytes());
        frame.extend(vlan.outer.to_be_bytes());
    }
    match (probe.source, probe.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            if probe.protocol == Protocol::ICMP6 {
                return Err(impossible("icmp6 does not run over IPv4: use icmp".to_owned()));
            }
            let pseudo = [&source.octets()[..], &destination.octets()].concat();
            let payload = transport(probe, &pseudo);
            frame.extend(IPV4.to_be_bytes());
            frame.extend(ipv4(probe, &pseudo, payload.len()));
            frame.extend(payload);
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            if probe.protocol == Protocol::ICMP {
                return Err(impossible("icmp does not run over IPv6: use icmp6".to_owned()));
            }
            let pseudo = [&source.octets()[..], &destination.octets()].concat();
            let payload = transport(probe, &pseudo);
            frame.extend(IPV6.to_be_bytes());
            frame.extend([0x60, 0, 0, 0]);
            frame.extend((payload.len() as u16).to_be_bytes());
            frame.extend([probe.protocol.0, TTL]);
            frame.extend(pseudo);
            frame.extend(payload);
        }
        (source, destination) => {
            return Err(impossible(format!(
                "{source} and {destination} are of two families: a packet has one"
            )));
        }
    }
    Ok(frame)
}

fn ipv4(probe: &Probe, addresses: &[u8], payload: usize) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend((20 + payload as u16).to_be_bytes());
    header.extend([0, 1, 0x40, 0, TTL, probe.protocol.0, 0, 0]); // identification 1, don't fragment
    header.extend(addresses);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header
}

/// The transport header; empty for protocols of which nothing is known but the number.
fn transport(probe: &Probe, addresses: &[u8]) -> Vec<u8> {
    let (source, destination) = (probe.source_port.to_be_bytes(), probe.destination_port.to_be_bytes());
    let ports = [source, destination].concat();
    let (mut header, at) = match probe.protocol {
        Protocol::TCP => {
            let flags = probe.tcp_flags.unwrap_or(SYN);
            ([&ports[..], &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]].concat(), 16)
        }
        Protocol::UDP => ([&ports[..], &[0, 8, 0, 0]].concat(), 6),
        Protocol::ICMP | Protocol::ICMP6 => {
            let echo_request = if probe.protocol == Protocol::ICMP { 8 } else { 128 };
            let (kind, code) = probe.icmp.unwrap_or((echo_request, 0));
            ([&[kind, code, 0, 0], &source[..], &[0, 1]].concat(), 2)
        }
        _ => return Vec::new(),
    };
    let mut summed = header.clone();
    if probe.protocol != Protocol::ICMP {
        // Pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1): addresses, length, protocol.
        summed.extend(addresses);
        summed.extend((header.len() as u32).to_be_bytes());
        summed.extend([0, 0, 0, probe.protocol.0]);
    }
    let sum = match checksum(&summed) {
        0 if probe.protocol == Protocol::UDP => 0xffff, // zero would say that there is none (RFC 768)
        sum => sum,
    };
    header[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    header
}

/// The Internet checksum (RFC 1071) of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let (words, _) = bytes.as_chunks::<2>();
    let mut sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::{checksum, frame};
    use flumen_api::{Probe, Protocol};
    use flumen_engine::Vlan;

    fn probe(source: &str, destination: &str, protocol: Protocol) -> Probe {
        Probe {
            interface: "lan".into(),
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol,
            source_port: 40_000,
            destination_port: 443,
            icmp: None,
            tcp_flags: None,
        }
    }

    #[test]
    fn checksums_of_a_probe_sum_up_to_zero() {
        for protocol in [Protocol::TCP, Protocol::UDP, Protocol::ICMP] {
            let frame = frame(&probe("192.0.2.1", "198.51.100.7", protocol), Vlan::default()).unwrap();
            let (header, payload) = frame[14..].split_at(20);
            assert_eq!(checksum(header), 0, "{protocol}: IPv4 header");
            let mut summed = payload.to_vec();
            if protocol != Protocol::ICMP {
                summed.extend(&header[12..20]);
                summed.extend([0, protocol.0]);
                summed.extend((payload.len() as u16).to_be_bytes());
            }
            assert_eq!(checksum(&summed), 0, "{protocol}: payload");
            assert_eq!(usize::from(u16::from_be_bytes([header[2], header[3]])), 20 + payload.len());
        }
        for protocol in [Protocol::TCP, Protocol::UDP, Protocol::ICMP6] {
            let frame = frame(&probe("2001:db8::1", "2001:db8::2", protocol), Vlan::default()).unwrap();
            let (header, payload) = frame[14..].split_at(40);
            let mut summed = [payload, &header[8..]].concat();
            summed.extend([0, protocol.0]);
            summed.extend((payload.len() as u16).to_be_bytes());
            assert_eq!(checksum(&summed), 0, "{protocol}");
        }
    }

    #[test]
    fn tags_of_the_interface_are_on_the_frame() {
        let tagged = |vlan| frame(&probe("192.0.2.1", "192.0.2.2", Protocol::UDP), vlan).unwrap();
        assert_eq!(tagged(Vlan { outer: 10, inner: 0 })[12..18], [0x81, 0, 0, 10, 8, 0]);
        assert_eq!(tagged(Vlan { outer: 10, inner: 20 })[12..22], [0x88, 0xa8, 0, 10, 0x81, 0, 0, 20, 8, 0]);
    }

    #[test]
    fn families_that_do_not_fit_are_refused() {
        for (source, destination, protocol) in [
            ("192.0.2.1", "2001:db8::1", Protocol::TCP),
            ("192.0.2.1", "192.0.2.2", Protocol::ICMP6),
            ("2001:db8::1", "2001:db8::2", Protocol::ICMP),
        ] {
            assert!(frame(&probe(source, destination, protocol), Vlan::default()).is_err());
        }
    }
}
