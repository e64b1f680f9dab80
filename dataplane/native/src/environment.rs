use crate::routes::RouteTable;
use flumen_abi::{Family, IfIndex, SessionKey};
use flumen_pipeline::{Environment, Route, RouteQuery, Turn};
use std::collections::HashSet;

/// Clock, random numbers, routes and sockets that the caller decides.
pub struct NativeEnvironment<R = RouteTable> {
    /// The clock, nanoseconds.
    pub now_ns: u64,
    /// Routes.
    pub routes: R,
    /// Packets that the host waits for.
    pub expected: HashSet<SessionKey>,
    random: u64,
}

/// Something that knows routes.
pub trait Routes {
    /// The route of a packet.
    fn route(&mut self, query: &RouteQuery) -> Route;

    /// Its route among those that leave by `out`; one that leaves by another device counts as none.
    fn route_out(&mut self, query: &RouteQuery, _out: IfIndex) -> Route {
        self.route(query)
    }
}

impl Routes for RouteTable {
    #[inline]
    fn route(&mut self, query: &RouteQuery) -> Route {
        self.find(query.dst)
    }
}

impl<F: FnMut(&RouteQuery) -> Route> Routes for F {
    fn route(&mut self, query: &RouteQuery) -> Route {
        self(query)
    }
}

// === impl NativeEnvironment ===

impl<R> NativeEnvironment<R> {
    /// With these routes; the clock starts at one second, and random numbers follow from `seed`.
    pub fn new(routes: R, seed: u64) -> NativeEnvironment<R> {
        NativeEnvironment { now_ns: 1_000_000_000, routes, expected: HashSet::new(), random: seed | 1 }
    }
}

impl<R: Routes> Environment for NativeEnvironment<R> {
    #[inline(always)]
    fn repeat<T: Turn>(limit: u32, turn: &mut T) {
        let mut index = 0;
        while index < limit && turn.take(index) {
            index += 1;
        }
    }

    #[inline(always)]
    fn now_ns(&self) -> u64 {
        self.now_ns
    }

    #[inline(always)]
    fn random(&mut self) -> u32 {
        // xorshift64* (Vigna 2016): enough to spread ports, repeatable in tests.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    #[inline(always)]
    fn route(&mut self, query: &RouteQuery) -> Route {
        self.routes.route(query)
    }

    fn route_out(&mut self, query: &RouteQuery, out: IfIndex) -> Route {
        self.routes.route_out(query, out)
    }

    fn expected_by_host(&mut self, key: &SessionKey, _: Family) -> bool {
        self.expected.contains(key)
    }
}
