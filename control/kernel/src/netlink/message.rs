use super::{Attributes, text, u32_ne};

/// One netlink message (RFC 3549 §2.2): header fields that matter, and the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
}

/// Splits a datagram into its messages. The last item is `None` when it ends within one.
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

pub(super) const HEADER: usize = 16;

impl Message<'_> {
    pub(super) const ERROR: u16 = 2;
    pub(super) const DONE: u16 = 3;

    pub(super) const REQUEST: u16 = 1;
    pub(super) const ACK: u16 = 4;
    pub(super) const DUMP: u16 = 0x300;
    pub(super) const DUMP_INTERRUPTED: u16 = 0x10;
    /// Of a request that makes something: instead of what is there.
    pub(crate) const REPLACE: u16 = 0x100;
    /// Of a request that makes something: refused when it is there.
    pub(crate) const EXCLUSIVE: u16 = 0x200;
    /// Makes what is not there.
    pub(crate) const CREATE: u16 = 0x400;
    /// Of an answer: the request is not repeated in it, but for its header.
    const CAPPED: u16 = 0x100;
    /// Of an answer: attributes follow.
    const ACK_TLVS: u16 = 0x200;
    const NLMSGERR_ATTR_MSG: u16 = 1;

    /// The message as bytes; the kernel fills in the sender.
    pub(super) fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER + self.payload.len()).expect("requests are short");
        let mut bytes = Vec::with_capacity(length as usize);
        bytes.extend_from_slice(&length.to_ne_bytes());
        bytes.extend_from_slice(&self.kind.to_ne_bytes());
        bytes.extend_from_slice(&self.flags.to_ne_bytes());
        bytes.extend_from_slice(&self.sequence.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(self.payload);
        bytes
    }

    /// Error number of an `ERROR` or `DONE` message, positive; 0 is success.
    pub(super) fn error_number(&self) -> i32 {
        let number =
            self.payload.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_ne_bytes);
        number.saturating_neg().max(0)
    }

    /// Why, in the kernel's words, of an `ERROR` message.
    pub(super) fn error_text(&self) -> Option<String> {
        if self.kind != Message::ERROR || self.flags & Message::ACK_TLVS == 0 {
            return None;
        }
        let request = u32_ne(self.payload.get(4..8)?)? as usize;
        let request = if self.flags & Message::CAPPED == 0 { request.next_multiple_of(4) } else { HEADER };
        let attributes = Attributes::new(self.payload.get(4..)?.get(request..)?);
        attributes.get(Message::NLMSGERR_ATTR_MSG).map(text).filter(|words| !words.is_empty())
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Option<Message<'a>>;

    fn next(&mut self) -> Option<Option<Message<'a>>> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = self.0;
        let message = decode(bytes);
        self.0 = match message {
            Some(message) => {
                bytes.get((HEADER + message.payload.len()).next_multiple_of(4)..).unwrap_or_default()
            }
            None => &[],
        };
        Some(message)
    }
}

fn decode(bytes: &[u8]) -> Option<Message<'_>> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
    let half = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_ne_bytes([b[0], b[1]]));
    let length = word(0)? as usize;
    Some(Message { kind: half(4)?, flags: half(6)?, sequence: word(8)?, payload: bytes.get(HEADER..length)? })
}

#[cfg(test)]
mod tests {
    use super::{Message, Messages};
    use crate::netlink::AttributeWriter;

    #[test]
    fn messages_of_one_datagram_come_apart_again() {
        let one = Message { kind: 16, flags: 2, sequence: 7, payload: &[1, 2, 3, 4, 5] };
        let two = Message { kind: 3, flags: 0, sequence: 7, payload: &(-22_i32).to_ne_bytes() };
        let mut bytes = one.encode();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(two.encode());
        let messages: Vec<_> = Messages(&bytes).collect();
        assert_eq!(messages, [Some(one), Some(two)]);
        assert_eq!(two.error_number(), 22);
    }

    #[test]
    fn a_refusal_comes_with_the_words_of_the_kernel_behind_the_request_or_its_header() {
        let words = AttributeWriter::default().put_text(1, "no such thing").into_bytes();
        for (capped, request) in [(0, 22_u32), (0x100, 500)] {
            let mut payload = (-22_i32).to_ne_bytes().to_vec();
            payload.extend(request.to_ne_bytes());
            payload.resize(4 + if capped == 0 { 24 } else { 16 }, 0);
            payload.extend(&words);
            let refusal = Message { kind: 2, flags: 0x200 | capped, sequence: 1, payload: &payload };
            assert_eq!(refusal.error_text().as_deref(), Some("no such thing"));
            assert_eq!(Message { flags: capped, ..refusal }.error_text(), None);
        }
        bolero::check!().for_each(|payload: &[u8]| {
            drop(Message { kind: 2, flags: 0x200, sequence: 1, payload }.error_text());
        });
    }

    #[test]
    fn a_datagram_that_ends_within_a_message_says_so() {
        let bytes = Message { kind: 16, flags: 2, sequence: 7, payload: &[0; 8] }.encode();
        for cut in 1..bytes.len() {
            assert_eq!(Messages(&bytes[..cut]).collect::<Vec<_>>(), [None], "{cut}");
        }
    }

    #[test]
    fn any_datagram_splits_into_messages_without_a_panic_and_ends() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let messages = Messages(bytes).count();
            assert!(messages <= bytes.len() / super::HEADER + 1);
        });
    }
}
