//! received = forwarded + delivered + consumed + Σ dropped, per interface, under generated traffic.

use flumen_conformance::differential::{Random, Traffic, configuration};
use flumen_conformance::site::compiled;
use flumen_fuzz::Gateway;
use serde_json::Value;

/// Frames under each pair of configurations.
const FRAMES: u32 = 1_500;

fn accepted(random: &mut Random) -> Value {
    std::iter::repeat_with(|| configuration(random))
        .find(|configuration| compiled(configuration, 1).is_ok())
        .expect("the iterator does not end")
}

#[test]
fn every_frame_is_counted_in_once_and_out_once_under_load() {
    let mut random = Random::new(7);
    for _ in 0..16 {
        let configurations = [accepted(&mut random), accepted(&mut random)];
        let mut gateway = Gateway::new(64, &configurations);
        let mut traffic = Traffic::default();
        for _ in 0..FRAMES {
            let step = traffic.next(&mut random, &gateway.view());
            gateway.step(&step);
        }
        gateway.assert_conserved();
        gateway.assert_sessions_whole();
    }
}
