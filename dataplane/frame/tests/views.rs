//! The slice view and the pointer view answer alike, whatever is asked of them.

use bolero::{TypeGenerator, check};
use core::mem::MaybeUninit;
use flumen_frame::{Frame, Offset, PointerFrame, Room, SliceFrame};

const HEADROOM: usize = 64;

/// A heap buffer that behaves as the kernel's: room before the frame, and its ends move.
struct Heap {
    base: *mut u8,
    start: usize,
    /// Where the first buffer ends; those behind follow in the same memory.
    linear: usize,
    end: usize,
}

// SAFETY: `base` comes from a boxed slice that outlives the frame and is used through this `Heap` alone;
// `start` and `end` stay within it.
unsafe impl Room for Heap {
    fn bounds(&self) -> (*mut u8, *mut u8) {
        // SAFETY: both offsets lie in the allocation, or one past its end.
        unsafe { (self.base.add(self.start), self.base.add(self.linear)) }
    }

    fn move_head(&mut self, bytes: i32) -> bool {
        let start = self.start as i64 + i64::from(bytes);
        if start < 0 || start + 14 > self.linear as i64 {
            return false;
        }
        self.start = start as usize;
        true
    }

    fn move_tail(&mut self, bytes: i32) -> bool {
        let end = self.end as i64 + i64::from(bytes);
        if bytes > 0 || end < self.start as i64 + 14 {
            return false;
        }
        self.end = end as usize;
        self.linear = self.linear.min(self.end);
        true
    }

    fn length(&self) -> u32 {
        (self.end - self.start) as u32
    }

    fn load(&self, at: u32, into: &mut [MaybeUninit<u8>]) -> bool {
        let first = self.start + at as usize;
        if first + into.len() > self.end {
            return false;
        }
        // SAFETY: the bytes lie before `end`, in the allocation; `into` is elsewhere.
        unsafe { self.base.add(first).copy_to_nonoverlapping(into.as_mut_ptr().cast(), into.len()) };
        true
    }
}

#[derive(Debug, TypeGenerator)]
enum Operation {
    Read4(u16),
    Read20(u16),
    Write2(u16, [u8; 2]),
    Write8(u16, [u8; 8]),
    Copy32(u16),
    Copy1(u16),
    IsLinear,
    Head(i8),
    Truncate(u16),
    ForgetBounds,
}

fn apply<F: Frame>(frame: &mut F, operation: &Operation) -> (Option<Vec<u8>>, u32) {
    let offset = |at: u16| Offset::new(at & Offset::MAX);
    let seen = match *operation {
        Operation::Read4(at) => frame.header::<[u8; 4]>(offset(at % 128)).map(|bytes| bytes.to_vec()),
        Operation::Read20(at) => frame.header::<[u8; 20]>(offset(at)).map(|bytes| bytes.to_vec()),
        Operation::Write2(at, value) => frame.header_mut::<[u8; 2]>(offset(at % 128)).map(|bytes| {
            *bytes = value;
            value.to_vec()
        }),
        Operation::Write8(at, value) => frame.header_mut::<[u8; 8]>(offset(at % 128)).map(|bytes| {
            *bytes = value;
            value.to_vec()
        }),
        Operation::Copy32(at) => frame.copy::<32>(offset(at % 256)).map(|bytes| bytes.to_vec()),
        Operation::Copy1(at) => frame.copy::<1>(offset(at)).map(|bytes| bytes.to_vec()),
        Operation::IsLinear => Some(vec![u8::from(frame.is_linear(frame.len()))]),
        Operation::Head(bytes) => Some(vec![u8::from(frame.adjust_head(i32::from(bytes)))]),
        Operation::ForgetBounds => {
            frame.forget_bounds();
            None
        }
        Operation::Truncate(length) => Some(vec![u8::from(frame.truncate(u32::from(length % 256)))]),
    };
    (seen, frame.len())
}

#[test]
fn both_views_give_the_same_answers_and_leave_the_same_bytes() {
    check!().with_type::<(Vec<u8>, u8, Vec<Operation>)>().for_each(|(content, beyond, operations)| {
        let mut one = vec![0; HEADROOM];
        one.extend_from_slice(content);
        one.resize(one.len().max(HEADROOM + 14), 0);
        let mut two = one.clone().into_boxed_slice();
        let end = one.len();
        let linear = end.saturating_sub(usize::from(*beyond)).max(HEADROOM + 14);

        let mut slice = SliceFrame::fragmented(&mut one, HEADROOM, linear, end);
        let mut pointer = PointerFrame::new(Heap { base: two.as_mut_ptr(), start: HEADROOM, linear, end });
        for operation in operations {
            assert_eq!(apply(&mut slice, operation), apply(&mut pointer, operation), "{operation:?}");
        }
        assert_eq!(one[..], two[..]);
    });
}
