//! The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
//!
//! A one's-complement sum does not care about byte order (RFC 1071 §2.B), so sums are made of 16-bit words
//! as they lie in memory, in native order, and only then stored as they are.

/// An unfolded one's-complement sum of native-order 16-bit words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum(u32);

impl Sum {
    /// Nothing summed yet.
    pub const ZERO: Sum = Sum(0);

    /// From a folded sum.
    #[inline(always)]
    pub const fn from_folded(folded: u16) -> Sum {
        Sum(folded as u32)
    }

    /// Adds one 16-bit word as it lies in memory. Up to 65,536 additions fit.
    #[inline(always)]
    #[must_use]
    pub const fn word(self, memory: [u8; 2]) -> Sum {
        Sum(self.0.wrapping_add(u16::from_ne_bytes(memory) as u32))
    }

    /// Adds a word given as a host-order value of a big-endian field (a length, a protocol).
    #[inline(always)]
    #[must_use]
    pub const fn value(self, value: u16) -> Sum {
        self.word(value.to_be_bytes())
    }

    /// Adds four bytes as they lie in memory.
    #[inline(always)]
    #[must_use]
    pub const fn dword(self, memory: u32) -> Sum {
        Sum(self.0.wrapping_add(memory & 0xffff).wrapping_add(memory >> 16))
    }

    /// Adds eight bytes as they lie in memory.
    #[inline(always)]
    #[must_use]
    pub const fn qword(self, memory: u64) -> Sum {
        self.dword(memory as u32).dword((memory >> 32) as u32)
    }

    /// Takes out eight bytes.
    #[inline(always)]
    #[must_use]
    pub const fn without_qword(self, memory: u64) -> Sum {
        self.qword(!memory)
    }

    /// Takes out a 16-bit word.
    #[inline(always)]
    #[must_use]
    pub const fn without_word(self, memory: [u8; 2]) -> Sum {
        self.word([!memory[0], !memory[1]])
    }

    /// Adds another sum.
    #[inline(always)]
    #[must_use]
    pub const fn sum(self, other: Sum) -> Sum {
        Sum(self.0.wrapping_add(other.folded() as u32))
    }

    /// Adds `bytes`; an odd last byte is padded with zero.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Sum {
        let mut pairs = bytes.chunks_exact(2);
        for pair in &mut pairs {
            self = Sum(self.word([pair[0], pair[1]]).folded() as u32);
        }
        match pairs.remainder() {
            [last] => self.word([*last, 0]),
            _ => self,
        }
    }

    /// The sum folded to 16 bits.
    #[inline(always)]
    pub const fn folded(self) -> u16 {
        let once = (self.0 & 0xffff) + (self.0 >> 16);
        let twice = (once & 0xffff) + (once >> 16);
        twice as u16
    }

    /// The checksum field over what was summed, as it goes into memory.
    #[inline(always)]
    pub const fn checksum(self) -> [u8; 2] {
        (!self.folded()).to_ne_bytes()
    }
}

/// The checksum field after `delta`, the sum of what came in and the complement of what went out, is added:
/// RFC 1624 eqn. 3, `HC' = ~(~HC + ~m + m')`. Both in memory order.
#[inline(always)]
pub const fn updated(field: [u8; 2], delta: u16) -> [u8; 2] {
    let sum = (!u16::from_ne_bytes(field)) as u32 + delta as u32;
    let folded = (sum & 0xffff) + (sum >> 16);
    (!(folded as u16)).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Sum, updated};

    #[test]
    fn rfc_1071_example_sums_to_ddf2() {
        let sum = Sum::ZERO.bytes(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.folded().to_ne_bytes(), [0xdd, 0xf2]);
    }

    #[test]
    fn an_update_equals_a_full_sum_for_every_old_and_new_word() {
        let mut header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        let before = Sum::ZERO.bytes(&header).checksum();
        for new in (0..=u16::MAX).step_by(7) {
            let old = [header[12], header[13]];
            header[12..14].copy_from_slice(&new.to_be_bytes());
            let delta = Sum::ZERO.without_word(old).value(new).folded();
            assert_eq!(updated(before, delta), Sum::ZERO.bytes(&header).checksum(), "{new:#x}");
            header[12..14].copy_from_slice(&old);
        }
    }

    #[test]
    fn an_odd_last_byte_is_padded_with_zero() {
        assert_eq!(Sum::ZERO.bytes(&[1, 2, 3]), Sum::ZERO.bytes(&[1, 2, 3, 0]));
    }
}
