//! The pipeline as an XDP program: maps, helpers and the context behind its traits. Glue only.
#![no_std]
#![no_main]
// Atomic instructions have no other way in (`tables.rs`).
#![feature(asm_experimental_arch)]

mod environment;
mod maps;
mod room;
mod services;
mod tables;

use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS};
use aya_ebpf::helpers::bpf_redirect;
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use environment::KernelEnvironment;
use flumen_abi::{IfIndex, Outcome, SessionSlot};
use flumen_frame::PointerFrame;
use flumen_pipeline::{Environment, NoTrace, Turn, Verdict, run, sessions};
use room::XdpRoom;
use tables::MapTables;

/// Takes one frame through the pipeline. Frames are dropped when the program's own memory is missing.
///
/// It takes frames of several buffers; so must every program that it is reached from by a tail call.
#[xdp(frags)]
pub fn flumen(ctx: XdpContext) -> u32 {
    let (Some(scratch), Some(fib)) = (maps::scratch(), maps::fib()) else { return XDP_DROP };
    let device = IfIndex(ctx.ingress_ifindex() as u32);
    let mut environment = KernelEnvironment::new(ctx.ctx, fib);
    let mut frame = PointerFrame::new(XdpRoom::new(ctx.ctx));
    let verdict = run(&mut frame, device, &MapTables, &mut environment, &mut NoTrace, scratch);
    action(&verdict)
}

/// What a device has from its attachment until the ruleset that names it is in force: its frames go to the kernel, as they
/// did before.
#[xdp(frags)]
pub fn waiting(_: XdpContext) -> u32 {
    XDP_PASS
}

/// What the driver is told.
#[inline(always)]
fn action(verdict: &Verdict) -> u32 {
    match verdict.outcome() {
        Outcome::Deliver => XDP_PASS,
        Outcome::Drop => XDP_DROP,
        Outcome::Forward | Outcome::Consume => {
            // SAFETY: a helper without pointers.
            unsafe { bpf_redirect(verdict.device.0, 0) as u32 }
        }
    }
}

/// Removes the sessions that user space has listed in `EXPIRED`: their number, the time at which it looked (milliseconds,
/// truncated), whether those that have not ended are removed too, then their slots.
/// Run by `BPF_PROG_TEST_RUN`, never attached. Returns how many it removed.
#[xdp]
pub fn expire(_: XdpContext) -> u32 {
    let (Some(&count), Some(&now_ms), Some(&all)) =
        (maps::EXPIRED.get(0), maps::EXPIRED.get(1), maps::EXPIRED.get(2))
    else {
        return 0;
    };
    let mut list = Expired { now_ms, all: all != 0, removed: 0 };
    KernelEnvironment::repeat(count, &mut list);
    list.removed
}

struct Expired {
    now_ms: u32,
    all: bool,
    removed: u32,
}

impl Turn for Expired {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let Some(&slot) = maps::EXPIRED.get(index + 3) else { return false };
        let (slot, now_ms) = (SessionSlot(slot), self.now_ms);
        let ended = if self.all {
            sessions::end::<_, KernelEnvironment>(&MapTables, slot, now_ms)
        } else {
            sessions::expire::<_, KernelEnvironment>(&MapTables, slot, now_ms)
        };
        self.removed += u32::from(ended);
        true
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // The pipeline has no panic; the linker would refuse a program in which this could be reached and loop.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
