//! An 802.1Q interface for kernels without 802.1Q: a tag is pushed on egress and popped on ingress.

use aya_ebpf::bindings::{TC_ACT_OK, TC_ACT_SHOT};
use aya_ebpf::helpers::generated::{bpf_skb_vlan_pop, bpf_skb_vlan_push};
use aya_ebpf::macros::{classifier, map};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::TcContext;

const ETH_P_8021Q: u16 = 0x8100;

/// The VLAN id.
#[map]
static SHIM_VID: Array<u32> = Array::with_max_entries(1, 0);

/// Tags every frame that leaves.
#[classifier]
pub fn vlan_push(ctx: TcContext) -> i32 {
    let Some(vid) = SHIM_VID.get(0) else {
        return TC_ACT_SHOT;
    };
    // SAFETY: the context is the kernel's.
    match unsafe { bpf_skb_vlan_push(ctx.skb.skb, ETH_P_8021Q.to_be(), *vid as u16) } {
        0 => TC_ACT_OK,
        _ => TC_ACT_SHOT,
    }
}

/// Strips the tag of frames of the VLAN; drops frames without a tag and those of other VLANs.
#[classifier]
pub fn vlan_pop(ctx: TcContext) -> i32 {
    let Some(vid) = SHIM_VID.get(0) else {
        return TC_ACT_SHOT;
    };
    // SAFETY: the context is the kernel's.
    let (present, tci) = unsafe { ((*ctx.skb.skb).vlan_present, (*ctx.skb.skb).vlan_tci) };
    if present == 0 || tci & 0xfff != *vid {
        return TC_ACT_SHOT;
    }
    // SAFETY: the context is the kernel's.
    match unsafe { bpf_skb_vlan_pop(ctx.skb.skb) } {
        0 => TC_ACT_OK,
        _ => TC_ACT_SHOT,
    }
}
