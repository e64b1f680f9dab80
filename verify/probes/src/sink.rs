//! Counts what arrives and drops it.

use aya_ebpf::bindings::xdp_action::XDP_DROP;
use aya_ebpf::helpers::generated::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::{Array, PerCpuArray};
use aya_ebpf::programs::XdpContext;

use crate::layout::{CAPTURE_BYTES, CAPTURE_SLOTS, Captured, SinkCounters};

const CAPTURE_BYTES_U64: u64 = CAPTURE_BYTES as u64;
const _: () = assert!(CAPTURE_BYTES == 256);

#[map]
static SINK_COUNTERS: PerCpuArray<SinkCounters> = PerCpuArray::with_max_entries(1, 0);

/// How many frames each CPU may keep; at most [`CAPTURE_SLOTS`].
#[map]
static SINK_LIMIT: Array<u32> = Array::with_max_entries(1, 0);

#[map]
static SINK_FRAMES: PerCpuArray<Captured> = PerCpuArray::with_max_entries(CAPTURE_SLOTS, 0);

/// Counts and drops.
#[xdp(frags)]
pub fn sink(ctx: XdpContext) -> u32 {
    let (data, end) = (ctx.data(), ctx.data_end());
    if data + 14 > end {
        return XDP_DROP;
    }
    let Some(counters) = SINK_COUNTERS.get_ptr_mut(0) else {
        return XDP_DROP;
    };
    // SAFETY: the map's value is this CPU's alone, and the program is not entered twice on one CPU.
    let counters = unsafe { &mut *counters };
    // SAFETY: the check above leaves at least 14 bytes at `data`.
    let first = unsafe { *(data as *const u8) };
    if first & 1 != 0 {
        counters.multicast += 1;
        return XDP_DROP;
    }
    // SAFETY: the context is the kernel's.
    let len = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
    counters.packets += 1;
    counters.bytes += len;
    if SINK_LIMIT.get(0).is_some_and(|limit| counters.captured < u64::from(*limit)) {
        capture(&ctx, counters, len);
    }
    XDP_DROP
}

#[inline(never)]
fn capture(ctx: &XdpContext, counters: &mut SinkCounters, len: u64) {
    let Some(slot) = SINK_FRAMES.get_ptr_mut(counters.captured as u32) else {
        return;
    };
    // SAFETY: as for the counters.
    let slot = unsafe { &mut *slot };
    // a length from 1 to 256 in the one form in which 6.1 sees that it is not 0
    let kept = match len {
        CAPTURE_BYTES_U64.. => CAPTURE_BYTES as u32,
        _ => ((len as u32).wrapping_sub(1) & 0xff) + 1,
    };
    // SAFETY: `bytes` has room for `kept`, which is at most its size.
    let failed = unsafe { bpf_xdp_load_bytes(ctx.ctx, 0, slot.bytes.as_mut_ptr().cast(), kept) };
    if failed == 0 {
        (slot.len, slot.kept) = (len as u32, kept);
        counters.captured += 1;
    }
}
