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
pub trait Frame {
    /// Bytes of the frame.
    fn len(&self) -> u32;

    /// The header at `at`; `None` when the frame ends before the header does.
    fn header<T: Header>(&self, at: Offset) -> Option<&T>;

    /// The header at `at`, to change; `None` when the frame ends before the header does.
    fn header_mut<T: Header>(&mut self, at: Offset) -> Option<&mut T>;

    /// Moves the start of the frame by `bytes`: positive values cut, negative values add room whose content
    /// is unspecified. False, and nothing changed, when the frame is too short or there is no headroom.
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
