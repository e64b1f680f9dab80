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
