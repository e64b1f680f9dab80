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
/// Traffic mirrors of one ruleset.
pub const MIRRORS: u32 = 256;
/// Rows of the `mirrors` table for one ruleset: each mirror's, and one for each port that one listens on.
pub const MIRROR_ROWS: u32 = 2 * MIRRORS;
/// Fragmented packets under way.
pub const FRAGMENTS: u32 = 8_192;
/// Sessions, unless the configuration says otherwise.
pub const SESSIONS_DEFAULT: u32 = 131_072;
/// Sessions of IPv6 among them, unless the configuration says otherwise: their rows are twice as large.
pub const SESSIONS6_DEFAULT: u32 = SESSIONS_DEFAULT / 4;
/// Most sessions that can be configured.
pub const SESSIONS_MAX: u32 = 16_777_216;
/// Rows of a bucket of a session table: a key lies in one bucket, wherever in it there is room.
pub const BUCKET: u32 = 256;
/// Elements of the `expired` array: how many sessions are listed, the time, whether to end them before theirs, and up
/// to [`EXPIRED_AT_ONCE`] slots.
pub const EXPIRED: u32 = EXPIRED_AT_ONCE + 3;
/// Sessions that one run of the `expire` program removes at most.
pub const EXPIRED_AT_ONCE: u32 = 4_096;

/// Buckets of a table with room for `sessions`. Two rows for each fill two thirds of it, so that keys lie near home.
pub const fn session_buckets(sessions: u32) -> u32 {
    let rows = sessions as u64 * 3;
    rows.div_ceil(BUCKET as u64) as u32
}
