use flumen_abi::{
    Action, IfIndex, InterfaceId, NatKind, PolicyId, SessionKey, SessionRow, Stage, Vlan, ZoneId,
};
use flumen_pipeline::{Fragment, RouteKind, Step, Trace};

/// What ids are called.
pub trait Names {
    /// A zone.
    fn zone(&self, zone: ZoneId) -> String;
    /// A policy or NAT rule.
    fn policy(&self, policy: PolicyId) -> String;
    /// A device.
    fn device(&self, device: IfIndex) -> String;
}

/// One step of the pipeline in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Stage that took it.
    pub stage: &'static str,
    /// What it found or did.
    pub text: String,
    /// The row that made it, if one did.
    pub row: Option<String>,
}

/// Watches one packet and writes down every step.
pub struct Transcript<'a> {
    names: &'a dyn Names,
    lines: Vec<Line>,
}

// === impl Transcript ===

impl<'a> Transcript<'a> {
    /// An empty one.
    pub fn new(names: &'a dyn Names) -> Transcript<'a> {
        Transcript { names, lines: Vec::new() }
    }

    /// The steps, in order.
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    fn line(&mut self, stage: &'static str, text: String, row: Option<String>) {
        self.lines.push(Line { stage, text, row });
    }

    fn tuple(&self, key: &SessionKey) -> String {
        let (sport, dport) = (key.sport, key.dport);
        format!(
            "{} {}:{sport} -> {}:{dport} from zone {}",
            protocol(key.proto),
            key.src,
            key.dst,
            self.names.zone(key.zone)
        )
    }
}

impl Trace for Transcript<'_> {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Interface(key, None) => {
                let text =
                    format!("device {}{} is in no zone", self.names.device(key.device), tags(key.vlan));
                self.line("zone", text, None);
            }
            Step::Interface(key, Some(row)) => {
                let text = format!(
                    "device {}{} is in zone {}",
                    self.names.device(key.device),
                    tags(key.vlan),
                    self.names.zone(row.zone)
                );
                let row = format!("interface {} on {}", row.id, self.names.device(row.link));
                self.line("zone", text, Some(row));
            }
            Step::Decoded(packet) => {
                let fragment = match packet.fragment {
                    Fragment::Whole => "",
                    Fragment::Atomic => ", in a fragment header",
                    Fragment::First => ", first fragment",
                    Fragment::Later => ", later fragment",
                };
                let text = format!(
                    "{} {} {}:{} -> {}:{} ttl {} length {}{fragment}",
                    if packet.key.src.is_v4() { "IPv4" } else { "IPv6" },
                    protocol(packet.key.proto),
                    packet.key.src,
                    packet.key.sport,
                    packet.key.dst,
                    packet.key.dport,
                    packet.ttl,
                    packet.length,
                );
                self.line("decode", text, None);
            }
            Step::Reassembled(packet) => {
                let text =
                    format!("ports {} -> {} from its first fragment", packet.key.sport, packet.key.dport);
                self.line("decode", text, None);
            }
            Step::Session(key, None) => {
                let text = format!("none for {}: first packet", self.tuple(key));
                self.line("session", text, None);
            }
            Step::Session(key, Some(row)) => {
                let text = format!("hit for {}", self.tuple(key));
                self.line("session", text, Some(session(row)));
            }
            Step::Expired(key) => {
                let text = format!("{} has ended; taken as a first packet", self.tuple(key));
                self.line("session", text, None);
            }
            Step::Classified(stage, None) => self.line(stage_name(stage), "no rule matches".to_owned(), None),
            Step::Classified(stage, Some(hit)) => {
                let row = format!("rule row {}, rank {}, action row {}", hit.rule, hit.rank, hit.action);
                self.line(stage_name(stage), "a rule matches".to_owned(), Some(row));
            }
            Step::Nat(stage, row) => {
                let what = match row.kind {
                    kind if kind == NatKind::Interface as u8 => {
                        format!("source becomes the egress address, ports {}-{}", row.port_low, row.port_high)
                    }
                    kind if kind == NatKind::Destination as u8 && row.port_low != 0 => {
                        format!("destination becomes {}:{}", row.addr, row.port_low)
                    }
                    kind if kind == NatKind::Destination as u8 => format!("destination becomes {}", row.addr),
                    _ => "no translation".to_owned(),
                };
                let row = self.names.policy(row.id);
                self.line(stage_name(stage), what, Some(row));
            }
            Step::Policy(row) => {
                let what = match row.action {
                    action if action == Action::Permit as u8 => "permit",
                    action if action == Action::Reject as u8 => "reject",
                    _ => "deny",
                };
                let row = self.names.policy(row.id);
                self.line("policy", what.to_owned(), Some(row));
            }
            Step::Local(true) => self.line("route", "for the host itself, or a group".to_owned(), None),
            Step::Local(false) => {}
            Step::Hop(hop, link) => {
                let device = self.names.device(link.device);
                let text = format!("as for the packets before: by {device}, next hop {}", mac(hop.mac()));
                self.line("route", text, Some(format!("interface {}, mtu {}", link.id, link.mtu)));
            }
            Step::Route(query, route) => {
                let link = self.names.device(route.link);
                let text = match route.kind {
                    RouteKind::Forward => format!("{} by {link}, next hop {}", query.dst, mac(route.dst_mac)),
                    RouteKind::Resolve => format!("{} by {link}, next hop not resolved", query.dst),
                    RouteKind::Blackhole => format!("{} is blackholed, unreachable or prohibited", query.dst),
                    RouteKind::None | RouteKind::NoZone => format!("none to {}", query.dst),
                    RouteKind::Disabled => "forwarding is off on the ingress device".to_owned(),
                    RouteKind::Unsupported => format!("{} needs an encapsulation of the kernel", query.dst),
                };
                self.line("route", text, None);
            }
            Step::Egress(None) => self.line("egress zone", "the device is in no zone".to_owned(), None),
            Step::Egress(Some(row)) => {
                let text = format!(
                    "{}, device {}{}",
                    self.names.zone(row.zone),
                    self.names.device(row.device),
                    tags(row.vlan)
                );
                self.line("egress zone", text, Some(format!("interface {}, mtu {}", row.id, row.mtu)));
            }
            Step::PortTaken(port) => self.line("source nat", format!("port {port} is taken"), None),
            Step::Admitted(key, row) => {
                let text = format!("session {} opened for {}", row.slot.0, self.tuple(key));
                self.line("admit", text, Some(session(row)));
            }
            Step::ErrorSession(key, found) => {
                let text = match found {
                    Some(_) => {
                        format!("the ICMP error quotes a packet of the session of {}", self.tuple(key))
                    }
                    None => format!("the ICMP error quotes a packet of no session ({})", self.tuple(key)),
                };
                self.line("session", text, found.map(session));
            }
            Step::Translated(row) => {
                let text = format!("to {}:{} -> {}:{}", row.src, row.sport, row.dst, row.dport);
                self.line("translate", text, None);
            }
            Step::Mirror(key, None) => {
                let text = format!("VXLAN to port {} with VNI {}: no traffic mirror", key.port, key.vni);
                self.line("mirror", text, None);
            }
            Step::Mirror(key, Some(row)) => {
                let mirror = self.names.zone(row.zone);
                let text = format!("VXLAN to port {} with VNI {}: {mirror}", key.port, key.vni);
                let output = match row.output {
                    InterfaceId::NONE => "out by the kernel's route".to_owned(),
                    output => format!("output interface {output}"),
                };
                self.line("mirror", text, Some(format!("{output}, DF cleared over {}", row.df_over)));
            }
            Step::Unwrapped(packet) => {
                let text = format!(
                    "inside: {} {}:{} -> {}:{} length {}",
                    protocol(packet.key.proto),
                    packet.key.src,
                    packet.key.sport,
                    packet.key.dst,
                    packet.key.dport,
                    packet.length,
                );
                self.line("mirror", text, None);
            }
            Step::DfCleared(length) => {
                self.line("mirror", format!("DF cleared of {length} bytes"), None);
            }
            Step::Ttl(ttl) => self.line("ttl", format!("now {ttl}"), None),
        }
    }
}

/// A protocol as people call it.
fn protocol(number: u8) -> String {
    match number {
        1 => "ICMP".to_owned(),
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        58 => "ICMPv6".to_owned(),
        other => format!("protocol {other}"),
    }
}

const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::DestinationNat => "destination nat",
        Stage::Policy => "policy",
        Stage::SourceNat => "source nat",
        Stage::HostInbound => "host-inbound",
    }
}

fn session(row: &SessionRow) -> String {
    format!("session {}: leaves as {}:{} -> {}:{}", row.slot.0, row.src, row.sport, row.dst, row.dport)
}

fn tags(vlan: Vlan) -> String {
    match (vlan.outer, vlan.inner) {
        (0, _) => String::new(),
        (outer, 0) => format!(" vlan {outer}"),
        (outer, inner) => format!(" vlan {outer}.{inner}"),
    }
}

fn mac(address: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = address;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
