use flumen_abi::{Direction, SessionRecord, Timeouts};
use flumen_wire::{proto, tcp};

/// Flags that the TCP state is made of.
const TRACKED: u8 = tcp::FIN | tcp::SYN | tcp::RST | tcp::ACK;

/// Idle timeout of a new session.
#[inline(always)]
pub fn initial_timeout(timeouts: &Timeouts, protocol: u8) -> u32 {
    match protocol {
        proto::TCP => timeouts.tcp_initial_ms,
        proto::UDP => timeouts.udp_ms,
        proto::ICMP | proto::ICMPV6 => timeouts.icmp_ms,
        _ => timeouts.other_ms,
    }
}

/// True when the flags are not all among those that this direction has shown: only then the state may change.
#[inline(always)]
pub fn tcp_changes(record: &SessionRecord, direction: Direction, flags: u8) -> bool {
    flags & TRACKED & !record.tcp_seen[direction as usize].load() != 0
}

/// Adds a TCP packet's flags to what its direction has shown, and sets the timeout of the state that follows.
///
/// The state is never stored: it follows from the flags both sides have sent, each side's byte written by its
/// own packets only, so that two CPUs cannot undo each other's transition.
#[inline(always)]
pub fn tcp_seen(record: &SessionRecord, timeouts: &Timeouts, direction: Direction, flags: u8) {
    let side = &record.tcp_seen[direction as usize];
    side.store(side.load() | (flags & TRACKED));
    let forward = record.tcp_seen[Direction::Forward as usize].load();
    let reverse = record.tcp_seen[Direction::Reverse as usize].load();
    // The session may have been cleared since this packet found it: a timeout would bring its record back to life.
    if !record.is_free() {
        record.timeout_ms.store(tcp_timeout(timeouts, forward, reverse));
    }
}

/// True when the session has ended, so that a new SYN opens another one.
#[inline(always)]
pub fn tcp_closed(record: &SessionRecord) -> bool {
    let forward = record.tcp_seen[Direction::Forward as usize].load();
    let reverse = record.tcp_seen[Direction::Reverse as usize].load();
    (forward | reverse) & tcp::RST != 0 || forward & reverse & tcp::FIN != 0
}

#[inline(always)]
fn tcp_timeout(timeouts: &Timeouts, forward: u8, reverse: u8) -> u32 {
    if (forward | reverse) & tcp::RST != 0 || forward & reverse & tcp::FIN != 0 {
        timeouts.tcp_closed_ms
    } else if (forward | reverse) & tcp::FIN != 0 {
        timeouts.tcp_closing_ms
    } else if forward & tcp::ACK != 0 && reverse & tcp::ACK != 0 {
        timeouts.tcp_established_ms
    } else {
        timeouts.tcp_initial_ms
    }
}

#[cfg(test)]
mod tests {
    use super::{initial_timeout, tcp_changes, tcp_closed, tcp_seen};
    use flumen_abi::{Direction, Generation, PolicyId, SessionRecord, Timeouts};
    use flumen_wire::tcp::{ACK, FIN, PSH, RST, SYN};

    const TIMEOUTS: Timeouts = Timeouts {
        tcp_initial_ms: 1,
        tcp_established_ms: 2,
        tcp_closing_ms: 3,
        tcp_closed_ms: 4,
        udp_ms: 5,
        icmp_ms: 6,
        other_ms: 7,
    };

    #[test]
    fn each_protocol_starts_with_its_own_timeout() {
        let start = [6, 17, 1, 58, 47].map(|protocol| initial_timeout(&TIMEOUTS, protocol));
        assert_eq!(start, [1, 5, 6, 6, 7]);
    }

    /// Timeout after each of these packets, and whether a new SYN would open another session then.
    fn after(packets: &[(Direction, u8)]) -> (u32, bool) {
        let record = SessionRecord::default();
        record.begin(PolicyId(1), Generation(1), 0, 1);
        for (direction, flags) in packets {
            tcp_seen(&record, &TIMEOUTS, *direction, *flags);
        }
        (record.timeout_ms.load(), tcp_closed(&record))
    }

    #[test]
    fn the_timeout_follows_from_the_flags_of_both_sides_in_any_order() {
        use Direction::{Forward, Reverse};
        assert_eq!(after(&[(Forward, SYN)]), (1, false));
        assert_eq!(after(&[(Forward, SYN), (Reverse, SYN | ACK)]), (1, false));
        assert_eq!(after(&[(Forward, SYN), (Reverse, SYN | ACK), (Forward, ACK)]), (2, false));
        assert_eq!(after(&[(Forward, ACK), (Reverse, ACK | PSH), (Forward, FIN | ACK)]), (3, false));
        assert_eq!(after(&[(Reverse, FIN | ACK), (Forward, ACK)]), (3, false));
        assert_eq!(after(&[(Reverse, FIN | ACK), (Forward, FIN | ACK)]), (4, true));
        assert_eq!(after(&[(Forward, SYN), (Reverse, RST | ACK)]), (4, true));
    }

    #[test]
    fn only_a_flag_that_its_direction_has_not_shown_changes_the_state() {
        let record = SessionRecord::default();
        record.begin(PolicyId(1), Generation(1), 0, 1);
        tcp_seen(&record, &TIMEOUTS, Direction::Forward, SYN);
        assert!(!tcp_changes(&record, Direction::Forward, SYN | PSH));
        assert!(tcp_changes(&record, Direction::Forward, ACK));
        assert!(tcp_changes(&record, Direction::Reverse, SYN));
    }

    #[test]
    fn a_record_that_was_freed_meanwhile_stays_free() {
        let record = SessionRecord::default();
        tcp_seen(&record, &TIMEOUTS, Direction::Forward, SYN);
        assert!(record.is_free());
    }
}
