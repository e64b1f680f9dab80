use crate::Traffic;
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowReasons`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonsReport {
    /// In order of the configuration; last, the frames that arrived where no interface is configured.
    pub interfaces: Vec<InterfaceReasons>,
}

/// How every frame that arrived on one interface ended.
///
/// `received = forwarded + delivered + consumed + dropped`. Counters are read one after the other, so under
/// traffic the two sides may differ by what arrived while they were read; at rest they never do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InterfaceReasons {
    /// Name; `unconfigured` for frames of no interface.
    pub interface: String,
    /// Frames that arrived.
    pub received: Traffic,
    /// Sent out of an interface.
    pub forwarded: Traffic,
    /// Handed to the kernel.
    pub delivered: Traffic,
    /// Answered or absorbed.
    pub consumed: Traffic,
    /// Discarded.
    pub dropped: Traffic,
    /// Received, less the sum of the others, in packets.
    pub difference: i64,
    /// In order of their numbers; those that count nothing only if they were asked for.
    pub reasons: Vec<ReasonCount>,
}

/// Frames that ended with one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// Name of the reason.
    pub reason: String,
    /// Its outcome: `forward`, `deliver`, `consume` or `drop`.
    pub outcome: String,
    /// What it means.
    pub text: String,
    /// Frames.
    pub frames: Traffic,
}

impl ReasonsReport {
    /// Without the reasons that count nothing.
    pub fn seen(mut self) -> ReasonsReport {
        for interface in &mut self.interfaces {
            interface.reasons.retain(|count| count.frames.packets != 0);
        }
        self
    }
}

impl InterfaceReasons {
    /// Sums up `reasons` by outcome, and says what is missing.
    pub fn new(interface: String, received: Traffic, reasons: Vec<ReasonCount>) -> InterfaceReasons {
        let sum = |outcome: &str| {
            let of_outcome = reasons.iter().filter(|count| count.outcome == outcome);
            of_outcome.fold(Traffic::default(), |sum, count| Traffic {
                packets: sum.packets + count.frames.packets,
                bytes: sum.bytes + count.frames.bytes,
            })
        };
        let (forwarded, delivered, consumed, dropped) =
            (sum("forward"), sum("deliver"), sum("consume"), sum("drop"));
        let ended = forwarded.packets + delivered.packets + consumed.packets + dropped.packets;
        let difference = received.packets.wrapping_sub(ended) as i64;
        InterfaceReasons { interface, received, forwarded, delivered, consumed, dropped, difference, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::{InterfaceReasons, ReasonCount};
    use crate::Traffic;

    #[test]
    fn the_difference_is_what_no_reason_accounts_for() {
        let count = |outcome: &str, packets| ReasonCount {
            reason: "r".into(),
            outcome: outcome.into(),
            text: String::new(),
            frames: Traffic { packets, bytes: packets * 100 },
        };
        let reasons = vec![count("forward", 5), count("drop", 2), count("drop", 1), count("deliver", 1)];
        let received = Traffic { packets: 9, bytes: 900 };
        let balanced = InterfaceReasons::new("eth0".into(), received, reasons.clone());
        assert_eq!((balanced.difference, balanced.dropped.packets, balanced.consumed.packets), (0, 3, 0));
        let lost = InterfaceReasons::new("eth0".into(), Traffic { packets: 8, bytes: 0 }, reasons);
        assert_eq!(lost.difference, -1);
    }
}
