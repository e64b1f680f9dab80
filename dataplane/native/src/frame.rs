use flumen_frame::SliceFrame;

/// One frame with room before it, as drivers leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    start: usize,
    /// Where its first buffer would end.
    linear: usize,
    end: usize,
}

impl FrameBuffer {
    /// Room before the frame: `XDP_PACKET_HEADROOM`.
    pub const HEADROOM: usize = 256;

    /// A frame with these bytes.
    pub fn new(frame: &[u8]) -> FrameBuffer {
        let mut bytes = vec![0; Self::HEADROOM + frame.len()];
        bytes[Self::HEADROOM..].copy_from_slice(frame);
        FrameBuffer { start: Self::HEADROOM, linear: bytes.len(), end: bytes.len(), bytes }
    }

    /// Puts other bytes in, keeping the memory.
    pub fn refill(&mut self, frame: &[u8]) {
        self.bytes.resize(Self::HEADROOM + frame.len(), 0);
        self.bytes[Self::HEADROOM..].copy_from_slice(frame);
        (self.start, self.end) = (Self::HEADROOM, Self::HEADROOM + frame.len());
        self.linear = self.end;
    }

    /// The frame as a driver would have it whose buffers take `bytes`: it reads headers in the first one alone.
    pub fn first_buffer(&mut self, bytes: usize) {
        self.linear = self.end.min(self.start + bytes);
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Lets `change` work on the frame.
    pub fn with<R>(&mut self, change: impl FnOnce(&mut SliceFrame<'_>) -> R) -> R {
        let mut frame = SliceFrame::fragmented(&mut self.bytes, self.start, self.linear, self.end);
        let result = change(&mut frame);
        self.linear = frame.linear_end();
        (self.start, self.end) = (frame.range().start, frame.range().end);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::FrameBuffer;
    use flumen_frame::Frame;

    #[test]
    fn a_buffer_grows_into_its_headroom_and_takes_another_frame_after() {
        let mut buffer = FrameBuffer::new(&[7; 60]);
        assert!(buffer.with(|frame| frame.adjust_head(-8) && frame.truncate(40)));
        assert_eq!(buffer.bytes().len(), 40);
        assert_eq!(buffer.bytes()[8..], [7; 32]);
        assert!(!buffer.with(|frame| frame.adjust_head(-(FrameBuffer::HEADROOM as i32))));
        buffer.refill(&[9; 100]);
        assert_eq!(buffer.bytes(), [9; 100]);
    }
}
