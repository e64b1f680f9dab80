use crate::{Frame, Header, Offset};

/// A frame inside a buffer: room before it to grow into, nothing after it is touched.
pub struct SliceFrame<'a> {
    buffer: &'a mut [u8],
    start: usize,
    /// Where the linear part ends; not beyond `end`.
    linear: usize,
    end: usize,
}

impl<'a> SliceFrame<'a> {
    /// The frame `buffer[start..end]`.
    ///
    /// # Panics
    /// When the range does not lie in the buffer.
    pub fn new(buffer: &'a mut [u8], start: usize, end: usize) -> SliceFrame<'a> {
        SliceFrame::fragmented(buffer, start, end, end)
    }

    /// The frame `buffer[start..end]`, which a driver would have in several buffers, the first one up to `linear`.
    ///
    /// # Panics
    /// When the ranges do not lie in the buffer.
    pub fn fragmented(buffer: &'a mut [u8], start: usize, linear: usize, end: usize) -> SliceFrame<'a> {
        let inside = start <= linear && linear <= end && end <= buffer.len();
        assert!(inside, "the frame lies in its buffer");
        SliceFrame { buffer, start, linear, end }
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the frame now lies in its buffer.
    pub fn range(&self) -> core::ops::Range<usize> {
        self.start..self.end
    }

    /// Where its linear part ends in its buffer.
    pub fn linear_end(&self) -> usize {
        self.linear
    }
}

// === impl SliceFrame ===

impl Frame for SliceFrame<'_> {
    #[inline(always)]
    fn len(&self) -> u32 {
        (self.end - self.start) as u32
    }

    #[inline(always)]
    fn is_linear(&self, length: u32) -> bool {
        self.linear == self.end && length <= Offset::MAX as u32
    }

    #[inline(always)]
    fn copy<const N: usize>(&self, at: Offset) -> Option<[u8; N]> {
        let first = self.start + at.get() as usize;
        self.buffer[..self.end].get(first..first + N)?.try_into().ok()
    }

    #[inline(always)]
    fn header<T: Header>(&self, at: Offset) -> Option<&T> {
        let rest = self.buffer.get(self.start + at.get() as usize..self.linear)?;
        T::ref_from_prefix(rest).ok().map(|(header, _)| header)
    }

    #[inline(always)]
    fn header_mut<T: Header>(&mut self, at: Offset) -> Option<&mut T> {
        let rest = self.buffer.get_mut(self.start + at.get() as usize..self.linear)?;
        T::mut_from_prefix(rest).ok().map(|(header, _)| header)
    }

    #[inline(always)]
    fn adjust_head(&mut self, bytes: i32) -> bool {
        let start = self.start as isize + bytes as isize;
        // The kernel keeps an Ethernet header's worth of frame, and so do we.
        if start < 0 || start + 14 > self.linear as isize {
            return false;
        }
        self.start = start as usize;
        true
    }

    #[inline(always)]
    fn truncate(&mut self, length: u32) -> bool {
        if length > self.len() || length < 14 {
            return false;
        }
        self.end = self.start + length as usize;
        self.linear = self.linear.min(self.end);
        true
    }
}
