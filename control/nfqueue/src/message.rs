//! Messages of nfnetlink_queue (`linux/netfilter/nfnetlink_queue.h`), as bytes. Numbers of netlink itself are in host
//! order, those of netfilter in network order; attributes begin at multiples of four.

use std::ops::Range;

/// Netlink header and that of netfilter.
const HEADERS: usize = 20;
const ERROR: u16 = 2;
const SUBSYSTEM: u16 = 3 << 8;
const PACKET: u16 = SUBSYSTEM;
const VERDICT: u16 = SUBSYSTEM | 1;
const CONFIG: u16 = SUBSYSTEM | 2;
const VERDICT_BATCH: u16 = SUBSYSTEM | 3;
const REQUEST: u16 = 1;
const ACK: u16 = 4;

const CONFIG_COMMAND: u16 = 1;
const CONFIG_PARAMETERS: u16 = 2;
const CONFIG_MAXLEN: u16 = 3;
const CONFIG_MASK: u16 = 4;
const CONFIG_FLAGS: u16 = 5;
const BIND: u8 = 1;
const COPY_PACKET: u8 = 2;
const FAIL_OPEN: u32 = 1;

const PACKET_HEADER: u16 = 1;
const VERDICT_HEADER: u16 = 2;
const IN_DEVICE: u16 = 5;
const PHYSICAL_IN_DEVICE: u16 = 7;
const PAYLOAD: u16 = 10;
const NETFILTER_ACCEPT: u32 = 1;

/// Room that a verdict needs before a payload; a packet's message always has it.
pub(crate) const VERDICT_ROOM: usize = HEADERS + 12 + 4;

/// A message of the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Packet(Queued),
    /// The answer to a request: 0, or an error number.
    Answer(i32),
    /// Cannot be read, or is none of the above.
    Other,
}

/// A packet that waits for its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) id: u32,
    /// EtherType.
    pub(crate) protocol: u16,
    /// Device that it arrived on, and the port of that, when it is a bridge; 0 when there is none.
    pub(crate) device: u32,
    pub(crate) port: u32,
    /// Where the packet lies in the message, from its IP header on.
    pub(crate) payload: Range<usize>,
}

// === impl Message ===

impl Message {
    /// Reads one datagram. The kernel puts one packet into each.
    pub(crate) fn parse(bytes: &[u8]) -> Message {
        Message::read(bytes).unwrap_or(Message::Other)
    }

    /// The number of the packet whose message begins so: its header is the first attribute.
    pub(crate) fn head(bytes: &[u8]) -> Option<u32> {
        let packet = u16::from_ne_bytes(array(bytes, 4)?) == PACKET;
        let first = u16::from_ne_bytes(array(bytes, HEADERS + 2)?) == PACKET_HEADER;
        (packet && first).then(|| array(bytes, HEADERS + 4).map(u32::from_be_bytes))?
    }

    fn read(bytes: &[u8]) -> Option<Message> {
        let length = u32::from_ne_bytes(array(bytes, 0)?) as usize;
        let bytes = bytes.get(..length)?;
        match u16::from_ne_bytes(array(bytes, 4)?) {
            ERROR => Some(Message::Answer(-i32::from_ne_bytes(array(bytes, 16)?))),
            PACKET => Queued::read(bytes).map(Message::Packet),
            _ => None,
        }
    }
}

// === impl Queued ===

impl Queued {
    fn read(bytes: &[u8]) -> Option<Queued> {
        let mut queued = Queued { id: 0, protocol: 0, device: 0, port: 0, payload: 0..0 };
        let (mut at, mut seen) = (HEADERS, false);
        while at + 4 <= bytes.len() {
            let length = usize::from(u16::from_ne_bytes(array(bytes, at)?));
            if length < 4 || at + length > bytes.len() {
                return None;
            }
            let value = at + 4;
            match u16::from_ne_bytes(array(bytes, at + 2)?) & 0x3fff {
                PACKET_HEADER => {
                    queued.id = u32::from_be_bytes(array(bytes, value)?);
                    queued.protocol = u16::from_be_bytes(array(bytes, value + 4)?);
                    seen = true;
                }
                IN_DEVICE => queued.device = u32::from_be_bytes(array(bytes, value)?),
                PHYSICAL_IN_DEVICE => queued.port = u32::from_be_bytes(array(bytes, value)?),
                PAYLOAD => queued.payload = value..at + length,
                _ => {}
            }
            at += length.next_multiple_of(4);
        }
        seen.then_some(queued)
    }
}

/// Writes the verdict that lets the packet at `payload` pass as it now is before its bytes, and says where the whole
/// message lies. The buffer has some bytes after the payload.
pub(crate) fn verdict_around(buffer: &mut [u8], queue: u16, id: u32, payload: &Range<usize>) -> Range<usize> {
    let start = payload.start - VERDICT_ROOM;
    let end = start + (payload.end - start).next_multiple_of(4);
    buffer[payload.end..end].fill(0);
    let attribute = (payload.len() + 4) as u16;
    let head = &mut buffer[start..payload.start];
    put_headers(head, (end - start) as u32, VERDICT, REQUEST, queue);
    put_verdict(&mut head[HEADERS..], id);
    head[32..34].copy_from_slice(&attribute.to_ne_bytes());
    head[34..36].copy_from_slice(&PAYLOAD.to_ne_bytes());
    start..end
}

/// The verdict that lets a packet pass as it came.
pub(crate) fn verdict(queue: u16, id: u32) -> [u8; HEADERS + 12] {
    let mut message = [0; HEADERS + 12];
    put_headers(&mut message, (HEADERS + 12) as u32, VERDICT, REQUEST, queue);
    put_verdict(&mut message[HEADERS..], id);
    message
}

/// Lets every packet up to `id` pass as it came.
pub(crate) fn accept_up_to(queue: u16, id: u32) -> [u8; HEADERS + 12] {
    let mut message = verdict(queue, id);
    message[4..6].copy_from_slice(&VERDICT_BATCH.to_ne_bytes());
    message
}

/// Asks for a queue; the kernel answers.
pub(crate) fn bind(queue: u16) -> Vec<u8> {
    config(queue, &[(CONFIG_COMMAND, &[BIND, 0, 0, 0])])
}

/// Whole packets, at most `most` that wait, and those beyond pass.
pub(crate) fn parameters(queue: u16, most: u32) -> Vec<u8> {
    let mut parameters = [0; 5];
    parameters[..4].copy_from_slice(&0xffff_u32.to_be_bytes());
    parameters[4] = COPY_PACKET;
    config(
        queue,
        &[
            (CONFIG_PARAMETERS, &parameters),
            (CONFIG_MAXLEN, &most.to_be_bytes()),
            (CONFIG_MASK, &FAIL_OPEN.to_be_bytes()),
            (CONFIG_FLAGS, &FAIL_OPEN.to_be_bytes()),
        ],
    )
}

fn config(queue: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = vec![0; HEADERS];
    for (kind, value) in attributes {
        message.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(value);
        message.resize(message.len().next_multiple_of(4), 0);
    }
    let length = message.len() as u32;
    put_headers(&mut message, length, CONFIG, REQUEST | ACK, queue);
    message
}

fn put_headers(message: &mut [u8], length: u32, kind: u16, flags: u16, queue: u16) {
    message[..HEADERS].fill(0);
    message[..4].copy_from_slice(&length.to_ne_bytes());
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message[18..20].copy_from_slice(&queue.to_be_bytes());
}

fn put_verdict(attribute: &mut [u8], id: u32) {
    attribute[..2].copy_from_slice(&12_u16.to_ne_bytes());
    attribute[2..4].copy_from_slice(&VERDICT_HEADER.to_ne_bytes());
    attribute[4..8].copy_from_slice(&NETFILTER_ACCEPT.to_be_bytes());
    attribute[8..12].copy_from_slice(&id.to_be_bytes());
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{Message, PACKET, PAYLOAD, Queued, VERDICT_ROOM, accept_up_to, put_headers, verdict_around};

    /// As little as the kernel ever sends.
    fn packet(payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0; 20];
        let mut put = |kind: u16, value: &[u8]| {
            message.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
            message.extend_from_slice(&kind.to_ne_bytes());
            message.extend_from_slice(value);
            message.resize(message.len().next_multiple_of(4), 0);
        };
        put(1, &[0, 0, 0, 9, 8, 0, 0]);
        put(PAYLOAD, payload);
        let length = message.len() as u32;
        put_headers(&mut message, length, PACKET, 0, 7);
        message
    }

    #[test]
    fn a_verdict_fits_before_the_payload_of_the_shortest_message() {
        let mut message = packet(&[5; 21]);
        let Message::Packet(queued) = Message::parse(&message) else { panic!("no packet") };
        let wanted = Queued { id: 9, protocol: 0x800, device: 0, port: 0, payload: 36..57 };
        assert_eq!(queued, wanted);
        assert_eq!(queued.payload.start, VERDICT_ROOM);
        assert_eq!(Message::head(&message[..30]), Some(9));
        message.resize(80, 0xff);
        let range = verdict_around(&mut message, 7, 9, &queued.payload);
        assert_eq!(range, 0..60);
        let verdict = &message[range];
        assert_eq!(verdict[..8], [60, 0, 0, 0, 1, 3, 1, 0]);
        assert_eq!(verdict[16..36], [0, 0, 0, 7, 12, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 9, 25, 0, 10, 0]);
        assert_eq!(verdict[36..], [[5; 21].as_slice(), &[0; 3]].concat());
    }

    #[test]
    fn what_is_cut_off_or_strange_is_no_packet() {
        let whole = packet(&[1; 40]);
        for length in 0..whole.len() {
            assert_eq!(Message::parse(&whole[..length]), Message::Other, "{length}");
        }
        for (at, byte) in [(20, 3), (20, 0), (32, 255), (33, 255)] {
            let mut strange = whole.clone();
            strange[at] = byte;
            assert_eq!(Message::parse(&strange), Message::Other, "{at}");
        }
        let mut error = accept_up_to(1, 2).to_vec();
        error[4..6].copy_from_slice(&2_u16.to_ne_bytes());
        error[16..20].copy_from_slice(&(-2_i32).to_ne_bytes());
        assert_eq!(Message::parse(&error), Message::Answer(2));
    }
}
