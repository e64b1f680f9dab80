use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_FIB_LOOKUP_OUTPUT, bpf_sock_tuple, xdp_md};
use aya_ebpf::helpers::{
    bpf_fib_lookup, bpf_get_prandom_u32, bpf_ktime_get_coarse_ns, bpf_loop, bpf_sk_lookup_udp,
    bpf_sk_release, bpf_skc_lookup_tcp,
};
use core::mem::MaybeUninit;
use flumen_abi::{Addr, Family, IfIndex, PortBe, SessionKey};
use flumen_pipeline::{Environment, Route, RouteKind, RouteQuery, Turn};

/// The kernel's clock, random numbers, routes and sockets.
pub struct KernelEnvironment {
    ctx: *mut xdp_md,
    fib: &'static mut FibLookup,
}

impl KernelEnvironment {
    /// For one run of the program.
    #[inline(always)]
    pub fn new(ctx: *mut xdp_md, fib: &'static mut FibLookup) -> KernelEnvironment {
        KernelEnvironment { ctx, fib }
    }
}

impl EbpfContext for KernelEnvironment {
    fn as_ptr(&self) -> *mut core::ffi::c_void {
        self.ctx.cast()
    }
}

/// `struct bpf_fib_lookup` of Linux 6.1: 64 bytes, every union by the member used here.
///
/// Lives in a map: stores to the stack must be aligned, and the compiler is allowed to merge misaligned ones.
#[repr(C)]
pub struct FibLookup {
    family: u8,
    proto: u8,
    sport: PortBe,
    dport: PortBe,
    /// Zero: the pipeline compares with the MTU itself.
    length: u16,
    ifindex: u32,
    /// IPv4: TOS in the first byte; IPv6: traffic class and flow label, network order.
    flow: u32,
    src: [u8; 16],
    dst: [u8; 16],
    vlan: u32,
    src_mac: [u8; 6],
    dst_mac: [u8; 6],
}
const _: () = assert!(size_of::<FibLookup>() == 64);

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const FIB_SUCCESS: i64 = 0;
const FIB_BLACKHOLE: i64 = 1;
const FIB_UNREACHABLE: i64 = 2;
const FIB_PROHIBIT: i64 = 3;
const FIB_DISABLED: i64 = 5;
const FIB_UNSUPPORTED: i64 = 6;
const FIB_NO_NEIGHBOUR: i64 = 7;

const TCP_LISTEN: u32 = 10;
const CURRENT_NETNS: u64 = -1_i32 as u32 as u64;
const TCP: u8 = 6;

/// One turn of `bpf_loop`.
unsafe extern "C" fn turn<T: Turn>(index: u32, state: *mut core::ffi::c_void) -> i64 {
    // SAFETY: `repeat` passes its own `&mut T`, which it does not touch until the loop ends.
    let state = unsafe { &mut *state.cast::<T>() };
    i64::from(!state.take(index))
}

impl Environment for KernelEnvironment {
    #[inline(always)]
    fn repeat<T: Turn>(limit: u32, state: &mut T) {
        let body: unsafe extern "C" fn(u32, *mut core::ffi::c_void) -> i64 = turn::<T>;
        // SAFETY: `body` takes exactly what `bpf_loop` gives, and `state` outlives the call.
        unsafe { bpf_loop(limit, body as *mut core::ffi::c_void, (&raw mut *state).cast(), 0) };
    }

    /// The coarse clock: a tick behind at most, and several times cheaper than the exact one (Linux 5.11).
    #[inline(always)]
    fn now_ns(&self) -> u64 {
        // SAFETY: a helper without pointers.
        unsafe { bpf_ktime_get_coarse_ns() }
    }

    #[inline(always)]
    fn random(&mut self) -> u32 {
        // SAFETY: a helper without pointers.
        unsafe { bpf_get_prandom_u32() }
    }

    #[inline(always)]
    fn route(&mut self, query: &RouteQuery) -> Route {
        self.look_up(query, query.ingress, 0)
    }

    #[inline(always)]
    fn route_out(&mut self, query: &RouteQuery, out: IfIndex) -> Route {
        self.look_up(query, out, BPF_FIB_LOOKUP_OUTPUT)
    }

    #[inline(always)]
    fn expected_by_host(&mut self, key: &SessionKey, family: Family) -> bool {
        // Only the family's part is written, and only its size is given to the kernel.
        let mut place = MaybeUninit::<bpf_sock_tuple>::uninit();
        // SAFETY: a union of plain numbers; what is not written is not read.
        let tuple = unsafe { &mut *place.as_mut_ptr() };
        let (sport, dport) =
            (u16::from_ne_bytes(key.sport.to_bytes()), u16::from_ne_bytes(key.dport.to_bytes()));
        let size = match family {
            Family::V4 => {
                tuple.__bindgen_anon_1.ipv4.saddr = key.src.v4_word();
                tuple.__bindgen_anon_1.ipv4.daddr = key.dst.v4_word();
                tuple.__bindgen_anon_1.ipv4.sport = sport;
                tuple.__bindgen_anon_1.ipv4.dport = dport;
                12
            }
            Family::V6 => {
                tuple.__bindgen_anon_1.ipv6.saddr = words(key.src);
                tuple.__bindgen_anon_1.ipv6.daddr = words(key.dst);
                tuple.__bindgen_anon_1.ipv6.sport = sport;
                tuple.__bindgen_anon_1.ipv6.dport = dport;
                36
            }
        };
        if key.proto == TCP {
            // SAFETY: `tuple` has `size` bytes for the family; the socket is released below.
            unsafe {
                let socket = bpf_skc_lookup_tcp(self.ctx.cast(), &raw mut *tuple, size, CURRENT_NETNS, 0);
                if socket.is_null() {
                    return false;
                }
                let connected = (*socket).state != TCP_LISTEN;
                bpf_sk_release(socket.cast());
                connected
            }
        } else {
            // SAFETY: as above; a UDP socket with a remote port is connected.
            unsafe {
                let socket = bpf_sk_lookup_udp(self.ctx.cast(), &raw mut *tuple, size, CURRENT_NETNS, 0);
                if socket.is_null() {
                    return false;
                }
                let connected = (*socket).dst_port != 0;
                bpf_sk_release(socket.cast());
                connected
            }
        }
    }
}

impl KernelEnvironment {
    /// Asks the kernel's tables for the way of a packet from or to `device`, as `flags` say.
    #[inline(always)]
    fn look_up(&mut self, query: &RouteQuery, device: IfIndex, flags: u32) -> Route {
        let fib = &mut *self.fib;
        fib.proto = query.proto;
        fib.sport = query.sport;
        fib.dport = query.dport;
        fib.length = 0;
        fib.dst_mac = [0; 6];
        fib.ifindex = device.0;
        match query.family {
            Family::V4 => {
                fib.family = AF_INET;
                fib.flow = u32::from_ne_bytes([query.tos, 0, 0, 0]);
                fib.src[..4].copy_from_slice(&query.src.v4_octets());
                fib.dst[..4].copy_from_slice(&query.dst.v4_octets());
            }
            Family::V6 => {
                fib.family = AF_INET6;
                fib.flow = ((query.tos as u32) << 20 | query.flow_label).to_be();
                fib.src = query.src.octets();
                fib.dst = query.dst.octets();
            }
        }
        // SAFETY: `fib` is a `struct bpf_fib_lookup` of this CPU, `ctx` is the program's argument.
        let found = unsafe {
            bpf_fib_lookup(self.ctx.cast(), (&raw mut *fib).cast(), size_of::<FibLookup>() as i32, flags)
        };
        let kind = match found as i64 {
            // Before Linux 6.3 a next hop that has failed or is still asked for counts as found, with an empty address.
            FIB_SUCCESS if fib.dst_mac == [0; 6] => RouteKind::Resolve,
            FIB_SUCCESS => RouteKind::Forward,
            FIB_NO_NEIGHBOUR => RouteKind::Resolve,
            FIB_BLACKHOLE | FIB_UNREACHABLE | FIB_PROHIBIT => RouteKind::Blackhole,
            FIB_DISABLED => RouteKind::Disabled,
            FIB_UNSUPPORTED => RouteKind::Unsupported,
            _ => RouteKind::None,
        };
        Route { link: IfIndex(fib.ifindex), src_mac: fib.src_mac, dst_mac: fib.dst_mac, kind }
    }
}

/// Four words as they lie in memory.
#[inline(always)]
fn words(addr: Addr) -> [u32; 4] {
    let [high, low] = addr.halves();
    [high as u32, (high >> 32) as u32, low as u32, (low >> 32) as u32]
}
