use super::{Ethtool, about, or_absent};
use crate::KernelError;
use crate::netlink::{Attributes, u32_ne};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A number that a driver has for its device: rings, channels, interrupt coalescing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Descriptors in each receive ring.
    RxRing,
    /// Descriptors in each transmit ring.
    TxRing,
    /// Queues that receive and send.
    CombinedChannels,
    /// Queues that only receive.
    RxChannels,
    /// 1 when the driver finds its own delay for receive interrupts.
    AdaptiveRx,
    /// Microseconds that a receive interrupt may wait.
    RxUsecs,
    /// Frames after which a receive interrupt comes at once.
    RxFrames,
    /// Microseconds that a transmit interrupt may wait.
    TxUsecs,
    /// Frames after which a transmit interrupt comes at once.
    TxFrames,
}

/// A quantity and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Value.
    pub now: u32,
    /// Greatest value that the driver takes; none when it does not say.
    pub max: Option<u32>,
}

/// Where a quantity is in the protocol: message to read it (the next one sets it), its attribute, that of its
/// greatest value.
struct Place {
    get: u8,
    value: u16,
    max: Option<u16>,
}

const RINGS: u8 = 15;
const CHANNELS: u8 = 17;
const COALESCE: u8 = 19;

impl Quantity {
    fn place(self) -> Place {
        let (get, value, max) = match self {
            Quantity::RxRing => (RINGS, 6, Some(2)),
            Quantity::TxRing => (RINGS, 9, Some(5)),
            Quantity::CombinedChannels => (CHANNELS, 9, Some(5)),
            Quantity::RxChannels => (CHANNELS, 6, Some(2)),
            Quantity::AdaptiveRx => (COALESCE, 11, None),
            Quantity::RxUsecs => (COALESCE, 2, None),
            Quantity::RxFrames => (COALESCE, 3, None),
            Quantity::TxUsecs => (COALESCE, 6, None),
            Quantity::TxFrames => (COALESCE, 7, None),
        };
        Place { get, value, max }
    }

    /// As the kernel writes it: a word, but a byte for what is on or off.
    fn encode(self, value: u32) -> Vec<u8> {
        match self {
            Quantity::AdaptiveRx => vec![u8::from(value != 0)],
            _ => value.to_ne_bytes().to_vec(),
        }
    }

    fn span(self, answer: Attributes<'_>) -> Option<Span> {
        let number = |value: &[u8]| match value {
            [byte] => Some(u32::from(*byte)),
            word => u32_ne(word),
        };
        let place = self.place();
        let max = place.max.and_then(|max| number(answer.get(max)?));
        Some(Span { now: number(answer.get(place.value)?)?, max })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quantity::RxRing => "rx ring",
            Quantity::TxRing => "tx ring",
            Quantity::CombinedChannels => "combined channels",
            Quantity::RxChannels => "rx channels",
            Quantity::AdaptiveRx => "adaptive-rx",
            Quantity::RxUsecs => "rx-usecs",
            Quantity::RxFrames => "rx-frames",
            Quantity::TxUsecs => "tx-usecs",
            Quantity::TxFrames => "tx-frames",
        })
    }
}

impl Ethtool {
    /// None when there is no such device, or its driver has no such number.
    pub(crate) fn quantity(&mut self, device: &str, quantity: Quantity) -> Result<Option<Span>, KernelError> {
        let action = format!("read {quantity} of {device}");
        or_absent(self.0.ask(&action, quantity.place().get, about(device), |answer| quantity.span(answer)))
    }

    /// Sets one number; the others of its kind stay.
    pub(crate) fn set_quantity(
        &mut self,
        device: &str,
        quantity: Quantity,
        value: u32,
    ) -> Result<(), KernelError> {
        let place = quantity.place();
        let set = about(device).put(place.value, &quantity.encode(value));
        let action = format!("set {quantity} of {device} to {value}");
        self.0.ask(&action, place.get + 1, set, |_| Some(())).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{Quantity, Span};
    use crate::netlink::{AttributeWriter, Attributes};

    #[test]
    fn a_quantity_comes_with_its_limit_where_there_is_one() {
        let word = |number: u32| number.to_ne_bytes();
        let rings = AttributeWriter::default().put(2, &word(4096)).put(6, &word(256)).into_bytes();
        let read = |quantity: Quantity, bytes: &[u8]| quantity.span(Attributes::new(bytes));
        assert_eq!(read(Quantity::RxRing, &rings), Some(Span { now: 256, max: Some(4096) }));
        assert_eq!(read(Quantity::TxRing, &rings), None, "this driver does not say");
        let coalesce = AttributeWriter::default().put(2, &word(64)).put(11, &[1]).into_bytes();
        assert_eq!(read(Quantity::RxUsecs, &coalesce), Some(Span { now: 64, max: None }));
        assert_eq!(read(Quantity::AdaptiveRx, &coalesce), Some(Span { now: 1, max: None }));
        assert_eq!(Quantity::AdaptiveRx.encode(1), [1], "a byte");
    }
}
