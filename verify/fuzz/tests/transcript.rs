//! The transcript of any frame: one line or more for each stage, and the same outcome as without a watcher.

use bolero::check;
use flumen_abi::{IfIndex, PolicyId, ZoneId};
use flumen_conformance::site::{compiled, hiding_site};
use flumen_conformance::world::{LINKS, WorldRoutes, facts};
use flumen_engine::native;
use flumen_native::{Bounds, FrameBuffer, Names, Native, NativeEnvironment, Transcript};
use std::sync::Mutex;

struct Numbers;

impl Names for Numbers {
    fn zone(&self, zone: ZoneId) -> String {
        format!("zone {zone}")
    }

    fn policy(&self, policy: PolicyId) -> String {
        format!("rule {policy}")
    }

    fn device(&self, device: IfIndex) -> String {
        format!("device {device}")
    }
}

fn engine() -> Native<'static, WorldRoutes> {
    let ruleset = compiled(&hiding_site(), 1).expect("the site compiles");
    let tables = native::tables(&ruleset, &facts(), Bounds { sessions: 64, fragments: 64 });
    Native::new(tables, NativeEnvironment::new(WorldRoutes::new(), 1))
}

#[test]
fn a_watched_frame_fares_as_an_unwatched_one() {
    let engines = Mutex::new((engine(), engine()));
    check!().with_type::<(u8, bool, Vec<u8>)>().for_each(|(link, ip, bytes)| {
        let mut engines = engines.lock().expect("no run has panicked");
        let (watched, unwatched) = &mut *engines;
        let link = &LINKS[usize::from(*link) % LINKS.len()];
        let start: &[u8] = if *ip { &[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60] } else { &[] };
        let frame = [start, bytes].concat();
        let mut transcript = Transcript::new(&Numbers);
        let (mut one, mut other) = (FrameBuffer::new(&frame), FrameBuffer::new(&frame));
        let seen = watched.watch(link.ifindex(), &mut one, &mut transcript);
        assert_eq!(seen, unwatched.take(link.ifindex(), &mut other));
        assert_eq!(one.bytes(), other.bytes());
        let lines = transcript.into_lines();
        assert!(!lines.is_empty() && lines.iter().all(|line| !line.text.is_empty()));
    });
}
