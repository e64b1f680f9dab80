use crate::tool::run;
use crate::{QueueError, Target};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// The name of our tables in nftables.
const TABLE: &str = "flumen_df_clear";
/// The name of our chain in iptables.
const CHAIN: &str = "FLUMEN-DF-CLEAR";
/// The table of iptables that it is in; before connection tracking.
const RAW: &str = "raw";

/// The families that packets of a device may be of: its own, or those of the bridge that it is a port of.
const FAMILIES: [&str; 2] = ["inet", "bridge"];
/// Before fragments are put together again, as XDP sees them: connection tracking does that at -400.
const HOOK: &str = "type filter hook prerouting priority -450; policy accept;";

/// What installs rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Tables of our own, of the families `inet` and `bridge`.
    Nftables,
    /// A chain of our own in the table `raw`, and a jump to it: where the kernel's nftables have no queues.
    Iptables,
}

/// Rules that hand packets to queues. They are ours alone: nobody else's are read or changed. Packets that have no DF or
/// are short stay out of the queues; where no process listens, packets pass (`bypass`). Hooks are made once and kept while
/// anything waits in a queue: when one is taken away, the kernel drops what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Devices.
    pub targets: Vec<Target>,
    /// Queues, among which flows are spread.
    pub queues: RangeInclusive<u16>,
}

// === impl Rules ===

impl Rules {
    /// What this kernel's tools can do. Nothing is changed.
    ///
    /// # Errors
    /// What each tool said.
    pub fn find_tool() -> Result<Tool, QueueError> {
        // A chain without a hook: when one is taken away, the kernel drops whatever waits in any queue of the namespace.
        let probe = format!("table inet {TABLE}_probe {{ chain probe {{ queue num 1 bypass; }}; }}\n");
        let nftables = match run("nft", &["--check", "-f", "-"], &probe) {
            Ok(_) => return Ok(Tool::Nftables),
            Err(complaint) => complaint,
        };
        match run("iptables", &["-w", "-t", RAW, "-m", "u32", "-j", "NFQUEUE", "--help"], "") {
            Ok(_) => Ok(Tool::Iptables),
            Err(iptables) => Err(QueueError::Rules { said: vec![nftables, iptables] }),
        }
    }

    /// Puts these rules in place of those of before, in one step.
    ///
    /// # Errors
    /// What the tool said. Those of before are in force then.
    pub fn install(&self, tool: Tool) -> Result<(), QueueError> {
        let done = match tool {
            Tool::Nftables => self.install_nftables(),
            Tool::Iptables => self.install_iptables(),
        };
        done.map_err(|complaint| QueueError::Rules { said: vec![complaint] })
    }

    /// Takes the rules away. What is in the queues stays there: hooks are left until [`Rules::remove_hooks`].
    pub fn remove(tool: Tool) {
        let removed = match tool {
            Tool::Nftables => remove_nftables(),
            Tool::Iptables => remove_iptables(),
        };
        if let Err(complaint) = removed {
            tracing::warn!("rules of df-clear stay: {complaint}");
        }
    }

    /// Removes the tables of [`Tool::Nftables`], whose queues are empty by now.
    pub fn remove_hooks() {
        for family in FAMILIES {
            let text = format!("delete table {family} {TABLE}\n");
            if let Err(complaint) = run("nft", &["-f", "-"], &text) {
                tracing::debug!("{complaint}");
            }
        }
    }

    fn install_nftables(&self) -> Result<(), String> {
        let [inet, bridge] = FAMILIES.map(|family| self.nftables(family));
        // The kernel may know no rules for bridges. That shows before the others are in force.
        let hook = format!("table bridge {TABLE} {{ chain prerouting {{ {HOOK} }}; }}\n");
        let bridges = run("nft", &["-f", "-"], &hook).is_ok();
        let text = if bridges { inet + &bridge } else { inet };
        run("nft", &["-f", "-"], &text).map(drop)
    }

    /// The chain is kept when it is there, for the sake of what waits in the queues.
    fn nftables(&self, family: &str) -> String {
        let mut text = format!(
            "table {family} {TABLE} {{ chain prerouting {{ {HOOK} }}; }}\nflush chain {family} {TABLE} prerouting\n"
        );
        for Target { device, port, over, .. } in &self.targets {
            // IPv4 in a bridge is told by its EtherType.
            let ip = if family == "bridge" { "ether type ip" } else { "meta nfproto ipv4" };
            writeln!(
                text,
                "add rule {family} {TABLE} prerouting iifname \"{device}\" {ip} ip protocol udp udp dport {port} \
                 ip length > {over} ip frag-off & 0x4000 != 0 counter queue num {} bypass",
                self.numbers('-')
            )
            .expect("a string takes all");
        }
        text
    }

    fn numbers(&self, sign: char) -> String {
        let (first, last) = (self.queues.start(), self.queues.end());
        if first == last { first.to_string() } else { format!("{first}{sign}{last}") }
    }

    fn install_iptables(&self) -> Result<(), String> {
        let jumps = run("iptables", &["-w", "-t", RAW, "-C", "PREROUTING", "-j", CHAIN], "").is_ok();
        run("iptables-restore", &["-w", "--noflush"], &self.iptables(!jumps)).map(drop)
    }

    fn iptables(&self, jump: bool) -> String {
        let mut text = format!("*{RAW}\n:{CHAIN} - [0:0]\n");
        for Target { device, port, over, .. } in &self.targets {
            let longer = u32::from(*over) + 1;
            // The port of a bridge is seen only where br_netfilter asks iptables about bridged packets.
            for place in [format!("-i {device}"), format!("-m physdev --physdev-in {device}")] {
                writeln!(
                    text,
                    "-A {CHAIN} {place} -p udp -m udp --dport {port} -m length --length {longer}:65535 \
                     -m u32 --u32 \"4&0x4000=0x4000\" -j NFQUEUE {} --queue-bypass",
                    self.balance()
                )
                .expect("a string takes all");
            }
        }
        if jump {
            writeln!(text, "-I PREROUTING 1 -j {CHAIN}").expect("a string takes all");
        }
        text + "COMMIT\n"
    }

    fn balance(&self) -> String {
        let many = self.queues.start() != self.queues.end();
        format!("{} {}", if many { "--queue-balance" } else { "--queue-num" }, self.numbers(':'))
    }
}

fn remove_nftables() -> Result<(), String> {
    let tables = run("nft", &["list", "tables"], "")?;
    let ours =
        FAMILIES.iter().filter(|family| tables.lines().any(|line| line == format!("table {family} {TABLE}")));
    let text: String = ours.map(|family| format!("flush chain {family} {TABLE} prerouting\n")).collect();
    run("nft", &["-f", "-"], &text).map(drop)
}

fn remove_iptables() -> Result<(), String> {
    if run("iptables", &["-w", "-t", RAW, "-C", "PREROUTING", "-j", CHAIN], "").is_err() {
        return Ok(());
    }
    let text = format!("*{RAW}\n-D PREROUTING -j {CHAIN}\n-F {CHAIN}\n-X {CHAIN}\nCOMMIT\n");
    run("iptables-restore", &["-w", "--noflush"], &text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use crate::Target;
    use flumen_testkit::netns::Netns;

    fn rules(queues: std::ops::RangeInclusive<u16>) -> Rules {
        let target = Target {
            device: "br0".into(),
            index: 7,
            interface: 3,
            port: 31765,
            over: 1400,
            zero_udp: false,
            share: 0,
        };
        Rules { targets: vec![target], queues }
    }

    #[test]
    fn rules_name_device_port_length_df_and_queues() {
        let rule = |text: String| text.lines().find(|line| line.contains("br0")).map(str::to_owned);
        assert_eq!(
            rule(rules(5..=6).nftables("bridge")).as_deref(),
            Some(
                "add rule bridge flumen_df_clear prerouting iifname \"br0\" ether type ip ip protocol udp \
                 udp dport 31765 ip length > 1400 ip frag-off & 0x4000 != 0 counter queue num 5-6 bypass"
            )
        );
        assert!(rules(5..=5).nftables("inet").trim_end().ends_with("queue num 5 bypass"));
        assert_eq!(
            rule(rules(5..=6).iptables(true)).as_deref(),
            Some(
                "-A FLUMEN-DF-CLEAR -i br0 -p udp -m udp --dport 31765 -m length --length 1401:65535 \
                 -m u32 --u32 \"4&0x4000=0x4000\" -j NFQUEUE --queue-balance 5:6 --queue-bypass"
            )
        );
    }

    #[test]
    fn rules_come_and_go_and_leave_those_of_others_alone() {
        let namespace = Netns::new("nfq").expect("a namespace");
        for line in ["nft add table inet mine", "iptables -t raw -A PREROUTING -p udp --dport 7 -j ACCEPT"] {
            namespace.exec(line).expect("the tools are there");
        }
        let state = || {
            let chains = namespace.exec("iptables-save -t raw").expect("it runs");
            let rules = chains.lines().filter(|line| line.starts_with(['-', ':']));
            let rules: Vec<String> =
                rules.map(|rule| rule.split('[').next().unwrap_or_default().to_owned()).collect();
            let tables = namespace.exec("nft list ruleset").expect("it runs");
            (
                rules,
                tables
                    .lines()
                    .filter(|line| !line.contains("counter"))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            )
        };
        let before = state();
        let inside = |work: &(dyn Fn() + Sync)| namespace.run(work).expect("the namespace is there");
        inside(&|| {
            let tool = Rules::find_tool().expect("one tool can");
            assert_eq!(state(), before, "looking changes nothing");
            rules(5..=6).install(tool).expect("it can");
            let during = state();
            assert_ne!(during, before);
            rules(9..=9).install(tool).expect("again");
            assert_eq!(during.0.len(), state().0.len(), "in place of the first ones");
            Rules::remove(tool);
            Rules::remove_hooks();
            assert_eq!(state(), before);
            Rules::remove(tool);
            assert_eq!(state(), before, "nothing is no error");
        });
    }
}
