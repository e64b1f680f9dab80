//! Measures the rig's floors and the kernel's firewalls: medians of interleaved runs, in nanoseconds of CPU time per
//! packet. Device cost is what remains when the drop floor is taken away.
//!
//! `cargo run --release -p flumen-testkit --example rig [PACKETS [RUNS]]`, as root.

use flumen_testkit::Error;
use flumen_testkit::generator::{Order, Spec};
use flumen_testkit::rig::{Device, Measurement, Rig, Traffic, median_ns};
use flumen_testkit::topology::Segment;

/// A row of the table: a device with its traffic.
struct Row {
    name: &'static str,
    rig: Rig,
    traffic: Traffic,
    runs: Vec<Measurement>,
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (packets, runs) = (number(500_000), number(5));

    let one = Spec::udp4();
    let many = Spec::udp4().flows(1 << 14).order(Order::Random);
    let fresh = Spec::udp4().flows(1 << 22);
    let mut rows = vec![
        Row::established("floor/xdp-drop", Device::XdpDrop, &one)?,
        Row::established("floor/xdp-redirect", Device::XdpRedirect, &one)?,
        Row::established("peer/kernel-forward", Device::KernelForward, &one)?,
        Row::established("peer/nft-stateful", Device::NftStateful, &one)?,
        Row::established("peer/nft-masquerade", Device::NftMasquerade, &one)?,
        Row::established("floor/xdp-drop udp6", Device::XdpDrop, &Spec::udp6())?,
        Row::established("floor/xdp-redirect udp6", Device::XdpRedirect, &Spec::udp6())?,
        Row::established("peer/nft-stateful udp6", Device::NftStateful, &Spec::udp6())?,
        Row::established("peer/kernel-forward 16k", Device::KernelForward, &many)?,
        Row::established("peer/nft-masquerade 16k", Device::NftMasquerade, &many)?,
        Row::new("peer/nft-stateful-new", Device::NftStateful, fresh.clone())?,
        Row::new("peer/nft-masquerade-new", Device::NftMasquerade, fresh)?,
    ];
    for _ in 0..runs {
        for row in &mut rows {
            let run = row.rig.run(&mut row.traffic, packets)?;
            if run.conntrack.is_some_and(|conntrack| conntrack.overflowed()) {
                println!("{}: the connection table overflowed: {:?}", row.name, run.conntrack);
            }
            row.runs.push(run);
        }
    }

    let floor = median_ns(&rows[0].runs);
    println!("{:26} {:>9} {:>9} {:>9} {:>12}", "row", "ns/packet", "min wall", "Mpps", "device cost");
    for row in &rows {
        let ns = median_ns(&row.runs);
        let wall = row.runs.iter().map(Measurement::wall_ns_per_packet).fold(f64::INFINITY, f64::min);
        println!("{:26} {ns:9.1} {wall:9.1} {:9.3} {:12.1}", row.name, 1e3 / ns, ns - floor);
    }
    Ok(())
}

// === impl Row ===

impl Row {
    fn new(name: &'static str, device: Device, spec: Spec) -> Result<Self, Error> {
        Ok(Self { name, rig: Rig::new(device)?, traffic: Traffic::forward(spec), runs: Vec::new() })
    }

    /// A row whose flows the device has known before, and has seen answers to.
    fn established(name: &'static str, device: Device, spec: &Spec) -> Result<Self, Error> {
        let mut row = Self::new(name, device, spec.clone())?;
        match device {
            Device::NftMasquerade => row.rig.establish(spec, Segment::Wan.gateway().v4.into())?,
            Device::NftStateful => row.rig.establish(spec, spec.source())?,
            _ => row.rig.warm_up(spec)?,
        }
        Ok(row)
    }
}
