//! IP protocol numbers (IANA "Assigned Internet Protocol Numbers").

/// RFC 792.
pub const ICMP: u8 = 1;
/// RFC 9293.
pub const TCP: u8 = 6;
/// RFC 768.
pub const UDP: u8 = 17;
/// RFC 4443.
pub const ICMPV6: u8 = 58;
/// IPv6 extension: hop-by-hop options (RFC 8200 §4.3).
pub const HOP_BY_HOP: u8 = 0;
/// IPv6 extension: routing (RFC 8200 §4.4).
pub const ROUTING: u8 = 43;
/// IPv6 extension: fragment (RFC 8200 §4.5).
pub const FRAGMENT: u8 = 44;
/// IPv6 extension and IPv4 protocol: authentication header (RFC 4302).
pub const AUTHENTICATION: u8 = 51;
/// IPv6: nothing follows (RFC 8200 §4.7).
pub const NO_NEXT_HEADER: u8 = 59;
/// IPv6 extension: destination options (RFC 8200 §4.6).
pub const DESTINATION_OPTIONS: u8 = 60;
/// IPv6 extension: mobility (RFC 6275 §6.1).
pub const MOBILITY: u8 = 135;
