//! The barest forwarder: new MAC addresses, out of the other interface.

use aya_ebpf::bindings::xdp_action::XDP_ABORTED;
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::{Array, DevMap};
use aya_ebpf::programs::XdpContext;

#[map]
static REDIRECT_PORT: DevMap = DevMap::with_max_entries(1, 0);

/// Destination and source MAC address as six words of two bytes, as they lie in a frame.
#[map]
static REDIRECT_MACS: Array<[u16; 6]> = Array::with_max_entries(1, 0);

/// Rewrites the MAC addresses and redirects.
#[xdp(frags)]
pub fn redirect(ctx: XdpContext) -> u32 {
    let (data, end) = (ctx.data(), ctx.data_end());
    if data + 14 > end {
        return XDP_ABORTED;
    }
    let Some(macs) = REDIRECT_MACS.get(0) else {
        return XDP_ABORTED;
    };
    // SAFETY: the check above leaves 14 bytes at `data`; the kernel aligns a frame to 2 bytes.
    unsafe { *(data as *mut [u16; 6]) = *macs };
    REDIRECT_PORT.redirect(0, 0).unwrap_or(XDP_ABORTED)
}
