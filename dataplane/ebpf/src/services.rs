//! Services in front of the pipeline: their tables, and the program that devices with services have in its place.

use crate::environment::KernelEnvironment;
use crate::room::XdpRoom;
use crate::tables::{MapTables, copied_into, count, place};
use crate::{action, maps};
use aya_ebpf::bindings::xdp_action::XDP_DROP;
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::{Array, HashMap, PerCpuArray, ProgramArray};
use aya_ebpf::programs::XdpContext;
use flumen_abi::limits::MIRROR_ROWS;
use flumen_abi::{Counter, IfIndex, InterfaceId, MirrorKey, MirrorRow, ServiceRow, Slot, TallyIndex};
use flumen_frame::PointerFrame;
use flumen_pipeline::{NoTrace, ServiceTables, intercept};

#[map(name = "SERVICES")]
static SERVICE_ROWS: Array<ServiceRow> = Array::with_max_entries(2 * InterfaceId::COUNT as u32, 0);
#[map(name = "MIRRORS")]
static MIRROR_TABLE: HashMap<MirrorKey, MirrorRow> = HashMap::with_max_entries(2 * MIRROR_ROWS, 0);
#[map(name = "TALLIES")]
static TALLIES: PerCpuArray<Counter> = PerCpuArray::with_max_entries(TallyIndex::COUNT, 0);
/// The program `flumen`. Pinned: an array of programs that no process holds open and no pin keeps is emptied.
#[map(name = "PIPELINE")]
static PIPELINE: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Takes one frame through the services of its interface, and through the pipeline when it belongs to none. Where there
/// is no pipeline to go on to, the frame is dropped.
#[xdp(frags)]
pub fn services(ctx: XdpContext) -> u32 {
    let (Some(scratch), Some(fib)) = (maps::scratch(), maps::fib()) else { return XDP_DROP };
    let device = IfIndex(ctx.ingress_ifindex() as u32);
    let mut environment = KernelEnvironment::new(ctx.ctx, fib);
    let mut frame = PointerFrame::new(XdpRoom::new(ctx.ctx));
    match intercept(&mut frame, device, &MapTables, &mut environment, &mut NoTrace, scratch) {
        Some(verdict) => action(&verdict),
        None => {
            // SAFETY: nothing here is left to be dropped; on failure the next line runs.
            unsafe { PIPELINE.tail_call(&ctx, 0) };
            XDP_DROP
        }
    }
}

impl ServiceTables for MapTables {
    #[inline(always)]
    fn service(&self, slot: Slot, interface: InterfaceId, into: &mut ServiceRow) -> bool {
        let place = place(slot, u32::from(interface.0), u32::from(InterfaceId::COUNT));
        copied_into!(place.and_then(|place| SERVICE_ROWS.get_ptr(place)), into)
    }

    #[inline(always)]
    fn mirror(&self, key: &MirrorKey, into: &mut MirrorRow) -> bool {
        copied_into!(MIRROR_TABLE.get_ptr(key), into)
    }

    #[inline(always)]
    fn tally(&self, index: TallyIndex, bytes: u32) {
        count!(TALLIES, index.0, bytes);
    }
}
