use crate::environment::{Environment, Turn};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::Sum;

/// Sum of `length` bytes from `at`, a multiple of four; `None` when the frame ends before.
#[inline(always)]
pub(crate) fn sum_words<F: Frame, E: Environment>(frame: &F, at: Offset, length: u16) -> Option<Sum> {
    let mut words = Words { frame, at, sum: Sum::ZERO, whole: true };
    E::repeat((length / 4) as u32, &mut words);
    if words.whole { Some(words.sum) } else { None }
}

struct Words<'a, F> {
    frame: &'a F,
    at: Offset,
    sum: Sum,
    whole: bool,
}

impl<F: Frame> Turn for Words<'_, F> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let word = match self.at.plus((index * 4) as u16) {
            Some(at) => self.frame.header::<[u8; 4]>(at),
            None => None,
        };
        // Constants, not `self.whole`: the verifier wants to see that a turn returns 0 or 1.
        match word {
            Some(word) => {
                self.sum = self.sum.dword(u32::from_ne_bytes(*word));
                true
            }
            None => {
                self.whole = false;
                false
            }
        }
    }
}
