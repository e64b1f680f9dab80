//! Sizes of the tables. Array tables hold two rulesets: their size is twice the limit.

/// Zones, counting [`crate::ZoneId::NONE`].
pub const ZONES: u32 = 256;
/// Interfaces of one ruleset.
pub const INTERFACES: u32 = 255;
/// Rows of the `locals` table: addresses of the host.
pub const LOCALS: u32 = 16_384;
/// Classifier roots of one ruleset.
pub const ROOTS: u32 = 8_192;
/// Classifier nodes of one ruleset.
pub const NODES: u32 = 131_072;
/// Classifier leaf entries of one ruleset.
pub const LEAVES: u32 = 262_144;
/// Classifier rules of one ruleset.
pub const RULES: u32 = 65_536;
/// Policies of one ruleset, and one above the greatest [`crate::PolicyId`].
pub const POLICIES: u32 = 65_536;
/// NAT rules of one ruleset.
pub const NAT: u32 = 8_192;
/// Fragmented packets under way.
pub const FRAGMENTS: u32 = 8_192;
/// Sessions, unless the configuration says otherwise.
pub const SESSIONS_DEFAULT: u32 = 131_072;
/// Most sessions that can be configured.
pub const SESSIONS_MAX: u32 = 16_777_216;
/// Elements of the `expired` array: how many sessions are listed, the time, and up to
/// [`EXPIRED_AT_ONCE`] slots.
pub const EXPIRED: u32 = EXPIRED_AT_ONCE + 2;
/// Sessions that one run of the `expire` program removes at most.
pub const EXPIRED_AT_ONCE: u32 = 4_096;
