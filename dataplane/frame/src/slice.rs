use crate::{Frame, Header, Offset};

/// A frame inside a buffer: room before it to grow into, nothing after it is touched.
pub struct SliceFrame<'a> {
    buffer: &'a mut [u8],
    start: usize,
    end: usize,
}

impl<'a> SliceFrame<'a> {
    /// The frame `buffer[start..end]`.
    ///
    /// # Panics
    /// When the range does not lie in the buffer.
    pub fn new(buffer: &'a mut [u8], start: usize, end: usize) -> SliceFrame<'a> {
        assert!(start <= end && end <= buffer.len(), "the frame lies in its buffer");
        SliceFrame { buffer, start, end }
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the frame now lies in its buffer.
    pub fn range(&self) -> core::ops::Range<usize> {
        self.start..self.end
    }
}

// === impl SliceFrame ===

impl Frame for SliceFrame<'_> {
    #[inline(always)]
    fn len(&self) -> u32 {
        (self.end - self.start) as u32
    }

    #[inline(always)]
    fn header<T: Header>(&self, at: Offset) -> Option<&T> {
        let rest = self.buffer.get(self.start + at.get() as usize..self.end)?;
        T::ref_from_prefix(rest).ok().map(|(header, _)| header)
    }

    #[inline(always)]
    fn header_mut<T: Header>(&mut self, at: Offset) -> Option<&mut T> {
        let rest = self.buffer.get_mut(self.start + at.get() as usize..self.end)?;
        T::mut_from_prefix(rest).ok().map(|(header, _)| header)
    }

    #[inline(always)]
    fn adjust_head(&mut self, bytes: i32) -> bool {
        let start = self.start as isize + bytes as isize;
        // The kernel keeps an Ethernet header's worth of frame, and so do we.
        if start < 0 || start + 14 > self.end as isize {
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
        true
    }
}
