use crate::{Frame, Header, Offset};

/// Whoever owns the memory behind a [`PointerFrame`] and can move its ends: the XDP or tc context.
///
/// # Safety
/// `bounds` must return the first byte of the frame and the byte after its last, both in one live allocation
/// that nobody else reads or writes while the `Room` exists. After `move_head` or `move_tail`, whether they
/// succeed or not, only the pointers of a new `bounds` call are valid.
pub unsafe trait Room {
    /// First byte and end of the directly accessible frame.
    fn bounds(&self) -> (*mut u8, *mut u8);
    /// Moves the start by `bytes`.
    fn move_head(&mut self, bytes: i32) -> bool;
    /// Moves the end by `bytes`.
    fn move_tail(&mut self, bytes: i32) -> bool;
    /// Bytes of the whole frame, which may go on beyond the accessible part.
    fn length(&self) -> u32;
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
