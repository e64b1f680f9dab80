//! What can stand in the middle of the rig.

use std::process::Command;

use super::conntrack::Raised;
use crate::netns::{Netns, run_command};
use crate::topology::Segment;
use crate::{Error, Redirect};

/// The device under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// An XDP program that drops at the device's ingress: the cost of generator and veth alone. Nothing reaches the far
    /// end; what arrives is counted at the device.
    XdpDrop,
    /// A bare XDP redirect: the least that a forwarder can cost.
    XdpRedirect,
    /// The kernel's IP forwarding, without firewall.
    KernelForward,
    /// The kernel with nftables and connection tracking: established and new connections from LAN to WAN pass.
    NftStateful,
    /// The same, where new connections meet these rules, statements of nftables, one a line.
    NftRules(&'static str),
    /// As [`Device::NftStateful`] with masquerading to the WAN address.
    NftMasquerade,
    /// The caller's: [`super::Rig::dut`] has the interfaces `lan` and `wan`, kernel forwarding is on.
    External,
}

/// What a device has put in place. Dropped with the rig.
#[derive(Debug)]
pub(super) struct Installed {
    _redirects: Vec<Redirect>,
    _conntrack: Option<Raised>,
}

/// Connections live long enough for all runs of a benchmark, for UDP too.
const TIMEOUTS: [(&str, &str); 3] = [
    ("net.netfilter.nf_conntrack_udp_timeout", "600"),
    ("net.netfilter.nf_conntrack_udp_timeout_stream", "600"),
    ("net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", "600"),
];

// === impl Device ===

impl Device {
    /// It goes through the kernel's connection tracking.
    pub fn uses_conntrack(self) -> bool {
        matches!(self, Self::NftStateful | Self::NftRules(_) | Self::NftMasquerade)
    }

    pub(super) fn install(self, dut: &Netns) -> Result<Installed, Error> {
        let (lan, wan) = (dut.link("lan"), dut.link("wan"));
        let redirects = match self {
            Self::XdpRedirect => {
                let to_sink = (Segment::Wan.gateway().mac, Segment::Wan.host().mac);
                let to_generator = (Segment::Lan.gateway().mac, Segment::Lan.host().mac);
                vec![
                    Redirect::attach(lan, wan, to_sink.0, to_sink.1)?,
                    Redirect::attach(wan, lan, to_generator.0, to_generator.1)?,
                ]
            }
            _ => Vec::new(),
        };
        let conntrack = if self.uses_conntrack() { Some(Raised::new()?) } else { None };
        if self.uses_conntrack() {
            load_ruleset(dut, self)?;
            for (key, seconds) in TIMEOUTS {
                dut.sysctl(key, seconds)?;
            }
        }
        Ok(Installed { _redirects: redirects, _conntrack: conntrack })
    }
}

/// The ruleset that a careful administrator would write for a home or office gateway: the frequent case first.
fn load_ruleset(dut: &Netns, device: Device) -> Result<(), Error> {
    let nat = "
        table inet nat {
            chain postrouting {
                type nat hook postrouting priority srcnat;
                oifname \"wan\" masquerade
            }
        }";
    let (chain, verdict) = match device {
        Device::NftRules(rules) => (format!("chain new {{\n{rules}\n}}"), "jump new"),
        _ => (String::new(), "accept"),
    };
    let filter = format!(
        "
        table inet filter {{
            {chain}
            chain forward {{
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
                ct state invalid drop
                iifname \"lan\" oifname \"wan\" {verdict}
            }}
        }}"
    );
    let ruleset = if device == Device::NftMasquerade { format!("{filter}{nat}") } else { filter };
    let mut nft: Command = dut.command("nft");
    run_command(nft.arg(ruleset)).map(drop)
}
