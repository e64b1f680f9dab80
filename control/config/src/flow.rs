use serde::Serialize;

/// Session times and limits. Defaults are those of Junos where it has the same timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flow {
    /// Seconds a TCP session lives before its handshake is complete.
    pub tcp_initial_timeout: u32,
    /// Seconds it may be idle after that.
    pub tcp_established_timeout: u32,
    /// Seconds it may be idle after the first FIN.
    pub tcp_closing_timeout: u32,
    /// Seconds it is kept after both FINs or a reset.
    pub tcp_closed_timeout: u32,
    /// Seconds a UDP session may be idle.
    pub udp_timeout: u32,
    /// Seconds an ICMP query may be idle.
    pub icmp_timeout: u32,
    /// Seconds a session of any other protocol may be idle.
    pub other_timeout: u32,
    /// ICMP errors and resets that each CPU may send per second.
    pub answers_per_second: u32,
    /// A TCP session may start with any segment, not only with SYN.
    pub no_syn_check: bool,
}

impl Flow {
    /// Longest timeout: a day. The datapath keeps milliseconds in 31 bits.
    pub const LONGEST_TIMEOUT: u32 = 86_400;
    /// Most answers per second and CPU.
    pub const MOST_ANSWERS: u32 = 1_000_000;

    /// Every timeout by its field, seconds.
    pub const fn timeouts(&self) -> [(&'static str, u32); 7] {
        [
            ("tcp-initial-timeout", self.tcp_initial_timeout),
            ("tcp-established-timeout", self.tcp_established_timeout),
            ("tcp-closing-timeout", self.tcp_closing_timeout),
            ("tcp-closed-timeout", self.tcp_closed_timeout),
            ("udp-timeout", self.udp_timeout),
            ("icmp-timeout", self.icmp_timeout),
            ("other-timeout", self.other_timeout),
        ]
    }
}

impl Default for Flow {
    fn default() -> Flow {
        Flow {
            tcp_initial_timeout: 20,
            tcp_established_timeout: 1800,
            tcp_closing_timeout: 150,
            tcp_closed_timeout: 2,
            udp_timeout: 60,
            icmp_timeout: 60,
            other_timeout: 60,
            answers_per_second: 1000,
            no_syn_check: false,
        }
    }
}
