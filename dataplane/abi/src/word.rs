//! Shared mutable words: written by any CPU, without locks and without unsafe code.
//!
//! Natively they are relaxed atomics. The eBPF target has no small atomics, but its loads and stores of an
//! aligned word are single machine instructions, so there a `Cell` says the same. `add` is a load and a
//! store: two CPUs adding at once may lose one addend. Whoever needs exact sums uses per-CPU counters.

use zerocopy::{FromBytes, IntoBytes, KnownLayout};

macro_rules! word {
    ($name:ident, $inner:ty, $atomic:ident) => {
        #[doc = concat!("A `", stringify!($inner), "` that any CPU may load and store.")]
        #[derive(Default, FromBytes, IntoBytes, KnownLayout)]
        #[repr(transparent)]
        pub struct $name(
            #[cfg(target_arch = "bpf")] core::cell::Cell<$inner>,
            #[cfg(not(target_arch = "bpf"))] core::sync::atomic::$atomic,
        );

        impl $name {
            /// A word that holds `value`.
            #[inline(always)]
            pub const fn new(value: $inner) -> Self {
                #[cfg(target_arch = "bpf")]
                return Self(core::cell::Cell::new(value));
                #[cfg(not(target_arch = "bpf"))]
                return Self(core::sync::atomic::$atomic::new(value));
            }

            /// The value last seen by this CPU.
            #[inline(always)]
            pub fn load(&self) -> $inner {
                #[cfg(target_arch = "bpf")]
                return self.0.get();
                #[cfg(not(target_arch = "bpf"))]
                return self.0.load(core::sync::atomic::Ordering::Relaxed);
            }

            /// Replaces the value.
            #[inline(always)]
            pub fn store(&self, value: $inner) {
                #[cfg(target_arch = "bpf")]
                self.0.set(value);
                #[cfg(not(target_arch = "bpf"))]
                self.0.store(value, core::sync::atomic::Ordering::Relaxed);
            }

            /// Replaces the value by what `change` makes of it, atomically. For user space: eBPF has no compare-exchange
            /// that is safe to call.
            #[cfg(not(target_arch = "bpf"))]
            pub fn update(&self, change: impl Fn($inner) -> $inner) {
                use core::sync::atomic::Ordering::Relaxed;
                let mut value = self.load();
                while let Err(other) = self.0.compare_exchange_weak(value, change(value), Relaxed, Relaxed) {
                    value = other;
                }
            }

            /// Replaces the value by `new` if it is `old`; true when it was. Everything stored before is seen by whoever
            /// sees the new value. For native code: the eBPF engine has an instruction of its own.
            #[cfg(not(target_arch = "bpf"))]
            #[inline(always)]
            pub fn exchange(&self, old: $inner, new: $inner) -> bool {
                use core::sync::atomic::Ordering::{AcqRel, Relaxed};
                self.0.compare_exchange(old, new, AcqRel, Relaxed).is_ok()
            }

            /// Load, wrapping add, store; not atomic as a whole.
            #[inline(always)]
            pub fn add(&self, value: $inner) {
                self.store(self.load().wrapping_add(value));
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.load().fmt(f)
            }
        }
    };
}

word!(Word8, u8, AtomicU8);
word!(Word16, u16, AtomicU16);
word!(Word32, u32, AtomicU32);
word!(Word64, u64, AtomicU64);
