//! A session: two rows, one for each direction, and a record that they share.

mod key;
mod occupancy;
mod record;
mod row;
mod stored;
mod timeout;

pub use key::{Direction, SessionKey};
pub use occupancy::Occupancy;
pub use record::{FreeLink, FreeRecords, SessionPlace, SessionRecord, SessionSlot};
pub use row::{Hop, SessionFlags, SessionRow};
pub use stored::{Flow, SessionRow4, SessionRow6, StoredRow};
pub use timeout::IdleTimeout;
