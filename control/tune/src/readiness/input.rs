use super::Findings;
use crate::TuneError;
use crate::wish::most_for_xdp;
use flumen_kernel::{
    AttachedXdp, DeviceFacts, Host, MachineFacts, Quantity, Setting, Span, XdpFeatures, XdpMode,
};

/// Ethernet, IPv4, UDP and VXLAN in front of an inner packet, its Ethernet header counted, the outer one not.
const OVERHEAD: u32 = 20 + 8 + 8 + 14;

/// Largest MTU of a driver that gives a program one buffer of 4,096 bytes: what is left beside the headroom of 256,
/// the kernel's 320 at its end, and the Ethernet header with two tags.
const ONE_BUFFER: u32 = 4096 - 256 - 320 - 14 - 8;

/// Drivers known to run programs themselves, for kernels that do not tell.
const DRIVERS: [&str; 17] = [
    "bnxt_en",
    "ena",
    "gve",
    "hv_netvsc",
    "i40e",
    "ice",
    "igb",
    "igc",
    "ixgbe",
    "mana",
    "mlx4_en",
    "mlx5_core",
    "mvneta",
    "nfp",
    "tun",
    "veth",
    "virtio_net",
];

/// Frames that wait in a ring without being lost.
const RING: u32 = 1024;

pub(super) fn look(
    findings: &mut Findings,
    host: &dyn Host,
    device: &DeviceFacts,
    machine: &MachineFacts,
    inner_mtu: u32,
) -> Result<(), TuneError> {
    let features = device.xdp.unwrap_or_else(|| by_name(&device.driver));
    mode(findings, device, features);
    program(findings, device.attached, &device.name);
    merging(findings, device, features);
    mtu(findings, device, features, inner_mtu);
    ring(findings, device);
    channels(findings, device, machine, features);
    reverse_path(findings, host, &device.name)
}

fn by_name(driver: &str) -> XdpFeatures {
    let known = DRIVERS.contains(&driver);
    XdpFeatures { driver_mode: known, transmit: known, multi_buffer: false }
}

fn mode(findings: &mut Findings, device: &DeviceFacts, features: XdpFeatures) {
    let told = if device.xdp.is_some() { "" } else { " (by its name: this kernel does not tell)" };
    if features.driver_mode {
        findings.good("xdp", &format!("driver mode{told}"));
    } else {
        let found =
            format!("generic mode{told}: each frame becomes a packet buffer first, several times slower");
        findings.warning(
            "xdp",
            &found,
            "use a device whose driver runs XDP programs: ena, ixgbe, i40e, ice, mlx5",
        );
    }
}

fn program(findings: &mut Findings, attached: Option<AttachedXdp>, name: &str) {
    let Some(AttachedXdp { mode, program }) = attached else {
        return findings.good("program", "no XDP program is attached");
    };
    let mode = match mode {
        XdpMode::Driver => "driver",
        XdpMode::Generic => "generic",
        XdpMode::Hardware => "hardware",
        XdpMode::Several => "more than one",
    };
    let number = program.map(|number| format!(" {number}")).unwrap_or_default();
    findings.warning(
        "program",
        &format!("XDP program{number} is attached in {mode} mode"),
        &format!("if it is not Flumen's (flumen show interfaces): ip link set {name} xdp off"),
    );
}

/// Frames that were put together before the program sees them.
fn merging(findings: &mut Findings, device: &DeviceFacts, features: XdpFeatures) {
    let name = &device.name;
    for feature in ["rx-lro", "rx-gro-hw"] {
        if device.has(feature) {
            let fixed = device.features.get(feature).is_some_and(|feature| feature.fixed);
            let remedy = if fixed {
                "use another device".to_owned()
            } else {
                format!("ethtool -K {name} {feature} off")
            };
            let found = format!("{feature} is on: the device merges frames, or its driver refuses programs");
            findings.bad("offload", &found, &remedy);
        }
    }
    // In driver mode the program comes first. A veth even needs it there.
    if features.driver_mode {
        return findings.good("gro", "merges frames after the program only");
    }
    let merging: Vec<&str> = ["rx-gro", "rx-gro-list", "rx-udp-gro-forwarding"]
        .into_iter()
        .filter(|feature| device.has(feature))
        .collect();
    if merging.is_empty() {
        findings.good("gro", "off");
    } else {
        let found = format!("{} on: in generic mode the program sees merged frames", merging.join(", "));
        let off: String = merging.iter().map(|feature| format!(" {feature} off")).collect();
        findings.bad("gro", &found, &format!("ethtool -K {name}{off}"));
    }
}

fn mtu(findings: &mut Findings, device: &DeviceFacts, features: XdpFeatures, inner_mtu: u32) {
    let (name, mtu) = (&device.name, device.mtu);
    let needed = inner_mtu.saturating_add(OVERHEAD);
    if mtu < needed {
        findings.warning(
            "mtu",
            &format!("{mtu}: a mirrored packet of {inner_mtu} bytes needs {needed}, and arrives cut off or in fragments"),
            &format!("ip link set {name} mtu {needed}"),
        );
    } else if mtu > ONE_BUFFER && features.driver_mode && !features.multi_buffer && !device.is_veth() {
        findings.bad(
            "mtu",
            &format!(
                "{mtu}: this driver gives programs frames of one buffer, and refuses them above {ONE_BUFFER}"
            ),
            &format!("ip link set {name} mtu {ONE_BUFFER}"),
        );
    } else {
        findings.good("mtu", &mtu.to_string());
    }
}

fn ring(findings: &mut Findings, device: &DeviceFacts) {
    let Some(Span { now, max }) = device.quantities.get(&Quantity::RxRing).copied() else {
        return findings.good("ring", "this driver has no receive ring to set");
    };
    let most = max.unwrap_or(now);
    if now < RING.min(most) {
        let found = format!("{now} of at most {most} descriptors: a burst is lost");
        findings.warning("ring", &found, &format!("ethtool -G {} rx {}", device.name, most.min(4 * RING)));
    } else {
        findings.good("ring", &format!("{now} descriptors"));
    }
}

fn channels(findings: &mut Findings, device: &DeviceFacts, machine: &MachineFacts, features: XdpFeatures) {
    let Some(Span { now, max: Some(most) }) = device.quantities.get(&Quantity::CombinedChannels).copied()
    else {
        return;
    };
    let (name, cpus) = (&device.name, u32::try_from(machine.cpus.len()).unwrap_or(u32::MAX));
    let limit = most_for_xdp(device, most).filter(|_| features.driver_mode);
    let best = limit.unwrap_or(most).min(cpus);
    if limit.is_some_and(|limit| now > limit) {
        let found = format!(
            "{now} of {most}: this driver keeps as many for frames that programs send, and refuses programs"
        );
        findings.bad("channels", &found, &format!("ethtool -L {name} combined {best}"));
    } else if now < best {
        let found = format!("{now} for {cpus} CPUs: the others receive nothing");
        findings.warning("channels", &found, &format!("ethtool -L {name} combined {best}"));
    } else {
        findings.good("channels", &now.to_string());
    }
}

/// The kernel takes the greater of the device's value and that of `all`; 1 asks for a route back.
fn reverse_path(findings: &mut Findings, host: &dyn Host, name: &str) -> Result<(), TuneError> {
    let mut filter = String::new();
    for device in ["all", name] {
        let own = host.read_setting(&Setting::conf("ipv4", device, "rp_filter"))?;
        filter = filter.max(own.unwrap_or_default());
    }
    match filter.as_str() {
        "1" => findings.warning(
            "rp_filter",
            "strict: what the mirror hands to the kernel's routes is dropped, its source is elsewhere",
            &format!("flumen run sets it for its links; else: sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{name}.rp_filter=0"),
        ),
        "" => {}
        other => findings.good("rp_filter", if other == "0" { "off" } else { "loose" }),
    }
    Ok(())
}
