//! Bounds-checked access to the bytes of one frame.
//!
//! Two views of the same thing: [`SliceFrame`] over a buffer with headroom, for native engines, and
//! [`PointerFrame`] over the pair of pointers that XDP and tc hand out. A property test drives both with the
//! same operations and demands the same answers. All unsafe code that touches packet memory is in this crate.
#![no_std]

mod offset;
mod pointer;
mod slice;

pub use offset::Offset;
pub use pointer::{PointerFrame, Room};
pub use slice::SliceFrame;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A header that may be laid over any bytes: no padding, alignment 1, every bit pattern valid.
pub trait Header: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned {}
impl<T: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned> Header for T {}

/// The bytes of one frame, from the Ethernet header on.
///
/// A frame that is larger than a driver's buffers lies in several. Headers are read in the first one alone, which is its
/// *linear* part; a copy can be had of every byte.
pub trait Frame {
    /// Bytes of the frame, in all buffers.
    fn len(&self) -> u32;

    /// False when the frame, whose `length` is what [`Frame::len`] says, goes on beyond its first buffer.
    fn is_linear(&self, length: u32) -> bool;

    /// A copy of the bytes at `at`, in whichever buffers they lie; `None` when the frame ends before.
    fn copy<const N: usize>(&self, at: Offset) -> Option<[u8; N]>;

    /// The header at `at`; `None` when the frame's linear part ends before the header does.
    fn header<T: Header>(&self, at: Offset) -> Option<&T>;

    /// The header at `at`, to change; `None` when the frame's linear part ends before the header does.
    fn header_mut<T: Header>(&mut self, at: Offset) -> Option<&mut T>;

    /// Moves the start of the frame by `bytes`: positive values cut, negative values add room whose content
    /// is unspecified. False, and nothing changed, when the linear part is too short or there is no headroom.
    #[must_use]
    fn adjust_head(&mut self, bytes: i32) -> bool;

    /// Cuts the frame to `length` bytes. False, and nothing changed, when it is shorter already.
    #[must_use]
    fn truncate(&mut self, length: u32) -> bool;

    /// Forgets what is known of the frame's bounds; nothing changes. The eBPF verifier keeps a state for every length
    /// that was checked before, and walks what follows once for each: this makes them one again.
    fn forget_bounds(&mut self) {}

    /// True when the frame has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
