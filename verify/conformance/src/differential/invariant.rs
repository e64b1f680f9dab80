//! What holds for every frame, whatever the configuration: where both engines are wrong alike, this is not.

use flumen_abi::{Outcome, Reason};
use flumen_testkit::packet::{Ip, Parsed, Transport, fold, parse, sum, verify_checksums};

/// What is wrong with `after`, which a gateway made of `before`; none when nothing is.
///
/// With services in front of it, a gateway may unwrap VXLAN and clear DF.
pub(super) fn broken(before: &[u8], after: &[u8], reason: Reason, served: bool) -> Option<String> {
    let why = unserved(before, after, reason)?;
    let cleared =
        || served && without_df(before).iter().any(|frame| unserved(frame, after, reason).is_none());
    let unwrapped = || served && copy_of(before, after, reason);
    if cleared() || unwrapped() { None } else { Some(why) }
}

/// The frame with DF of its IPv4 header cleared, its UDP checksum as it was and zero; nothing for a frame without DF.
fn without_df(frame: &[u8]) -> Vec<Vec<u8>> {
    let Ok(Some(ip)) = parse(frame).map(|parsed| parsed.ip) else { return Vec::new() };
    if !ip.df || ip.version != 4 {
        return Vec::new();
    }
    let at = ip.header.as_ptr() as usize - frame.as_ptr() as usize;
    let end = at + ip.header.len();
    let mut cleared = frame.to_vec();
    cleared[at + 6] &= !0x40;
    cleared[at + 10..at + 12].fill(0);
    let checksum = !fold(sum(&cleared[at..end]));
    cleared[at + 10..at + 12].copy_from_slice(&checksum.to_be_bytes());
    let mut zeroed = cleared.clone();
    if let (Transport::Udp { .. }, Some(field)) = (&ip.transport, zeroed.get_mut(end + 6..end + 8)) {
        field.fill(0);
    }
    vec![cleared, zeroed]
}

/// Whether `after` is what a mirror makes of VXLAN: the inner frame as it was, or its packet with checksums that are as
/// right as they were.
fn copy_of(before: &[u8], after: &[u8], reason: Reason) -> bool {
    let sent = reason == Reason::Mirrored || reason.outcome() == Outcome::Deliver;
    if !sent {
        return before.ends_with(after);
    }
    let Ok(Some(Transport::Udp { payload, .. })) = parse(before).map(|outer| outer.ip.map(|ip| ip.transport))
    else {
        return false;
    };
    let Some(inner) = payload.get(8..) else { return false };
    let length = |frame: &[u8]| parse(frame).ok().and_then(|frame| frame.ip.map(|ip| ip.len));
    length(inner) == length(after) && (verify_checksums(inner).is_err() || verify_checksums(after).is_ok())
}

/// What is wrong where there are no services.
fn unserved(before: &[u8], after: &[u8], reason: Reason) -> Option<String> {
    let checked = match reason {
        Reason::Forwarded => forwarded(before, after),
        Reason::NeighbourUnknown | Reason::FragmentationNeeded | Reason::KernelSends => {
            handed_over(before, after)
        }
        _ => match reason.outcome() {
            Outcome::Consume => answered(before, after),
            _ if before == after => Ok(()),
            _ => Err("the frame has changed".to_owned()),
        },
    };
    checked.err()
}

/// Both frames read, and checksums that were right before are right after.
fn read<'a>(before: &'a [u8], after: &'a [u8]) -> Result<(Parsed<'a>, Parsed<'a>), String> {
    let was = parse(before).map_err(|why| format!("a frame that cannot be read was let through: {why}"))?;
    let is = parse(after).map_err(|why| format!("what leaves cannot be read: {why}"))?;
    if verify_checksums(before).is_err() {
        return Ok((was, is));
    }
    match verify_checksums(after) {
        // a quote has only so many bytes, and may end within the headers of its packet
        Err(why) if why.starts_with("quoted packet") && !why.contains("checksum") => Ok((was, is)),
        verified => verified.map(|()| (was, is)),
    }
}

fn ip<'a, 'b>(parsed: &'b Parsed<'a>) -> Result<&'b Ip<'a>, String> {
    parsed.ip.as_ref().ok_or_else(|| "it is no IP packet".to_owned())
}

fn forwarded(before: &[u8], after: &[u8]) -> Result<(), String> {
    let (was, is) = read(before, after)?;
    let (was_ip, is_ip) = (ip(&was)?, ip(&is)?);
    if is_ip.ttl.checked_add(1) != Some(was_ip.ttl) {
        return Err(format!("the TTL was {} and is {}", was_ip.ttl, is_ip.ttl));
    }
    let tags = |parsed: &Parsed<'_>| 4 * parsed.tags.len();
    if before.len() - tags(&was) != after.len() - tags(&is) {
        return Err("bytes were added or lost".to_owned());
    }
    same_packet(was_ip, is_ip)
}

fn handed_over(before: &[u8], after: &[u8]) -> Result<(), String> {
    let (was, is) = read(before, after)?;
    let (was_ip, is_ip) = (ip(&was)?, ip(&is)?);
    if (was.src, was.dst, &was.tags, was_ip.ttl) != (is.src, is.dst, &is.tags, is_ip.ttl) {
        return Err("the kernel gets another link header or TTL than the device had".to_owned());
    }
    same_packet(was_ip, is_ip)
}

/// Everything that translation leaves alone.
fn same_packet(was: &Ip<'_>, is: &Ip<'_>) -> Result<(), String> {
    let fixed = |ip: &Ip<'_>| (ip.version, ip.tos, ip.id, ip.df, ip.more, ip.offset, ip.len, ip.protocol);
    if fixed(was) != fixed(is) || was.extensions.len() != is.extensions.len() {
        return Err("a field of the IP header has changed that no translation touches".to_owned());
    }
    let same = match (&was.transport, &is.transport) {
        (
            Transport::Tcp { seq, ack, flags, payload, .. },
            Transport::Tcp { seq: s, ack: a, flags: f, payload: p, .. },
        ) => (seq, ack, flags, payload) == (s, a, f, p),
        (Transport::Udp { len, payload, .. }, Transport::Udp { len: l, payload: p, .. }) => {
            (len, payload) == (l, p)
        }
        (
            Transport::Icmp { kind, code, quote: Some(_), payload, .. },
            Transport::Icmp { kind: k, code: c, payload: p, .. },
        ) => (kind, code, payload.len()) == (k, c, p.len()),
        (
            Transport::Icmp { kind, code, payload, .. },
            Transport::Icmp { kind: k, code: c, payload: p, .. },
        ) => (kind, code, payload) == (k, c, p),
        (Transport::Bytes | Transport::Cut { .. }, Transport::Bytes | Transport::Cut { .. }) => {
            was.is_fragment() || was.body == is.body
        }
        _ => false,
    };
    if same { Ok(()) } else { Err("what the packet carries has changed".to_owned()) }
}

/// An answer is whole, and goes back to whom it answers.
fn answered(before: &[u8], after: &[u8]) -> Result<(), String> {
    let (was, is) = read(before, after)?;
    let (was_ip, is_ip) = (ip(&was)?, ip(&is)?);
    if (was.src, was.dst, &was.tags) != (is.dst, is.src, &is.tags) || was_ip.src != is_ip.dst {
        return Err("the answer goes to somebody else".to_owned());
    }
    if is_ip.ttl != 64 || !is_ip.complete {
        return Err(format!("the answer has TTL {} and {} bytes", is_ip.ttl, after.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::broken;
    use flumen_abi::Reason;
    use flumen_testkit::packet::{Checksum, Packet};

    fn packet(ttl: u8) -> Packet {
        Packet::eth().ipv4("10.0.1.10", "203.0.113.10").ttl(ttl).udp(4000, 53)
    }

    #[test]
    fn a_frame_that_is_forwarded_as_it_must_be_is_not_broken() {
        let before = packet(64).payload("x").build();
        assert_eq!(broken(&before, &packet(63).payload("x").build(), Reason::Forwarded, false), None);
        let tagged =
            Packet::eth().vlan(5).ipv4("10.0.1.10", "203.0.113.10").ttl(63).udp(4000, 53).payload("x");
        assert_eq!(broken(&before, &tagged.build(), Reason::Forwarded, false), None);
        assert_eq!(broken(&before, &before, Reason::PolicyDenied, false), None);
    }

    #[test]
    fn each_change_that_no_gateway_makes_is_broken() {
        let before = packet(64).payload("x").build();
        let wrong = [
            ("TTL", packet(64).payload("x")),
            ("checksum", packet(63).payload("x").checksum(Checksum::Wrong)),
            ("header checksum", packet(63).payload("x").ip_checksum(Checksum::Wrong)),
            ("payload", packet(63).payload("y")),
            ("length", packet(63).payload("xy")),
            ("protocol", Packet::eth().ipv4("10.0.1.10", "203.0.113.10").ttl(63).other(47, [0; 9])),
        ];
        for (name, after) in wrong {
            assert!(broken(&before, &after.build(), Reason::Forwarded, false).is_some(), "{name}");
        }
        assert!(broken(&before, &packet(63).payload("x").build(), Reason::PolicyDenied, false).is_some());
        assert!(broken(&before, &packet(64).payload("x").build(), Reason::TtlExceededSent, false).is_some());
    }

    #[test]
    fn services_may_clear_df_and_unwrap_and_nothing_else() {
        let wrapped = Packet::eth().ipv4("10.0.1.10", "10.0.1.1").udp(1, 4789).vxlan(1);
        let inner = packet(64).payload("x");
        let wrapped = wrapped.carrying(inner.clone()).build();
        let cleared = Packet::eth().ipv4("10.0.1.10", "203.0.113.10").ttl(64).udp(4000, 53).build();
        let with_df = Packet::eth().ipv4("10.0.1.10", "203.0.113.10").ttl(64).df().udp(4000, 53).build();
        assert_eq!(broken(&with_df, &cleared, Reason::DfCleared, true), None);
        assert!(broken(&with_df, &cleared, Reason::DfCleared, false).is_some());
        assert!(broken(&cleared, &with_df, Reason::DfCleared, true).is_some());
        assert_eq!(broken(&wrapped, &inner.build(), Reason::Mirrored, true), None);
        assert_eq!(broken(&wrapped, &inner.build(), Reason::NoRoute, true), None);
        let wrong = packet(63).payload("x").checksum(Checksum::Wrong).build();
        assert!(broken(&wrapped, &wrong, Reason::Mirrored, true).is_some());
    }
}
