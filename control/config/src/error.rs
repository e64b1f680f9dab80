use crate::Path;
use std::fmt;
use std::sync::Arc;

/// A place in the text of the configuration; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// One thing that is wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, where a text has several; messages about one text leave its name to whoever read it.
    pub file: Option<Arc<str>>,
    /// Where in the text; none for a model that was not read from a text.
    pub position: Option<Position>,
    /// Where in the model.
    pub path: Path,
    /// What is wrong.
    pub problem: Problem,
}

impl ConfigError {
    pub(crate) fn at(path: Path, problem: Problem) -> ConfigError {
        ConfigError { file: None, position: None, path, problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.position) {
            (Some(file), Some(Position { line, column })) => write!(f, "{file}:{line}:{column}: ")?,
            (None, Some(Position { line, column })) => write!(f, "line {line}, column {column}: ")?,
            (_, None) => {}
        }
        if !self.path.segments().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong. Each text says what was found, and what would be right where that can be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A text of the language that is no configuration, or one that is not supported.
    #[error(transparent)]
    Language(#[from] flumen_syntax::Problem),
    /// Something that the language has and the gateway cannot do.
    #[error("{what} is not supported: {reason}")]
    Unsupported {
        /// What.
        what: String,
        /// Why.
        reason: &'static str,
    },
    /// A statement that must be there.
    #[error("{statement} is missing")]
    MissingStatement {
        /// Its words.
        statement: &'static str,
    },
    /// A Junos name of an interface that no device has.
    #[error(
        "{name:?} cannot be the name of a Linux device; say which one it is with \"interfaces {name} device\""
    )]
    DeviceNeeded {
        /// The interface.
        name: String,
    },
    /// A unit without a tag on an interface with tags.
    #[error("a unit of an interface with vlan-tagging needs a vlan-id")]
    VlanNeeded,
    /// An interface that may be reached otherwise than the others of its zone.
    #[error("what may reach the gateway is one for all interfaces of a zone; {interface} differs")]
    HostInboundDiffers {
        /// The interface.
        interface: String,
    },
    /// Not JSON.
    #[error("not JSON: {reason}")]
    Syntax {
        /// The parser's words.
        reason: String,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What belongs here.
        expected: &'static str,
        /// What is here.
        found: String,
    },
    /// A field that does not exist.
    #[error("unknown field {field:?}{}", hint(.suggestion, .known))]
    UnknownField {
        /// As written.
        field: String,
        /// The nearest that exists.
        suggestion: Option<String>,
        /// All that exist here.
        known: Vec<&'static str>,
    },
    /// A field that must be given.
    #[error("field {field:?} is missing")]
    MissingField {
        /// Its name.
        field: &'static str,
    },
    /// The same key twice in one object.
    #[error("{key:?} is given twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// The same word twice in one list.
    #[error("{word:?} is listed twice")]
    DuplicateWord {
        /// The word.
        word: String,
    },
    /// A list without elements.
    #[error("the list is empty; write \"any\", or what is meant")]
    EmptyList,
    /// A number out of range.
    #[error("{found} is not a whole number from {least} to {greatest}")]
    Number {
        /// As written.
        found: String,
        /// Least allowed.
        least: u64,
        /// Greatest allowed.
        greatest: u64,
    },
    /// Not one of the words that are allowed.
    #[error("unknown {what} {word:?}{}", hint(.suggestion, .known))]
    UnknownWord {
        /// What kind of word belongs here.
        what: &'static str,
        /// As written.
        word: String,
        /// The nearest allowed.
        suggestion: Option<String>,
        /// All that are allowed.
        known: Vec<&'static str>,
    },
    /// A name that is no name.
    #[error(
        "{name:?} is not a name: a letter, then letters, digits, \"-\", \"_\" and \".\", at most {} in all",
        crate::Name::MAX_LEN
    )]
    Name {
        /// As written.
        name: String,
    },
    /// A name that has a meaning of its own.
    #[error("{name:?} is reserved")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// A device name that Linux does not take.
    #[error("{name:?} is not a device name: 1 to 15 characters, no space, no \"/\", no \":\"")]
    DeviceName {
        /// As written.
        name: String,
    },
    /// Not an address, prefix or range.
    #[error("{text:?} is not an address, a prefix (192.0.2.0/24) or a range (192.0.2.1-192.0.2.9)")]
    Address {
        /// As written.
        text: String,
    },
    /// Not a single address.
    #[error("{text:?} is not a single address")]
    SingleAddress {
        /// As written.
        text: String,
    },
    /// A prefix length beyond the family's.
    #[error("{text:?}: the prefix length is at most {greatest}")]
    PrefixLength {
        /// As written.
        text: String,
        /// 32 or 128.
        greatest: u8,
    },
    /// Bits set behind the prefix length.
    #[error("{text:?} has host bits set; the prefix is \"{prefix}\"")]
    HostBits {
        /// As written.
        text: String,
        /// The prefix that contains it.
        prefix: ipnet::IpNet,
    },
    /// A range whose ends are of two families.
    #[error("{text:?}: both ends of a range are of one family")]
    MixedRange {
        /// As written.
        text: String,
    },
    /// An IPv4-mapped IPv6 address.
    #[error("{text:?} is IPv4 in IPv6 notation; write it as IPv4")]
    MappedAddress {
        /// As written.
        text: String,
    },
    /// A range whose end is before its start.
    #[error("{text:?} is reversed; the least comes first")]
    ReversedRange {
        /// As written.
        text: String,
    },
    /// Not a port or a range of ports.
    #[error("{text:?} is not a port from 1 to 65535 or a range of ports (8000-8010)")]
    Port {
        /// As written.
        text: String,
    },
    /// Port 0.
    #[error("port 0 cannot be used; ports are 1 to 65535")]
    PortZero,
    /// Ports with a protocol that has none.
    #[error("protocol {protocol} has no ports that can be matched; only tcp and udp have")]
    PortsWithoutTransport {
        /// The protocol.
        protocol: String,
    },
    /// ICMP fields with another protocol.
    #[error("protocol {protocol} has no ICMP types; only icmp and icmp6 have")]
    IcmpWithoutIcmp {
        /// The protocol.
        protocol: String,
    },
    /// A code without its type.
    #[error("an icmp-code needs an icmp-type")]
    CodeWithoutType,
    /// A name that nothing has.
    #[error("there is no {what} {name:?}{}", did_you_mean(.suggestion))]
    Unknown {
        /// What it should name.
        what: &'static str,
        /// As written.
        name: String,
        /// The nearest that exists.
        suggestion: Option<String>,
    },
    /// A set that contains itself.
    #[error("{what} {name:?} contains itself: {}", .through.join(" -> "))]
    Cycle {
        /// `address` or `application`.
        what: &'static str,
        /// Where it starts.
        name: String,
        /// The way round.
        through: Vec<String>,
    },
    /// An interface in two zones.
    #[error("interface {interface:?} is already in zone {zone:?}; an interface is in one zone")]
    ZoneOverlap {
        /// The interface.
        interface: String,
        /// The other zone.
        zone: String,
    },
    /// An interface in no zone.
    #[error("the interface is in no zone, so that no rule could ever let its packets pass; put it in one")]
    NoZone,
    /// Frames with VLAN tags where a service has none.
    #[error("the interface has VLAN tags; {service} is untagged")]
    TagsOfService {
        /// The service.
        service: &'static str,
    },
    /// More than there is room for.
    #[error("there are more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// Most that there may be.
        most: usize,
    },
    /// Two interfaces for the same frames.
    #[error("frames of {frames} already belong to interface {interface:?}")]
    SameFrames {
        /// Device and tags.
        frames: String,
        /// The other interface.
        interface: String,
    },
    /// Two interfaces with the same addresses.
    #[error("link {link:?} is already that of interface {interface:?}")]
    SameLink {
        /// Device that has the addresses.
        link: String,
        /// The other interface.
        interface: String,
    },
    /// An inner tag without an outer one.
    #[error("an inner-vlan needs a vlan")]
    InnerWithoutOuter,
    /// A tagged interface without a link name that can be guessed.
    #[error("the VLAN device would be called {guess:?}, which is too long for Linux; name it with \"link\"")]
    LinkNeeded {
        /// The name it would have.
        guess: String,
    },
    /// Two links with the same address.
    #[error("{address} is already an address of link {link:?}")]
    SameAddress {
        /// The address.
        address: std::net::IpAddr,
        /// The other link.
        link: String,
    },
    /// Two routes between which nothing decides.
    #[error("there is another route to {destination} with metric {metric}; the least metric wins")]
    SameRoute {
        /// Where to.
        destination: ipnet::IpNet,
        /// Metric of both.
        metric: u32,
    },
    /// A route that leads nowhere.
    #[error("where to? a route needs a next-hop, discard or reject")]
    NoNextHop,
    /// A gateway of another family.
    #[error("{via} is no gateway to {to}: both are of one family")]
    NextHopFamily {
        /// Destination of the route.
        to: ipnet::IpNet,
        /// The gateway.
        via: std::net::IpAddr,
    },
    /// An address that no gateway can have, or the host's own.
    #[error("{address} cannot be a gateway")]
    NotNextHop {
        /// The address.
        address: std::net::IpAddr,
    },
    /// A sub-interface of itself.
    #[error("a sub-interface belongs to another link")]
    OwnParent,
    /// Two rules with the same name in one context.
    #[error("there is another {what} {name:?} {context}")]
    DuplicateRule {
        /// `policy` or the kind of NAT rule.
        what: &'static str,
        /// The name.
        name: String,
        /// Where the name must be unique.
        context: String,
    },
    /// An address book of a zone that has one.
    #[error(
        "zone {zone} has the names of {book} already; a zone has one address book, beside the global one"
    )]
    SecondBook {
        /// The zone.
        zone: String,
        /// The statement of its book.
        book: String,
    },
    /// A rule whose match cannot be true.
    #[error("no packet can match: {reason}")]
    Contradiction {
        /// Which parts exclude each other.
        reason: String,
    },
    /// Translation between families.
    #[error("cannot translate {from} to {to}: the new address is of the family of the old one")]
    TranslatedFamily {
        /// Family that is matched.
        from: crate::IpFamily,
        /// Family of the new address.
        to: crate::IpFamily,
    },
    /// An address that packets cannot be sent to.
    #[error("{address} is not an address that a host can have")]
    NotUnicast {
        /// The address.
        address: std::net::IpAddr,
    },
    /// A new port without a protocol that has ports.
    #[error("a new port needs a match on protocol tcp or udp")]
    PortWithoutTransport,
}

impl Problem {
    /// True for what may only follow from something else that could not be read: a name or a statement that is not
    /// there.
    pub(crate) const fn may_follow(&self) -> bool {
        matches!(
            self,
            Problem::Unknown { .. }
                | Problem::MissingStatement { .. }
                | Problem::EmptyList
                | Problem::NoZone
                | Problem::VlanNeeded
                | Problem::DeviceNeeded { .. }
        )
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |nearest| format!("; did you mean {nearest:?}?"))
}

/// The nearest word when there is one, else all of them.
fn hint(suggestion: &Option<String>, known: &[&'static str]) -> String {
    match suggestion {
        Some(_) => did_you_mean(suggestion),
        None if known.is_empty() => String::new(),
        None => format!("; there is {}", known.join(", ")),
    }
}
