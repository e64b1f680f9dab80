/// An idle time as rows keep it, in 16 bits: whole seconds up to 32,767, then steps of eight seconds up to three days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct IdleTimeout(pub u16);

const LONG: u32 = 1 << 15;

impl IdleTimeout {
    /// Longest: 262,136 seconds.
    pub const LONGEST_S: u32 = (LONG - 1) * 8;

    /// At least `seconds`, at most seven more; no more than [`IdleTimeout::LONGEST_S`].
    pub const fn from_secs(seconds: u32) -> IdleTimeout {
        if seconds < LONG {
            return IdleTimeout(seconds as u16);
        }
        let steps = seconds.div_ceil(8);
        let steps = if steps < LONG { steps } else { LONG - 1 };
        IdleTimeout((LONG | steps) as u16)
    }

    /// Milliseconds.
    #[inline(always)]
    pub const fn ms(self) -> u32 {
        let count = (self.0 as u32 & (LONG - 1)) * 1_000;
        if self.0 as u32 & LONG == 0 { count } else { count * 8 }
    }
}

#[cfg(test)]
mod tests {
    use super::IdleTimeout;

    #[test]
    fn whole_seconds_are_exact_and_long_times_are_rounded_up() {
        for seconds in [1, 2, 60, 1800, 32_767, 32_768, 86_400] {
            assert_eq!(IdleTimeout::from_secs(seconds).ms(), seconds * 1_000);
        }
        assert_eq!(IdleTimeout::from_secs(32_769).ms(), 32_776_000);
        assert_eq!(IdleTimeout::from_secs(u32::MAX).ms(), IdleTimeout::LONGEST_S * 1_000);
    }
}
