use crate::Health;
use std::fmt::{self, Write};
use std::net::IpAddr;

/// A traffic mirror: what becomes a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Device where the encapsulated frames arrive.
    pub input: String,
    /// Device where the inner packets leave; none: as the kernel routes them.
    pub output: Option<String>,
    /// UDP port of VXLAN.
    pub vxlan_port: u16,
    /// VXLAN network identifier, 24 bits.
    pub vni: u32,
    /// IPv4 total length above which DF is cleared.
    pub df_over: u16,
    /// Whether the UDP checksum of such packets becomes zero.
    pub zero_checksum: bool,
    /// Translations, in order; each source port once.
    pub rules: Vec<Rule>,
}

/// Inner packets of a source port get another destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Source port of the inner packet.
    pub source_port: u16,
    /// New destination address.
    pub address: IpAddr,
    /// New destination port.
    pub port: u16,
}

/// How a mirror is watched: nothing of the datapath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Seconds between two lines.
    pub interval_s: u32,
    /// Packets a second that are aimed at.
    pub target_pps: u64,
    /// Packets a second below which the mirror does badly.
    pub threshold_pps: u64,
    /// Colours, where the terminal has them.
    pub colours: bool,
    /// File that lines go to as well.
    pub log_file: Option<String>,
    /// From 0, what matters, to 3, everything.
    pub verbosity: u8,
}

impl Default for Mirror {
    fn default() -> Mirror {
        Mirror {
            input: "ens5".to_owned(),
            output: Some("ens6".to_owned()),
            vxlan_port: 4789,
            vni: 1,
            df_over: 1400,
            zero_checksum: false,
            rules: Vec::new(),
        }
    }
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            interval_s: 5,
            target_pps: 85_000,
            threshold_pps: 59_500,
            colours: true,
            log_file: None,
            verbosity: 0,
        }
    }
}

impl Watch {
    /// How so many packets a second fare.
    pub fn health(&self, packets_per_second: f64) -> Health {
        if packets_per_second >= self.target_pps as f64 {
            Health::Reached
        } else if packets_per_second >= self.threshold_pps as f64 {
            Health::Below
        } else {
            Health::Bad
        }
    }
}

impl Mirror {
    /// The devices, each once.
    pub fn devices(&self) -> Vec<&str> {
        let output = self.output.as_deref().filter(|output| *output != self.input);
        [Some(self.input.as_str()), output].into_iter().flatten().collect()
    }

    /// The whole configuration of a host that is this mirror and nothing else. Whatever else arrives for the host itself
    /// is let in, as without Flumen; nothing is forwarded between zones.
    pub fn configuration(&self) -> String {
        let mut text = Braces::default();
        text.block("interfaces", |text| {
            for device in self.devices() {
                text.block(device, |text| text.line("unit 0"));
            }
        });
        let input = format!("{}.0", self.input);
        text.block("security", |text| {
            text.block("zones", |text| {
                text.block("security-zone mirror", |text| {
                    text.block("host-inbound-traffic", |text| {
                        text.block("system-services", |text| text.line("all"));
                        text.block("protocols", |text| text.line("all"));
                    });
                    text.block("interfaces", |text| text.line(&input));
                });
            });
        });
        text.block("services", |text| {
            text.block("traffic-mirror", |text| text.block("mirror main", |text| self.mirror(text, &input)));
        });
        text.text
    }

    fn mirror(&self, text: &mut Braces, input: &str) {
        text.line(&format!("interface {input}"));
        text.line(&format!("port {}", self.vxlan_port));
        text.line(&format!("vni {}", self.vni));
        if let Some(output) = &self.output {
            text.block("output", |text| text.line(&format!("interface {output}.0")));
        }
        text.block("df-clear", |text| {
            text.line(&format!("over {}", self.df_over));
            text.line(&format!("udp-checksum {}", if self.zero_checksum { "zero" } else { "keep" }));
        });
        for Rule { source_port, address, port } in &self.rules {
            text.block(&format!("rule source-port-{source_port}"), |text| {
                text.block("match", |text| {
                    text.block("source-port", |text| text.line(&source_port.to_string()));
                });
                text.block("then", |text| {
                    text.block("destination-nat", |text| {
                        text.line(&format!("address {address}"));
                        text.line(&format!("port {port}"));
                    });
                });
            });
        }
    }
}

/// A configuration in braces, being written.
#[derive(Default)]
struct Braces {
    text: String,
    depth: usize,
}

impl Braces {
    fn block(&mut self, head: &str, inside: impl FnOnce(&mut Braces)) {
        self.write(format_args!("{head} {{"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.write(format_args!("}}"));
    }

    fn line(&mut self, statement: &str) {
        self.write(format_args!("{statement};"));
    }

    fn write(&mut self, line: fmt::Arguments<'_>) {
        writeln!(self.text, "{:1$}{line}", "", self.depth * 4).expect("writing to a string cannot fail");
    }
}
