//! Sessions in their tables: look-up, insertion, removal. Rows lie in arrays, one for each family; keys find them
//! without locks, by the rules of docs/adr/0008-session-tables.md.

mod expire;
mod free;
mod insert;
mod lookup;
mod remove;
mod table;

pub use expire::{Age, age, expire};
pub use free::{give_record, take_record};
pub use insert::{InsertError, insert};
pub(crate) use lookup::other;
pub(crate) use lookup::{ask, find_from};
pub use lookup::{find, lives, read};
pub use remove::{end, remove, remove_found};
pub(crate) use table::flow;
pub use table::{SessionTables, home, live_flow};

/// Time for which the row of an ended session keeps its content: packets that have found it go by what they found.
const REST_MS: u32 = 64;
/// How far the clocks of two packets that run at once may be apart, with a wide margin.
const AHEAD_MS: u32 = 1_000;
