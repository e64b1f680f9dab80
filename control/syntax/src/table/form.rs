use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Any text.
    Text,
    /// Any text; printed with the mark `## SECRET-DATA`.
    Secret,
    /// A name of the user's choice: 1 to 63 printable characters.
    Name,
    /// A whole number, both ends inclusive.
    Number(u64, u64),
    /// A number with an optional `k`, `m` or `g` for thousands: `10m`, both ends inclusive.
    Amount(u64, u64),
    /// One of these words.
    Words(&'static [Word]),
    /// One of these words, or a whole number.
    WordsOrNumber(&'static [Word], u64, u64),
    /// An address of either family.
    Address,
    /// An IPv4 address.
    Address4,
    /// An IPv6 address.
    Address6,
    /// A prefix of either family; an address alone has the full length.
    Prefix,
    /// An IPv4 prefix, or address with the length of its network.
    Prefix4,
    /// An IPv6 prefix, or address with the length of its network.
    Prefix6,
    /// A port, a name of one, or a range: `80`, `ssh`, `8000-8010`.
    Ports,
    /// A network device by its Linux or Junos name.
    Device,
    /// A logical interface: `eth1.0`, `ge-0/0/0.0`.
    Interface,
    /// A date and time: `2026-01-31.14:00`.
    Time,
}

/// A word that a value may be.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// As written.
    pub word: &'static str,
    /// What `?` shows.
    pub help: &'static str,
}

/// A word with its help.
pub(crate) const fn word(word: &'static str, help: &'static str) -> Word {
    Word { word, help }
}

// === impl Type ===

impl Type {
    /// Bytes of a name at most.
    pub const MAX_NAME: usize = 63;

    /// True when `text` has this form.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Type::Text | Type::Secret => true,
            Type::Name => is_name(text),
            Type::Number(least, greatest) => {
                number(text).is_some_and(|number| (least..=greatest).contains(&number))
            }
            Type::Amount(least, greatest) => {
                amount(text).is_some_and(|number| (least..=greatest).contains(&number))
            }
            Type::Words(words) => words.iter().any(|word| word.word == text),
            Type::WordsOrNumber(words, least, greatest) => {
                Type::Words(words).accepts(text) || Type::Number(least, greatest).accepts(text)
            }
            Type::Address => text.parse::<IpAddr>().is_ok(),
            Type::Address4 => text.parse::<Ipv4Addr>().is_ok(),
            Type::Address6 => text.parse::<Ipv6Addr>().is_ok(),
            Type::Prefix => prefix(text).is_some(),
            Type::Prefix4 => prefix(text).is_some_and(|(address, _)| address.is_ipv4()),
            Type::Prefix6 => prefix(text).is_some_and(|(address, _)| address.is_ipv6()),
            Type::Ports => match text.split_once('-') {
                Some((low, high)) if number(low).is_some() => {
                    let ends = number(low).zip(number(high));
                    ends.is_some_and(|(low, high)| low <= high && high <= 65535)
                }
                _ => number(text).is_some_and(|port| port <= 65535) || port(text).is_some(),
            },
            Type::Device => is_name(text) && !text.contains(':'),
            Type::Interface => is_name(text),
            Type::Time => is_time(text),
        }
    }

    /// The one way to write it: a prefix has its length.
    pub fn canonical(self, text: &str) -> Cow<'_, str> {
        match self {
            Type::Prefix | Type::Prefix4 | Type::Prefix6 if !text.contains('/') => {
                let length = if text.contains(':') { 128 } else { 32 };
                Cow::Owned(format!("{text}/{length}"))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// What is expected, in words.
    pub fn expectation(self) -> String {
        match self {
            Type::Text | Type::Secret => "a text".to_owned(),
            Type::Name => format!("a name of at most {} characters", Self::MAX_NAME),
            Type::Number(least, greatest) => format!("a number from {least} to {greatest}"),
            Type::Amount(least, greatest) => {
                format!("a number from {least} to {greatest}, with k, m or g if need be")
            }
            Type::Words(words) => one_of(words.iter().map(|word| word.word)),
            Type::WordsOrNumber(words, least, greatest) => {
                format!(
                    "a number from {least} to {greatest}, or {}",
                    one_of(words.iter().map(|word| word.word))
                )
            }
            Type::Address => "an address".to_owned(),
            Type::Address4 => "an IPv4 address".to_owned(),
            Type::Address6 => "an IPv6 address".to_owned(),
            Type::Prefix => "a prefix (192.0.2.0/24)".to_owned(),
            Type::Prefix4 => "an IPv4 prefix (192.0.2.0/24)".to_owned(),
            Type::Prefix6 => "an IPv6 prefix (2001:db8::/32)".to_owned(),
            Type::Ports => "a port or a range of ports (8000-8010)".to_owned(),
            Type::Device => "the name of a device (eth1, ge-0/0/0)".to_owned(),
            Type::Interface => "an interface (eth1.0, ge-0/0/0.0)".to_owned(),
            Type::Time => "a date and time (2026-01-31.14:00)".to_owned(),
        }
    }

    /// The placeholder in help: `<name>`, `<1..4094>`; none where words are listed instead.
    pub fn placeholder(self) -> Option<String> {
        Some(match self {
            Type::Text | Type::Secret => "<text>".to_owned(),
            Type::Name => "<name>".to_owned(),
            Type::Number(least, greatest) | Type::WordsOrNumber(_, least, greatest) => {
                format!("<{least}..{greatest}>")
            }
            Type::Amount(..) => "<amount>".to_owned(),
            Type::Words(_) => return None,
            Type::Address | Type::Address4 | Type::Address6 => "<address>".to_owned(),
            Type::Prefix | Type::Prefix4 | Type::Prefix6 => "<prefix>".to_owned(),
            Type::Ports => "<ports>".to_owned(),
            Type::Device => "<device>".to_owned(),
            Type::Interface => "<interface>".to_owned(),
            Type::Time => "<time>".to_owned(),
        })
    }

    /// The words that it may be; empty where it is free.
    pub const fn words(self) -> &'static [Word] {
        match self {
            Type::Words(words) | Type::WordsOrNumber(words, ..) => words,
            _ => &[],
        }
    }
}

/// The ports that have a name in Junos.
pub const PORT_NAMES: &[(&str, u16)] = &[
    ("afs", 1483),
    ("bgp", 179),
    ("biff", 512),
    ("bootpc", 68),
    ("bootps", 67),
    ("cmd", 514),
    ("cvspserver", 2401),
    ("dhcp", 67),
    ("domain", 53),
    ("eklogin", 2105),
    ("ekshell", 2106),
    ("exec", 512),
    ("finger", 79),
    ("ftp", 21),
    ("ftp-data", 20),
    ("http", 80),
    ("https", 443),
    ("ident", 113),
    ("imap", 143),
    ("kerberos-sec", 88),
    ("klogin", 543),
    ("kpasswd", 761),
    ("krb-prop", 754),
    ("krbupdate", 760),
    ("kshell", 544),
    ("ldap", 389),
    ("ldp", 646),
    ("login", 513),
    ("mobileip-agent", 434),
    ("mobilip-mn", 435),
    ("msdp", 639),
    ("netbios-dgm", 138),
    ("netbios-ns", 137),
    ("netbios-ssn", 139),
    ("nfsd", 2049),
    ("nntp", 119),
    ("ntalk", 518),
    ("ntp", 123),
    ("pop3", 110),
    ("pptp", 1723),
    ("printer", 515),
    ("radacct", 1813),
    ("radius", 1812),
    ("rip", 520),
    ("rkinit", 2108),
    ("smtp", 25),
    ("snmp", 161),
    ("snmptrap", 162),
    ("snpp", 444),
    ("socks", 1080),
    ("ssh", 22),
    ("sunrpc", 111),
    ("syslog", 514),
    ("tacacs", 49),
    ("tacacs-ds", 65),
    ("talk", 517),
    ("telnet", 23),
    ("tftp", 69),
    ("timed", 525),
    ("who", 513),
    ("xdmcp", 177),
];

/// The port that is called `name`.
pub fn port(name: &str) -> Option<u16> {
    PORT_NAMES.iter().find(|(known, _)| *known == name).map(|(_, port)| *port)
}

/// `192.0.2.0/24` or an address alone.
fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(number(length)?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let greatest: u8 = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(greatest.into());
    u8::try_from(length).ok().filter(|length| *length <= greatest).map(|length| (address, length))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `10m` as 10,000,000.
fn amount(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1_000),
        b'm' => (&text[..text.len() - 1], 1_000_000),
        b'g' => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    number(digits)?.checked_mul(factor)
}

fn is_name(text: &str) -> bool {
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'?'));
    graphic && !text.is_empty() && text.len() <= Type::MAX_NAME
}

fn is_time(text: &str) -> bool {
    let (date, time) = text.split_once('.').map_or((text, None), |(date, time)| (date, Some(time)));
    let mut parts = date.split('-').map(number);
    let date = matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(Some(_)), Some(Some(1..=12)), Some(Some(1..=31)), None)
    );
    let time = time.is_none_or(|time| {
        let mut parts = time.split(':').map(number);
        matches!((parts.next(), parts.next(), parts.next()), (Some(Some(0..=23)), Some(Some(0..=59)), None))
    });
    date && time
}

/// `a`, `b` or `c`; the first dozen of a long list.
fn one_of(words: impl Iterator<Item = &'static str>) -> String {
    const SHOWN: usize = 12;
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((last, [])) => format!("{last:?}"),
        Some(_) if words.len() > SHOWN => format!("one of {}, …", words[..SHOWN].join(", ")),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PORT_NAMES, Type};

    #[test]
    fn each_form_takes_what_it_says_and_nothing_else() {
        let good = [
            (Type::Number(1, 10), "10"),
            (Type::Amount(1, 20_000_000), "20m"),
            (Type::Prefix, "192.0.2.1/24"),
            (Type::Prefix6, "::/0"),
            (Type::Ports, "8000-8010"),
            (Type::Ports, "netbios-ns"),
            (Type::Time, "2026-01-31.14:00"),
            (Type::Name, "10.0.0.0/8"),
        ];
        for (form, text) in good {
            assert!(form.accepts(text), "{text}");
        }
        let bad = [
            (Type::Number(1, 10), "11"),
            (Type::Number(1, 10), "+1"),
            (Type::Amount(1, 20_000_000), "21m"),
            (Type::Amount(1, u64::MAX), "99999999999999999999g"),
            (Type::Prefix4, "::/0"),
            (Type::Prefix, "192.0.2.0/33"),
            (Type::Ports, "90-80"),
            (Type::Ports, "65536"),
            (Type::Time, "2026-13-01"),
            (Type::Name, "a b"),
            (Type::Name, ""),
        ];
        for (form, text) in bad {
            assert!(!form.accepts(text), "{text}");
        }
    }

    #[test]
    fn port_names_are_sorted_and_unique() {
        assert!(PORT_NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
