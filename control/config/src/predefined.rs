use crate::{IpProtocol, Term};

/// What a predefined application matches.
enum Shape {
    Protocol(u8),
    Tcp(u16, u16),
    Udp(u16, u16),
    TcpUdp(u16, u16),
    Icmp(u8),
    Icmp6(u8),
    /// With a code.
    Icmp6Code(u8, u8),
    Set(&'static [&'static str]),
    Any(&'static [Shape]),
}

use Shape::{Any, Icmp, Icmp6, Icmp6Code, Protocol, Set, Tcp, TcpUdp, Udp};

/// Predefined applications, sorted by name; the names are those of Junos, the ports those of IANA.
const PREDEFINED: &[(&str, Shape)] = &[
    ("junos-aol", Tcp(5190, 5193)),
    ("junos-bgp", Tcp(179, 179)),
    ("junos-biff", Udp(512, 512)),
    ("junos-bootpc", Udp(68, 68)),
    ("junos-bootps", Udp(67, 67)),
    ("junos-chargen", Udp(19, 19)),
    ("junos-cifs", Set(&["junos-netbios-session", "junos-smb-session"])),
    ("junos-cvspserver", Tcp(2401, 2401)),
    ("junos-dhcp-client", Udp(68, 68)),
    ("junos-dhcp-relay", Udp(67, 67)),
    ("junos-dhcp-server", Udp(67, 67)),
    ("junos-discard", TcpUdp(9, 9)),
    ("junos-dns", TcpUdp(53, 53)),
    ("junos-dns-tcp", Tcp(53, 53)),
    ("junos-dns-udp", Udp(53, 53)),
    ("junos-echo", TcpUdp(7, 7)),
    ("junos-finger", Tcp(79, 79)),
    ("junos-ftp", Tcp(21, 21)),
    ("junos-ftp-data", Tcp(20, 20)),
    ("junos-gnutella", Udp(6346, 6347)),
    ("junos-gopher", Tcp(70, 70)),
    ("junos-gprs-gtp", Set(&["junos-gprs-gtp-c", "junos-gprs-gtp-u", "junos-gprs-gtp-v0"])),
    ("junos-gprs-gtp-c", TcpUdp(2123, 2123)),
    ("junos-gprs-gtp-c-tcp", Tcp(2123, 2123)),
    ("junos-gprs-gtp-c-udp", Udp(2123, 2123)),
    ("junos-gprs-gtp-u", TcpUdp(2152, 2152)),
    ("junos-gprs-gtp-u-tcp", Tcp(2152, 2152)),
    ("junos-gprs-gtp-u-udp", Udp(2152, 2152)),
    ("junos-gprs-gtp-v0", TcpUdp(3386, 3386)),
    ("junos-gprs-gtp-v0-tcp", Tcp(3386, 3386)),
    ("junos-gprs-gtp-v0-udp", Udp(3386, 3386)),
    ("junos-gprs-sctp", Protocol(132)),
    ("junos-gre", Protocol(47)),
    (
        "junos-h323",
        Any(&[
            Tcp(389, 389),
            Tcp(522, 522),
            Tcp(1503, 1503),
            Tcp(1720, 1720),
            Tcp(1731, 1731),
            Udp(1719, 1719),
        ]),
    ),
    ("junos-http", Tcp(80, 80)),
    ("junos-http-ext", Tcp(7001, 7001)),
    ("junos-https", Tcp(443, 443)),
    ("junos-icmp-all", Protocol(1)),
    ("junos-icmp-ping", Icmp(8)),
    ("junos-icmp6-all", Protocol(58)),
    ("junos-icmp6-dst-unreach-addr", Icmp6Code(1, 3)),
    ("junos-icmp6-dst-unreach-admin", Icmp6Code(1, 1)),
    ("junos-icmp6-dst-unreach-beyond", Icmp6Code(1, 2)),
    ("junos-icmp6-dst-unreach-port", Icmp6Code(1, 4)),
    ("junos-icmp6-dst-unreach-route", Icmp6Code(1, 0)),
    ("junos-icmp6-echo-reply", Icmp6(129)),
    ("junos-icmp6-echo-request", Icmp6(128)),
    ("junos-icmp6-packet-too-big", Icmp6(2)),
    ("junos-icmp6-param-prob-header", Icmp6Code(4, 0)),
    ("junos-icmp6-param-prob-nexthdr", Icmp6Code(4, 1)),
    ("junos-icmp6-param-prob-option", Icmp6Code(4, 2)),
    ("junos-icmp6-ping", Icmp6(128)),
    ("junos-icmp6-time-exceed-reassembly", Icmp6Code(3, 1)),
    ("junos-icmp6-time-exceed-transit", Icmp6Code(3, 0)),
    ("junos-ident", Tcp(113, 113)),
    ("junos-ike", Udp(500, 500)),
    ("junos-ike-nat", Udp(4500, 4500)),
    ("junos-imap", Tcp(143, 143)),
    ("junos-imaps", Tcp(993, 993)),
    ("junos-internet-locator-service", Tcp(389, 389)),
    ("junos-irc", Tcp(6660, 6669)),
    ("junos-l2tp", Udp(1701, 1701)),
    ("junos-ldap", Tcp(389, 389)),
    ("junos-ldaps", Tcp(636, 636)),
    ("junos-ldp-tcp", Tcp(646, 646)),
    ("junos-ldp-udp", Udp(646, 646)),
    ("junos-lpr", Tcp(515, 515)),
    ("junos-mail", Tcp(25, 25)),
    ("junos-mgcp", Set(&["junos-mgcp-ca", "junos-mgcp-ua"])),
    ("junos-mgcp-ca", Udp(2727, 2727)),
    ("junos-mgcp-ua", Udp(2427, 2427)),
    ("junos-ms-rpc", Set(&["junos-ms-rpc-tcp", "junos-ms-rpc-udp"])),
    ("junos-ms-rpc-epm", Tcp(135, 135)),
    ("junos-ms-rpc-tcp", Tcp(135, 135)),
    ("junos-ms-rpc-udp", Udp(135, 135)),
    ("junos-ms-sql", Tcp(1433, 1433)),
    ("junos-msn", Tcp(1863, 1863)),
    ("junos-nbds", Udp(138, 138)),
    ("junos-nbname", Udp(137, 137)),
    ("junos-netbios-session", Tcp(139, 139)),
    ("junos-nfs", Udp(111, 111)),
    ("junos-nfsd-tcp", Tcp(2049, 2049)),
    ("junos-nfsd-udp", Udp(2049, 2049)),
    ("junos-nntp", Tcp(119, 119)),
    ("junos-ns-global", Tcp(15397, 15397)),
    ("junos-ns-global-pro", Tcp(15397, 15397)),
    ("junos-ntalk", TcpUdp(518, 518)),
    ("junos-ntp", Udp(123, 123)),
    ("junos-ospf", Protocol(89)),
    ("junos-pc-anywhere", Udp(5632, 5632)),
    ("junos-ping", Protocol(1)),
    ("junos-pingv6", Protocol(58)),
    ("junos-pop3", Tcp(110, 110)),
    ("junos-pop3s", Tcp(995, 995)),
    ("junos-pptp", Tcp(1723, 1723)),
    ("junos-printer", Tcp(515, 515)),
    ("junos-r2cp", Udp(28672, 28672)),
    ("junos-radacct", Udp(1813, 1813)),
    ("junos-radius", Udp(1812, 1812)),
    ("junos-rdp", Tcp(3389, 3389)),
    ("junos-realaudio", Tcp(554, 554)),
    ("junos-rip", Udp(520, 520)),
    ("junos-rlogin", Tcp(513, 513)),
    ("junos-routing-inbound", Set(&["junos-bgp", "junos-ldp-tcp", "junos-ldp-udp", "junos-rip"])),
    ("junos-rsh", Tcp(514, 514)),
    ("junos-rtsp", Tcp(554, 554)),
    ("junos-sccp", Tcp(2000, 2000)),
    ("junos-sctp-any", Protocol(132)),
    ("junos-sip", TcpUdp(5060, 5060)),
    ("junos-smb", Set(&["junos-netbios-session", "junos-smb-session"])),
    ("junos-smb-session", Tcp(445, 445)),
    ("junos-smtp", Tcp(25, 25)),
    ("junos-smtps", Tcp(465, 465)),
    ("junos-snmp", Udp(161, 162)),
    ("junos-snmp-agentx", Tcp(705, 705)),
    ("junos-snpp", Tcp(444, 444)),
    ("junos-sql-monitor", Udp(1434, 1434)),
    ("junos-sqlnet-v1", Tcp(1525, 1525)),
    ("junos-sqlnet-v2", Tcp(1521, 1521)),
    ("junos-ssh", Tcp(22, 22)),
    ("junos-stun", TcpUdp(3478, 3479)),
    ("junos-stun-tcp", Tcp(3478, 3479)),
    ("junos-stun-udp", Udp(3478, 3479)),
    ("junos-sun-rpc", Set(&["junos-sun-rpc-tcp", "junos-sun-rpc-udp"])),
    ("junos-sun-rpc-portmap", Set(&["junos-sun-rpc-portmap-tcp", "junos-sun-rpc-portmap-udp"])),
    ("junos-sun-rpc-portmap-tcp", Tcp(111, 111)),
    ("junos-sun-rpc-portmap-udp", Udp(111, 111)),
    ("junos-sun-rpc-tcp", Tcp(111, 111)),
    ("junos-sun-rpc-udp", Udp(111, 111)),
    ("junos-syslog", Udp(514, 514)),
    ("junos-tacacs", Tcp(49, 49)),
    ("junos-tacacs-ds", Tcp(65, 65)),
    ("junos-talk", TcpUdp(517, 517)),
    ("junos-tcp-any", Protocol(6)),
    ("junos-telnet", Tcp(23, 23)),
    ("junos-tftp", Udp(69, 69)),
    ("junos-twamp", Tcp(862, 862)),
    ("junos-udp-any", Protocol(17)),
    ("junos-uucp", Udp(540, 540)),
    ("junos-vdo-live", Udp(7000, 7010)),
    ("junos-vnc", Tcp(5800, 5900)),
    ("junos-wais", Tcp(210, 210)),
    ("junos-who", Udp(513, 513)),
    ("junos-whois", Tcp(43, 43)),
    ("junos-winframe", Tcp(1494, 1494)),
    ("junos-wxcontrol", Tcp(3578, 3578)),
    ("junos-x-windows", Tcp(6000, 6063)),
    ("junos-xnm-clear-text", Tcp(3221, 3221)),
    ("junos-xnm-ssl", Tcp(3220, 3220)),
    ("junos-ymsg", Any(&[TcpUdp(5000, 5010), TcpUdp(5050, 5050)])),
];

/// Names of all, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PREDEFINED.iter().map(|(name, _)| *name)
}

/// True for a name of Junos whose ports are not fixed: an application layer gateway learns them from a port mapper.
pub(crate) fn is_learnt(name: &str) -> bool {
    let learnt = ["junos-sun-rpc-", "junos-ms-rpc-"].iter().any(|prefix| name.starts_with(prefix));
    learnt && terms(name).is_none()
}

/// What the predefined application `name` matches; none when there is no such name.
pub(crate) fn terms(name: &str) -> Option<Vec<Term>> {
    let place = PREDEFINED.binary_search_by_key(&name, |(known, _)| known).ok()?;
    Some(of_shape(&PREDEFINED[place].1))
}

fn of_shape(shape: &Shape) -> Vec<Term> {
    match shape {
        Protocol(number) => vec![Term::protocol(IpProtocol(*number))],
        Tcp(low, high) => vec![Term::ports(IpProtocol::TCP, *low, *high)],
        Udp(low, high) => vec![Term::ports(IpProtocol::UDP, *low, *high)],
        TcpUdp(low, high) => [IpProtocol::TCP, IpProtocol::UDP].map(|p| Term::ports(p, *low, *high)).into(),
        Icmp(icmp_type) => vec![Term::icmp(IpProtocol::ICMP, *icmp_type)],
        Icmp6(icmp_type) => vec![Term::icmp(IpProtocol::ICMP6, *icmp_type)],
        Icmp6Code(icmp_type, code) => {
            vec![Term { icmp_code: Some(*code), ..Term::icmp(IpProtocol::ICMP6, *icmp_type) }]
        }
        Set(members) => members.iter().filter_map(|member| terms(member)).flatten().collect(),
        Any(shapes) => shapes.iter().flat_map(of_shape).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PREDEFINED, names, terms};

    #[test]
    fn a_name_whose_ports_are_learnt_is_no_application() {
        for name in ["junos-sun-rpc-nfs-tcp", "junos-ms-rpc-uuid-any-tcp", "junos-ms-rpc-wmic"] {
            assert!(super::is_learnt(name), "{name}");
        }
        for name in
            ["junos-sun-rpc-portmap", "junos-ms-rpc-tcp", "junos-ms-rpc", "junos-http", "junos-nothing"]
        {
            assert!(!super::is_learnt(name), "{name}");
        }
        assert_eq!(terms("junos-h323").unwrap().len(), 6);
    }

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched_and_every_name_has_terms() {
        assert!(PREDEFINED.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(
            names()
                .all(|name| name.starts_with("junos-") && terms(name).is_some_and(|terms| !terms.is_empty()))
        );
    }
}
