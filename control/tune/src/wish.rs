//! What a fast host has, and why.

use crate::Goal;
use flumen_kernel::{DeviceFacts, MachineFacts, Quantity, Setting, Span};

/// A setting, what it should be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) setting: Setting,
    pub(crate) want: Want,
    pub(crate) why: &'static str,
}

/// What a setting should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Exactly this.
    Value(String),
    /// This much or more: a greater value of the host's owner stays.
    AtLeast(u64),
}

/// Descriptors of a ring: at 85,000 frames a second, 48 ms without the CPU before one is lost.
const RING: u32 = 4096;

/// Sysctls of the whole host: the least that each should be, and why.
const SYSCTLS: [(&str, u64, &str); 6] = [
    ("net/core/bpf_jit_enable", 1, "programs run as machine code"),
    (
        "net/core/netdev_max_backlog",
        30_000,
        "frames that generic mode or another CPU hands over wait, not drop",
    ),
    ("net/core/netdev_budget", 600, "frames for each round of receiving"),
    (
        "net/core/rmem_max",
        134_217_728,
        "receive buffers that a collector or the NFQUEUE fallback may ask for",
    ),
    ("net/core/wmem_max", 134_217_728, "send buffers that a collector may ask for"),
    ("vm/min_free_kbytes", 65_536, "pages for receive rings are at hand under memory pressure"),
];

/// Features that put frames together before a program sees them.
const MERGING: [(&str, &str); 5] = [
    ("rx-gro", "merged frames are larger than any MTU: they cannot be redirected"),
    ("rx-gro-hw", "the device merges frames before a program sees them, or its driver refuses programs"),
    ("rx-lro", "the device merges frames before a program sees them, or its driver refuses programs"),
    ("rx-gro-list", "frames are chained before a program sees them"),
    ("rx-udp-gro-forwarding", "VXLAN frames are merged before a program sees them"),
];

impl Want {
    /// Whether a value is what is wanted.
    pub(crate) fn is_met(&self, now: &str) -> bool {
        match self {
            Want::Value(value) => value == now,
            Want::AtLeast(least) => now.parse::<u64>().is_ok_and(|now| now >= *least),
        }
    }

    /// The value to set.
    pub(crate) fn value(&self) -> String {
        match self {
            Want::Value(value) => value.clone(),
            Want::AtLeast(least) => least.to_string(),
        }
    }
}

/// Of the whole host.
pub(crate) fn of_host(machine: &MachineFacts) -> Vec<Wish> {
    let sysctls = SYSCTLS.map(|(path, least, why)| Wish {
        setting: Setting::Sysctl(path.to_owned()),
        want: Want::AtLeast(least),
        why,
    });
    let governors = machine.cpus.iter().map(|cpu| Wish {
        setting: Setting::Governor(*cpu),
        want: Want::Value("performance".to_owned()),
        why: "the CPU does not slow down between bursts",
    });
    sysctls.into_iter().chain(governors).collect()
}

/// Of one device, its interrupts aside.
pub(crate) fn of_device(device: &DeviceFacts, machine: &MachineFacts, goal: Goal) -> Vec<Wish> {
    let feature = |(name, why): (&str, &'static str)| Wish {
        setting: Setting::Feature { device: device.name.clone(), feature: name.to_owned() },
        want: Want::Value("off".to_owned()),
        why,
    };
    let number = |quantity: Quantity, want: Want, why: &'static str| Wish {
        setting: Setting::Quantity { device: device.name.clone(), quantity },
        want,
        why,
    };
    let exactly = |value: u32| Want::Value(value.to_string());
    let ring = |quantity: Quantity| {
        let max = device.quantities.get(&quantity).and_then(|span| span.max).unwrap_or(RING);
        number(quantity, Want::AtLeast(RING.min(max).into()), "a burst waits in the ring, not drops")
    };
    // A veth takes redirected frames in driver mode only with GRO: the gateway turns it on.
    let keeps = |name: &str| device.is_veth() && name == "rx-gro";
    let merging = MERGING.into_iter().filter(|(name, _)| !keeps(name));
    let mut wishes: Vec<Wish> = merging.map(feature).collect();
    wishes.extend([Quantity::RxRing, Quantity::TxRing].map(ring));
    wishes.push(channels(device, machine, &number));
    wishes.extend(match goal {
        Goal::Throughput => {
            vec![number(Quantity::AdaptiveRx, exactly(1), "the driver finds the delay of interrupts")]
        }
        Goal::Latency => vec![
            number(Quantity::AdaptiveRx, exactly(0), "the delay of interrupts stays what is set"),
            number(Quantity::RxUsecs, exactly(1), "a frame waits for no interrupt"),
            number(Quantity::RxFrames, exactly(1), "a frame waits for no interrupt"),
        ],
    });
    wishes
}

/// A queue for each CPU.
fn channels(
    device: &DeviceFacts,
    machine: &MachineFacts,
    number: &dyn Fn(Quantity, Want, &'static str) -> Wish,
) -> Wish {
    let quantity = match device.quantities.contains_key(&Quantity::RxChannels) {
        true if !device.quantities.contains_key(&Quantity::CombinedChannels) => Quantity::RxChannels,
        _ => Quantity::CombinedChannels,
    };
    let span = device.quantities.get(&quantity).copied().unwrap_or(Span { now: 0, max: None });
    let cpus = u32::try_from(machine.cpus.len()).unwrap_or(u32::MAX).max(1);
    let most = span.max.unwrap_or(cpus);
    match most_for_xdp(device, most) {
        Some(most) if span.now > most => number(
            quantity,
            Want::Value(most.min(cpus).to_string()),
            "this driver keeps half of its queues for frames that programs send",
        ),
        limit => {
            let wanted = limit.unwrap_or(most).min(cpus);
            number(quantity, Want::AtLeast(wanted.into()), "each CPU has a queue, and frames spread over all")
        }
    }
}

/// Most queues with which a driver takes a program; none when all do.
pub(crate) fn most_for_xdp(device: &DeviceFacts, most: u32) -> Option<u32> {
    (device.driver == "ena").then_some((most / 2).max(1))
}

/// Each interrupt of a device on the CPU with the number of its queue.
pub(crate) fn of_interrupts(device: &DeviceFacts, machine: &MachineFacts) -> Vec<Wish> {
    let wish = |interrupt: &flumen_kernel::Interrupt| {
        let cpu = machine.cpus.get(interrupt.queue as usize % machine.cpus.len().max(1))?;
        Some(Wish {
            setting: Setting::IrqAffinity(interrupt.irq),
            want: Want::Value(cpu.to_string()),
            why: "each queue has its CPU, and its tables stay in that CPU's cache",
        })
    };
    device.interrupts.iter().filter_map(wish).collect()
}
