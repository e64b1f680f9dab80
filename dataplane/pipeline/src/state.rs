use crate::sessions::{self, SessionTables};
use flumen_abi::{Direction, Family, Flow, IdleTimeout, SessionFlags, SessionRecord, Timeouts};
use flumen_wire::{proto, tcp};

const _: () = assert!(SessionFlags::TCP == tcp::FIN | tcp::SYN | tcp::RST | tcp::ACK);

/// Idle timeout of a new session.
#[inline(always)]
pub fn initial_timeout(timeouts: &Timeouts, protocol: u8) -> IdleTimeout {
    IdleTimeout::from_secs(match protocol {
        proto::TCP => timeouts.tcp_initial_s,
        proto::UDP => timeouts.udp_s,
        proto::ICMP | proto::ICMPV6 => timeouts.icmp_s,
        _ => timeouts.other_s,
    })
}

/// True when the flags are not all among those that this direction has shown: only then the state may change.
#[inline(always)]
pub fn tcp_changes(seen: SessionFlags, flags: u8) -> bool {
    flags & SessionFlags::TCP & !seen.tcp_seen() != 0
}

/// Adds a TCP packet's flags to what its direction has shown, and sets the timeout of the state that follows in both
/// rows.
///
/// The state is never stored: it follows from the flags both sides have sent, each side's byte written by its
/// own packets only, so that two CPUs cannot undo each other's transition.
#[inline(always)]
pub fn tcp_seen<T: SessionTables>(
    tables: &T,
    family: Family,
    flow: &Flow,
    timeouts: &Timeouts,
    flags: u8,
    now_ms: u32,
) {
    let Some(record) = tables.record(flow.slot()) else { return };
    let seen = flow.flags().with_tcp(flags);
    flow.flags.store(seen.0);
    record.tcp_seen[seen.direction() as usize].store(seen.tcp_seen());
    let timeout = tcp_timeout(timeouts, record);
    flow.timeout.store(timeout.0);
    if let Some(other) = sessions::other(tables, family, flow) {
        other.timeout.store(timeout.0);
    }
    look_sooner(tables, record, SessionRecord::look_at(now_ms, timeout.ms()));
}

/// Lets the ageing pass look at `look_at`, unless it looks before. Exchanged, not stored: the session may have been
/// removed since this packet found it, and a time would bring its record back to life.
#[inline(always)]
fn look_sooner<T: SessionTables>(tables: &T, record: &SessionRecord, look_at: u32) {
    let planned = record.look_at_ms.load();
    if planned != 0 && (look_at.wrapping_sub(planned) as i32) < 0 {
        let _looks_already = tables.exchange(&record.look_at_ms, planned, look_at);
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
fn tcp_timeout(timeouts: &Timeouts, record: &SessionRecord) -> IdleTimeout {
    let forward = record.tcp_seen[Direction::Forward as usize].load();
    let reverse = record.tcp_seen[Direction::Reverse as usize].load();
    IdleTimeout::from_secs(if tcp_closed(record) {
        timeouts.tcp_closed_s
    } else if (forward | reverse) & tcp::FIN != 0 {
        timeouts.tcp_closing_s
    } else if forward & tcp::ACK != 0 && reverse & tcp::ACK != 0 {
        timeouts.tcp_established_s
    } else {
        timeouts.tcp_initial_s
    })
}

#[cfg(test)]
mod tests {
    use super::{initial_timeout, tcp_changes, tcp_closed, tcp_timeout};
    use flumen_abi::{Direction, SessionFlags, SessionRecord, Timeouts};
    use flumen_wire::tcp::{ACK, FIN, PSH, RST, SYN};

    const TIMEOUTS: Timeouts = Timeouts {
        tcp_initial_s: 1,
        tcp_established_s: 2,
        tcp_closing_s: 3,
        tcp_closed_s: 4,
        udp_s: 5,
        icmp_s: 6,
        other_s: 7,
    };

    #[test]
    fn each_protocol_starts_with_its_own_timeout() {
        let start = [6, 17, 1, 58, 47].map(|protocol| initial_timeout(&TIMEOUTS, protocol).ms());
        assert_eq!(start, [1_000, 5_000, 6_000, 6_000, 7_000]);
    }

    /// Timeout after each of these packets in seconds, and whether a new SYN would open another session then.
    fn after(packets: &[(Direction, u8)]) -> (u32, bool) {
        let record = SessionRecord::default();
        for (direction, flags) in packets {
            let side = &record.tcp_seen[*direction as usize];
            side.store(side.load() | flags & SessionFlags::TCP);
        }
        (tcp_timeout(&TIMEOUTS, &record).ms() / 1_000, tcp_closed(&record))
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
        let seen = SessionFlags(0).with_tcp(SYN);
        assert!(!tcp_changes(seen, SYN | PSH));
        assert!(tcp_changes(seen, ACK));
        assert!(tcp_changes(SessionFlags(0), SYN));
    }
}
