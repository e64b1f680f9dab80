use std::path::Path;

/// A queue, as the kernel shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Its number.
    pub number: u16,
    /// Packets that wait for a verdict.
    pub waiting: u32,
    /// Packets that were dropped because too many waited.
    pub dropped: u32,
    /// Packets that were dropped because the socket was full.
    pub dropped_for_user: u32,
    /// Number of the last packet.
    pub last_id: u32,
}

/// Every queue of this network namespace; none where the kernel has no queues.
pub fn queue_states() -> Vec<QueueState> {
    // A thread may be in another namespace than its process.
    read(Path::new("/proc/thread-self/net/netfilter/nfnetlink_queue"))
}

fn read(path: &Path) -> Vec<QueueState> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(QueueState::parse).collect()
}

// === impl QueueState ===

impl QueueState {
    fn parse(line: &str) -> Option<QueueState> {
        let fields: Option<Vec<u32>> = line.split_whitespace().map(|field| field.parse().ok()).collect();
        let [number, _, waiting, _, _, dropped, dropped_for_user, last_id, ..] = fields?[..] else {
            return None;
        };
        Some(QueueState { number: number.try_into().ok()?, waiting, dropped, dropped_for_user, last_id })
    }
}

#[cfg(test)]
mod tests {
    use super::QueueState;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let state = QueueState::parse("41200 3847291145     7 2 65531     1     2   123456  1");
        let wanted =
            QueueState { number: 41200, waiting: 7, dropped: 1, dropped_for_user: 2, last_id: 123_456 };
        assert_eq!(state, Some(wanted));
        assert_eq!(QueueState::parse("41200 1 2"), None);
    }
}
