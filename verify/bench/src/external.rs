//! The rig with somebody else's device in it.

use anyhow::Result;
use flumen_testkit::rig::Device;
use flumen_testkit::topology::Segment;

use crate::bed::{Bed, Middle};
use crate::interrupt::{Awaited, Interrupt};
use crate::measure::{Plan, Series, measure_on};
use crate::row::Row;

/// Leaves the rig up until a key or a signal comes. Enter measures `rows`; none are measured after a signal.
///
/// # Errors
/// What the host lacks.
pub(crate) fn measure(rows: &[Row], plan: &Plan, interrupt: &Interrupt) -> Result<Option<Vec<Series>>> {
    let bed = Bed::new(Middle::Kernel(Device::External))?;
    describe(&bed)?;
    if interrupt.wait()? == Awaited::Signal {
        return Ok(None);
    }
    let mut beds = vec![bed];
    for device in [Device::XdpDrop, Device::XdpRedirect] {
        beds.push(Bed::new(Middle::Kernel(device))?);
    }
    measure_on(&mut beds, rows, plan, interrupt).map(Some)
}

fn describe(bed: &Bed) -> Result<()> {
    let dut = bed.rig().dut();
    println!("The rig is up. Interfaces of the device under test, in network namespace {}:", dut.name());
    for segment in [Segment::Lan, Segment::Wan] {
        let (own, neighbour) = (segment.gateway(), segment.host());
        println!(
            "  {}  ifindex {}  {}  {}/24  {}/64  neighbour {} {} {}",
            segment.dev(),
            dut.link(segment.dev()).ifindex()?,
            own.mac,
            own.v4,
            own.v6,
            neighbour.mac,
            neighbour.v4,
            neighbour.v6
        );
    }
    println!(
        "Traffic comes in on lan from {} and goes out on wan to 100.64.0.0/10 and 2001:db8:f::/48 behind {}.",
        Segment::Lan.host().v4,
        Segment::Wan.host().v4
    );
    println!("Put your device there (ip netns exec {} …), then press Enter to measure it.", dut.name());
    println!("An interrupt takes the rig down.");
    Ok(())
}
