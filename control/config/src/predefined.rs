use crate::{IpProtocol, Term};

/// What a predefined application matches.
enum Shape {
    Protocol(u8),
    Tcp(u16, u16),
    Udp(u16, u16),
    TcpUdp(u16, u16),
    Icmp(u8),
    Icmp6(u8),
    Set(&'static [&'static str]),
}

use Shape::{Icmp, Icmp6, Protocol, Set, Tcp, TcpUdp, Udp};

/// Predefined applications, sorted by name; the names are those of Junos, the ports those of IANA.
const PREDEFINED: &[(&str, Shape)] = &[
    ("junos-bgp", Tcp(179, 179)),
    ("junos-bootpc", Udp(68, 68)),
    ("junos-bootps", Udp(67, 67)),
    ("junos-cifs", Set(&["junos-netbios-session", "junos-smb-session"])),
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
    ("junos-gre", Protocol(47)),
    ("junos-http", Tcp(80, 80)),
    ("junos-http-ext", Tcp(7001, 7001)),
    ("junos-https", Tcp(443, 443)),
    ("junos-icmp-all", Protocol(1)),
    ("junos-icmp-ping", Icmp(8)),
    ("junos-icmp6-all", Protocol(58)),
    ("junos-icmp6-echo-reply", Icmp6(129)),
    ("junos-icmp6-echo-request", Icmp6(128)),
    ("junos-icmp6-ping", Icmp6(128)),
    ("junos-ident", Tcp(113, 113)),
    ("junos-ike", Udp(500, 500)),
    ("junos-ike-nat", Udp(4500, 4500)),
    ("junos-imap", Tcp(143, 143)),
    ("junos-imaps", Tcp(993, 993)),
    ("junos-irc", Tcp(6660, 6669)),
    ("junos-l2tp", Udp(1701, 1701)),
    ("junos-ldap", Tcp(389, 389)),
    ("junos-ldaps", Tcp(636, 636)),
    ("junos-mgcp-ca", Udp(2727, 2727)),
    ("junos-mgcp-ua", Udp(2427, 2427)),
    ("junos-ms-rpc-tcp", Tcp(135, 135)),
    ("junos-ms-rpc-udp", Udp(135, 135)),
    ("junos-ms-sql", Tcp(1433, 1433)),
    ("junos-nbds", Udp(138, 138)),
    ("junos-nbname", Udp(137, 137)),
    ("junos-netbios-session", Tcp(139, 139)),
    ("junos-nfs", Udp(111, 111)),
    ("junos-nfsd-tcp", Tcp(2049, 2049)),
    ("junos-nfsd-udp", Udp(2049, 2049)),
    ("junos-nntp", Tcp(119, 119)),
    ("junos-ntp", Udp(123, 123)),
    ("junos-ospf", Protocol(89)),
    ("junos-pop3", Tcp(110, 110)),
    ("junos-pop3s", Tcp(995, 995)),
    ("junos-pptp", Tcp(1723, 1723)),
    ("junos-printer", Tcp(515, 515)),
    ("junos-radacct", Udp(1813, 1813)),
    ("junos-radius", Udp(1812, 1812)),
    ("junos-rip", Udp(520, 520)),
    ("junos-rlogin", Tcp(513, 513)),
    ("junos-rsh", Tcp(514, 514)),
    ("junos-rtsp", Tcp(554, 554)),
    ("junos-sip", TcpUdp(5060, 5060)),
    ("junos-smb-session", Tcp(445, 445)),
    ("junos-smtp", Tcp(25, 25)),
    ("junos-smtps", Tcp(465, 465)),
    ("junos-snmp", Udp(161, 162)),
    ("junos-ssh", Tcp(22, 22)),
    ("junos-stun", TcpUdp(3478, 3479)),
    ("junos-syslog", Udp(514, 514)),
    ("junos-tacacs", Tcp(49, 49)),
    ("junos-tcp-any", Protocol(6)),
    ("junos-telnet", Tcp(23, 23)),
    ("junos-tftp", Udp(69, 69)),
    ("junos-udp-any", Protocol(17)),
    ("junos-vnc", Tcp(5800, 5900)),
    ("junos-whois", Tcp(43, 43)),
];

/// Names of all, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PREDEFINED.iter().map(|(name, _)| *name)
}

/// What the predefined application `name` matches; none when there is no such name.
pub(crate) fn terms(name: &str) -> Option<Vec<Term>> {
    let place = PREDEFINED.binary_search_by_key(&name, |(known, _)| known).ok()?;
    Some(match &PREDEFINED[place].1 {
        Protocol(number) => vec![Term::protocol(IpProtocol(*number))],
        Tcp(low, high) => vec![Term::ports(IpProtocol::TCP, *low, *high)],
        Udp(low, high) => vec![Term::ports(IpProtocol::UDP, *low, *high)],
        TcpUdp(low, high) => [IpProtocol::TCP, IpProtocol::UDP].map(|p| Term::ports(p, *low, *high)).into(),
        Icmp(icmp_type) => vec![Term::icmp(IpProtocol::ICMP, *icmp_type)],
        Icmp6(icmp_type) => vec![Term::icmp(IpProtocol::ICMP6, *icmp_type)],
        Set(members) => members.iter().filter_map(|member| terms(member)).flatten().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{PREDEFINED, names, terms};

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched_and_every_name_has_terms() {
        assert!(PREDEFINED.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(
            names()
                .all(|name| name.starts_with("junos-") && terms(name).is_some_and(|terms| !terms.is_empty()))
        );
    }
}
