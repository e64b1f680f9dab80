//! Writes a frame of a described kind and sends it out of an interface. Run by `BPF_PROG_TEST_RUN` with live frames.

use aya_ebpf::bindings::xdp_action::XDP_ABORTED;
use aya_ebpf::helpers::generated::bpf_redirect;
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::XdpContext;

use crate::layout::{Traffic, WRITTEN_BYTES};

#[map]
static GENERATOR_TRAFFIC: Array<Traffic> = Array::with_max_entries(1, 0);

/// Number of the next frame. One thread runs the generator, so no two frames share a number.
#[map]
static GENERATOR_NEXT: Array<u32> = Array::with_max_entries(1, 0);

/// Writes all headers anew: a frame's page comes back from the receiver with whatever it has written there.
#[xdp]
pub fn generate(ctx: XdpContext) -> u32 {
    match write_headers(&ctx) {
        // SAFETY: a helper without preconditions.
        Some(out_ifindex) => unsafe { bpf_redirect(out_ifindex, 0) as u32 },
        None => XDP_ABORTED,
    }
}

#[inline(always)]
fn write_headers(ctx: &XdpContext) -> Option<u32> {
    let traffic = GENERATOR_TRAFFIC.get(0)?;
    let flow = next_flow(traffic)?;
    copy_template(ctx, traffic)?;

    let sport = traffic.sport.wrapping_add(low_bits(flow, traffic.sport_bits) as u16).to_be();
    let flow = flow >> (traffic.sport_bits & 31);
    let dport = traffic.dport.wrapping_add(low_bits(flow, traffic.dport_bits) as u16).to_be();
    let flow = flow >> (traffic.dport_bits & 31);
    let src = traffic.src.wrapping_add(low_bits(flow, traffic.src_bits)).to_be();
    let flow = flow >> (traffic.src_bits & 31);
    let dst = traffic.dst.wrapping_add(flow).to_be();

    let addresses = words(src) + words(dst);
    store32(ctx, traffic.src_at, src)?;
    store32(ctx, traffic.dst_at, dst)?;
    if traffic.ip_sum_at != 0 {
        store16(ctx, traffic.ip_sum_at, !fold(traffic.ip_sum + addresses))?;
    }
    store16(ctx, traffic.ports_at, sport)?;
    store16(ctx, traffic.ports_at + 2, dport)?;
    if traffic.transport_sum_at != 0 {
        let sum = traffic.transport_sum + addresses + u32::from(sport) + u32::from(dport);
        let checksum = match !fold(sum) {
            0 => 0xffff, // 0 would read as "not computed" in UDP; in one's complement both are zero
            checksum => checksum,
        };
        store16(ctx, traffic.transport_sum_at, checksum)?;
    }
    Some(traffic.out_ifindex)
}

/// Takes the next frame's number and says which flow it belongs to.
#[inline(always)]
fn next_flow(traffic: &Traffic) -> Option<u32> {
    let next = GENERATOR_NEXT.get_ptr_mut(0)?;
    // SAFETY: a pointer into a map's value, which one thread uses at a time.
    let next = unsafe { &mut *next };
    let number = *next;
    if traffic.order == 0 {
        *next = if number + 1 >= traffic.flows { 0 } else { number + 1 };
        return Some(number);
    }
    *next = number.wrapping_add(1);
    // the finaliser of MurmurHash3 mixes the number; a multiplication maps it to the range without a division
    let mut hash = number;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    Some(((u64::from(hash) * u64::from(traffic.flows)) >> 32) as u32)
}

#[inline(always)]
fn copy_template(ctx: &XdpContext, traffic: &Traffic) -> Option<()> {
    let (data, end) = (ctx.data(), ctx.data_end());
    let template = traffic.template.as_ptr().cast::<u64>();
    let [short, long, longest] = WRITTEN_BYTES;
    copy_words(data, end, template, 0, short)?;
    if traffic.long != 0 {
        copy_words(data, end, template, short, long)?;
        if traffic.long != 1 {
            copy_words(data, end, template, long, longest)?;
        }
    }
    Some(())
}

/// Copies the bytes `from..to` of the template, multiples of 8.
#[inline(always)]
fn copy_words(data: usize, end: usize, template: *const u64, from: usize, to: usize) -> Option<()> {
    if data + to > end {
        return None;
    }
    for word in from / 8..to / 8 {
        // SAFETY: so many bytes are there on both sides; a page's headroom and a map's value are multiples of 8.
        unsafe { *(data as *mut u64).add(word) = *template.add(word) };
    }
    Some(())
}

#[inline(always)]
fn low_bits(flow: u32, bits: u16) -> u32 {
    flow & ((1 << (bits & 31)) - 1)
}

#[inline(always)]
fn words(value: u32) -> u32 {
    (value & 0xffff) + (value >> 16)
}

#[inline(always)]
fn fold(sum: u32) -> u16 {
    words(words(sum)) as u16
}

#[inline(always)]
fn store16(ctx: &XdpContext, at: u16, value: u16) -> Option<()> {
    let field = ctx.data() + usize::from(at & 0x7f);
    if field + 2 > ctx.data_end() {
        return None;
    }
    // SAFETY: the check above; all fields are at even offsets.
    unsafe { *(field as *mut u16) = value };
    Some(())
}

#[inline(always)]
fn store32(ctx: &XdpContext, at: u16, value: u32) -> Option<()> {
    let [first, second] = [value as u16, (value >> 16) as u16];
    store16(ctx, at, first)?;
    store16(ctx, at + 2, second)
}
