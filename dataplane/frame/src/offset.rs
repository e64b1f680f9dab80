/// A place in a frame, at most 0x3fff.
///
/// The eBPF verifier loses track of a packet offset above 0xffff, and a plain `usize` sum could wrap past its
/// bounds check; this type can do neither.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Offset(u16);

impl Offset {
    /// The start of the frame.
    pub const START: Offset = Offset(0);
    /// The greatest offset.
    pub const MAX: u16 = 0x3fff;

    /// A constant offset; a greater one than [`Offset::MAX`] does not compile when used in a constant.
    #[inline(always)]
    pub const fn new(bytes: u16) -> Offset {
        assert!(bytes <= Self::MAX);
        Offset(bytes)
    }

    /// `bytes` further on; `None` beyond [`Offset::MAX`].
    #[inline(always)]
    pub const fn plus(self, bytes: u16) -> Option<Offset> {
        let sum = self.get() as u32 + bytes as u32;
        if sum > Self::MAX as u32 { None } else { Some(Offset(sum as u16)) }
    }

    /// Bytes from the start. Masked, because an offset may come out of memory, where the verifier has forgotten
    /// its bound.
    #[inline(always)]
    pub const fn get(self) -> u16 {
        self.0 & Self::MAX
    }
}
