//! Partial checksums: what a sender leaves to its network device, and veth passes on as it is.
//!
//! A frame from a container or a virtual machine may carry a transport checksum that covers the pseudo-header only
//! (`CHECKSUM_PARTIAL`, include/linux/skbuff.h). XDP sees no mark of it, and a redirected frame has nobody left to
//! complete it.

use crate::environment::{Environment, Turn};
use crate::packet::{Kind, Packet};
use flumen_abi::{Family, Reason};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::Sum;

/// Bytes summed in one turn.
const STRIDE: u32 = 32;

/// True when the TCP or UDP checksum is the sum of the pseudo-header and nothing else.
///
/// One right checksum in 65,536 looks the same. Completing it does no harm: it comes out as it was.
#[inline(always)]
pub(crate) fn is_partial<F: Frame>(frame: &F, packet: &Packet) -> bool {
    // No sender leaves a fragment's checksum to its device.
    if !packet.fragment.is_whole() {
        return false;
    }
    match field(packet).and_then(|field| frame.header::<[u8; 2]>(field)) {
        Some(sum) => u16::from_ne_bytes(*sum) == pseudo_header(packet).folded(),
        None => false,
    }
}

#[inline(always)]
fn field(packet: &Packet) -> Option<Offset> {
    match packet.kind {
        Kind::Tcp => packet.l4.plus(16),
        Kind::Udp => packet.l4.plus(6),
        _ => None,
    }
}

/// Makes a partial checksum a whole one.
///
/// # Drops
/// [`Reason::L4Header`] when the packet is longer than an offset can say.
#[inline(always)]
pub(crate) fn complete<F: Frame, E: Environment>(frame: &mut F, packet: &Packet) -> Result<(), Reason> {
    match field(packet) {
        Some(field) if completed::<F, E>(frame, packet, field) => Ok(()),
        _ => Err(Reason::L4Header),
    }
}

/// Bytes from the transport header on.
#[inline(always)]
fn length(packet: &Packet) -> u32 {
    packet.length.wrapping_sub((packet.l4.get().wrapping_sub(packet.l3.get())) as u32)
}

#[inline(always)]
fn pseudo_header(packet: &Packet) -> Sum {
    let sum = Sum::ZERO.value(packet.key.proto as u16).value(length(packet) as u16);
    match packet.family {
        Family::V4 => sum.dword(packet.key.src.v4_word()).dword(packet.key.dst.v4_word()),
        Family::V6 => {
            let (src, dst) = (packet.key.src.halves(), packet.key.dst.halves());
            sum.qword(src[0]).qword(src[1]).qword(dst[0]).qword(dst[1])
        }
    }
}

/// Sums the whole packet and writes the field; false when the frame ends before the packet.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
fn completed<F: Frame, E: Environment>(frame: &mut F, packet: &Packet, field: Offset) -> bool {
    if let Some(sum) = frame.header_mut::<[u8; 2]>(field) {
        *sum = [0, 0];
    }
    let length = length(packet);
    let mut strides = Strides { frame, at: packet.l4, sum: pseudo_header(packet), missing: 0 };
    E::repeat(length / STRIDE, &mut strides);
    let Strides { frame, sum, missing, .. } = strides;
    let rest = (length / STRIDE * STRIDE) as u16;
    let (Some(at), 0) = (packet.l4.plus(rest), missing) else { return false };
    let mut tail = Tail { frame, at, sum, missing: 0 };
    E::repeat(length % STRIDE, &mut tail);
    let Tail { frame, sum, missing, .. } = tail;
    if missing != 0 {
        return false;
    }
    let Some(place) = frame.header_mut::<[u8; 2]>(field) else { return false };
    *place = match (sum.checksum(), packet.kind) {
        ([0, 0], Kind::Udp) => [0xff, 0xff], // zero would mean "none" (RFC 768)
        (whole, _) => whole,
    };
    true
}

/// The sum of whole strides.
struct Strides<'a, F> {
    frame: &'a mut F,
    at: Offset,
    sum: Sum,
    missing: u32,
}

impl<F: Frame> Turn for Strides<'_, F> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let Some(at) = self.at.plus((index * STRIDE) as u16) else {
            self.missing = 1;
            return false;
        };
        if let Some(stride) = self.frame.header::<[[u8; 8]; 4]>(at) {
            self.sum = added(self.sum, stride);
            return true;
        }
        match self.frame.copy::<{ STRIDE as usize }>(at) {
            Some(bytes) => {
                self.sum = added(self.sum, &zerocopy::transmute!(bytes));
                true
            }
            None => {
                self.missing = 1;
                false
            }
        }
    }
}

/// A sum with the words of one stride.
#[inline(always)]
fn added(sum: Sum, [a, b, c, d]: &[[u8; 8]; 4]) -> Sum {
    let four = Sum::ZERO
        .qword(u64::from_ne_bytes(*a))
        .qword(u64::from_ne_bytes(*b))
        .qword(u64::from_ne_bytes(*c))
        .qword(u64::from_ne_bytes(*d));
    Sum::from_folded(sum.sum(four).folded())
}

/// The sum of the bytes behind them, one by one.
struct Tail<'a, F> {
    frame: &'a mut F,
    at: Offset,
    sum: Sum,
    missing: u32,
}

impl<F: Frame> Turn for Tail<'_, F> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let byte = match self.at.plus(index as u16) {
            Some(at) => self.frame.copy::<1>(at),
            None => None,
        };
        match byte {
            Some([byte]) => {
                let value = (byte as u16) << (8 * (!index & 1));
                self.sum = self.sum.value(value);
                true
            }
            None => {
                self.missing = 1;
                false
            }
        }
    }
}
