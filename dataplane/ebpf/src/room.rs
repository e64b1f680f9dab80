use aya_ebpf::bindings::xdp_md;
use aya_ebpf::helpers::{bpf_xdp_adjust_head, bpf_xdp_adjust_tail, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use core::mem::MaybeUninit;
use flumen_frame::Room;

/// The memory of one XDP frame.
pub struct XdpRoom {
    ctx: *mut xdp_md,
}

impl XdpRoom {
    /// The frame of `ctx`.
    #[inline(always)]
    pub fn new(ctx: *mut xdp_md) -> XdpRoom {
        XdpRoom { ctx }
    }
}

// SAFETY: `ctx` is the program's argument, so `data` and `data_end` bound the frame's first buffer, which is this CPU's alone
// while the program runs. The verifier forbids the use of older pointers after a helper has moved the ends.
unsafe impl Room for XdpRoom {
    #[inline(always)]
    fn bounds(&self) -> (*mut u8, *mut u8) {
        // SAFETY: `ctx` is valid for the program's life; the verifier checks the offsets.
        unsafe { ((*self.ctx).data as usize as *mut u8, (*self.ctx).data_end as usize as *mut u8) }
    }

    #[inline(always)]
    fn move_head(&mut self, bytes: i32) -> bool {
        // SAFETY: `ctx` is valid; the helper checks the room.
        unsafe { bpf_xdp_adjust_head(self.ctx, bytes) == 0 }
    }

    #[inline(always)]
    fn move_tail(&mut self, bytes: i32) -> bool {
        // SAFETY: `ctx` is valid; the helper checks the room.
        unsafe { bpf_xdp_adjust_tail(self.ctx, bytes) == 0 }
    }

    /// The helper, not a subtraction: the compiler would narrow the pointers to 32 bits, which the verifier
    /// refuses. It also counts what lies beyond the first buffer (Linux 5.18).
    #[inline(always)]
    fn length(&self) -> u32 {
        // SAFETY: `ctx` is valid.
        unsafe { bpf_xdp_get_buff_len(self.ctx) as u32 }
    }

    #[inline(always)]
    fn load(&self, at: u32, into: &mut [MaybeUninit<u8>]) -> bool {
        let (first, length) = (into.as_mut_ptr().cast(), into.len() as u32);
        // SAFETY: `ctx` is valid, and `into` takes `length` bytes.
        unsafe { bpf_xdp_load_bytes(self.ctx, at, first, length) == 0 }
    }
}
