use super::Findings;
use flumen_kernel::DeviceFacts;

pub(super) fn look(findings: &mut Findings, device: &DeviceFacts, inner_mtu: u32) {
    let name = &device.name;
    match device.xdp {
        Some(features) if features.transmit => findings.good("redirect", "takes frames of XDP"),
        Some(_) if device.is_veth() => findings.bad(
            "redirect",
            "takes no frames of XDP: a veth does while its peer has GRO or a program",
            "ethtool -K PEER gro on, once it is up",
        ),
        Some(_) => findings.bad(
            "redirect",
            "its driver takes no frames of XDP",
            "leave the output to the kernel's routes, or use another device",
        ),
        None => findings.warning(
            "redirect",
            "this kernel does not tell whether it takes frames of XDP",
            "watch the counter of failed redirects, or use Linux 6.3 or newer",
        ),
    }
    if device.mtu < inner_mtu {
        let found = format!("{}: inner packets are up to {inner_mtu} bytes", device.mtu);
        findings.warning(
            "mtu",
            &found,
            &format!("ip link set {name} mtu {inner_mtu}, or clear DF and let the kernel fragment"),
        );
    } else {
        findings.good("mtu", &device.mtu.to_string());
    }
}
