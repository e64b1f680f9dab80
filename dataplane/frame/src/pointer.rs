use crate::{Frame, Header, Offset};
use core::mem::MaybeUninit;

/// Whoever owns the memory behind a [`PointerFrame`] and can move its ends: the XDP or tc context.
///
/// # Safety
/// `bounds` must return the first byte of the frame and the byte after its last, both in one live allocation
/// that nobody else reads or writes while the `Room` exists. After `move_head` or `move_tail`, whether they
/// succeed or not, only the pointers of a new `bounds` call are valid. `load` must have written all of `into` when it
/// returns true.
pub unsafe trait Room {
    /// First byte and end of the directly accessible frame.
    fn bounds(&self) -> (*mut u8, *mut u8);
    /// Moves the start by `bytes`.
    fn move_head(&mut self, bytes: i32) -> bool;
    /// Moves the end by `bytes`.
    fn move_tail(&mut self, bytes: i32) -> bool;
    /// Bytes of the whole frame, which may go on beyond the accessible part.
    fn length(&self) -> u32;
    /// Copies bytes of the whole frame from `at` on, as many as `into` takes. False when the frame ends before.
    fn load(&self, at: u32, into: &mut [MaybeUninit<u8>]) -> bool;
}

/// A frame between two pointers.
pub struct PointerFrame<R: Room> {
    room: R,
    start: *mut u8,
    end: *mut u8,
}

impl<R: Room> PointerFrame<R> {
    /// The frame that `room` owns.
    #[inline(always)]
    pub fn new(room: R) -> PointerFrame<R> {
        let (start, end) = room.bounds();
        PointerFrame { room, start, end }
    }

    /// The owner.
    #[inline(always)]
    pub fn room(&self) -> &R {
        &self.room
    }

    /// Address of a `size` byte header at `at` when all of it lies before the end.
    ///
    /// Compared as addresses: the verifier wants exactly "packet pointer plus bounded scalar, compared with
    /// the end pointer" and no subtraction. The end is read anew each time, so that the compiler cannot move
    /// the sum to the other side: arithmetic on the end pointer is refused.
    #[inline(always)]
    fn address(&self, at: Offset, size: usize) -> Option<*mut u8> {
        let first = self.start as usize + at.get() as usize;
        // SAFETY: a reference to a field of `self` is valid to read.
        let end = unsafe { core::ptr::read_volatile(&raw const self.end) };
        if first + size > end as usize { None } else { Some(first as *mut u8) }
    }
}

// === impl PointerFrame ===

impl<R: Room> Frame for PointerFrame<R> {
    #[inline(always)]
    fn len(&self) -> u32 {
        self.room.length()
    }

    /// As addresses, too: no subtraction. No first buffer is longer than an offset can say.
    #[inline(always)]
    fn is_linear(&self, length: u32) -> bool {
        length <= Offset::MAX as u32
            && Offset::START.plus(length as u16).is_some_and(|end| self.address(end, 0).is_some())
    }

    #[inline(always)]
    fn copy<const N: usize>(&self, at: Offset) -> Option<[u8; N]> {
        let mut bytes = [const { MaybeUninit::<u8>::uninit() }; N];
        if !self.room.load(at.get() as u32, &mut bytes) {
            return None;
        }
        // SAFETY: `load` has written every byte; both types have the same size, and alignment 1.
        Some(unsafe { bytes.as_ptr().cast::<[u8; N]>().read() })
    }

    #[inline(always)]
    fn header<T: Header>(&self, at: Offset) -> Option<&T> {
        let address = self.address(at, size_of::<T>())?;
        // SAFETY: `address` checked that all of T lies in the frame, which `Room` promises to be live and
        // ours alone; T has alignment 1 and takes any bytes (`Header`). `&self` keeps writers away.
        Some(unsafe { &*(address as *const T) })
    }

    #[inline(always)]
    fn header_mut<T: Header>(&mut self, at: Offset) -> Option<&mut T> {
        let address = self.address(at, size_of::<T>())?;
        // SAFETY: as in `header`; `&mut self` makes this the only reference.
        Some(unsafe { &mut *(address as *mut T) })
    }

    #[inline(always)]
    fn adjust_head(&mut self, bytes: i32) -> bool {
        let moved = self.room.move_head(bytes);
        (self.start, self.end) = self.room.bounds();
        moved
    }

    #[inline(always)]
    fn forget_bounds(&mut self) {
        (self.start, self.end) = self.room.bounds();
    }

    #[inline(always)]
    fn truncate(&mut self, length: u32) -> bool {
        let now = self.room.length();
        if length > now || length < 14 {
            return false;
        }
        let moved = self.room.move_tail(length as i32 - now as i32);
        (self.start, self.end) = self.room.bounds();
        moved
    }
}
