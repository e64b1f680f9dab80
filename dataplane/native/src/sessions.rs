use flumen_abi::{SessionKey, SessionRecord, SessionRow};
use flumen_pipeline::InsertError;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// A session of another engine, copied.
#[derive(Debug)]
pub struct FoundSession {
    /// The direction that was asked for.
    pub row: SessionRow,
    /// The changing part.
    pub record: SessionRecord,
}

/// Sessions that live elsewhere: asked for keys that the tables do not have, never written.
pub trait SessionSource {
    /// One direction of a session.
    fn find(&self, key: &SessionKey) -> Option<FoundSession>;
}

/// The `sessions` table.
#[derive(Debug)]
pub(crate) struct SessionTable {
    rows: HashTable<(SessionKey, SessionRow)>,
    limit: usize,
}

/// Mixes the five words of a key. Not keyed against attackers: this engine sees chosen traffic only.
#[inline(always)]
fn hash(key: &SessionKey) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let words: [u64; 5] = zerocopy::transmute!(*key);
    let fold = |left: u64, right: u64| {
        let product = u128::from(left ^ MULTIPLIER) * u128::from(right ^ 0xd6e8_feb8_6659_fd93);
        (product >> 64) as u64 ^ product as u64
    };
    fold(words[4], words[1] ^ words[3].rotate_left(32)) ^ fold(words[0], words[2])
}

impl SessionTable {
    pub(crate) fn new(limit: usize) -> SessionTable {
        SessionTable { rows: HashTable::new(), limit }
    }

    #[inline(always)]
    pub(crate) fn find(&self, key: &SessionKey) -> Option<&SessionRow> {
        self.rows.find(hash(key), |(other, _)| other == key).map(|(_, row)| row)
    }

    pub(crate) fn find_mut(&mut self, key: &SessionKey) -> Option<&mut SessionRow> {
        self.rows.find_mut(hash(key), |(other, _)| other == key).map(|(_, row)| row)
    }

    pub(crate) fn insert(&mut self, key: &SessionKey, row: &SessionRow) -> Result<(), InsertError> {
        let full = self.rows.len() >= self.limit;
        match self.rows.entry(hash(key), |(other, _)| other == key, |(other, _)| hash(other)) {
            Entry::Occupied(_) => Err(InsertError::Exists),
            Entry::Vacant(_) if full => Err(InsertError::Full),
            Entry::Vacant(vacant) => {
                vacant.insert((*key, *row));
                Ok(())
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &SessionKey) {
        if let Ok(entry) = self.rows.find_entry(hash(key), |(other, _)| other == key) {
            entry.remove();
        }
    }

    pub(crate) fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows, |(key, _)| hash(key));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(SessionKey, SessionRow)> {
        self.rows.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::SessionTable;
    use flumen_abi::{Addr, SessionKey, SessionRow, ZoneId};
    use flumen_pipeline::InsertError;
    use zerocopy::FromZeros;

    fn key(port: u16) -> SessionKey {
        SessionKey {
            src: Addr::v4([192, 0, 2, 1]),
            dst: Addr::v4([192, 0, 2, 2]),
            sport: port.into(),
            dport: 80.into(),
            zone: ZoneId(1),
            proto: 6,
            reserved: 0,
        }
    }

    fn row(port: u16) -> SessionRow {
        SessionRow { sport: port.into(), ..SessionRow::new_zeroed() }
    }

    #[test]
    fn a_key_is_taken_once_and_free_again_when_removed() {
        let mut table = SessionTable::new(2);
        assert_eq!(table.insert(&key(1), &row(10)), Ok(()));
        assert_eq!(table.insert(&key(1), &row(11)), Err(InsertError::Exists));
        assert_eq!(table.find(&key(1)), Some(&row(10)), "the first row stays");
        assert_eq!(table.insert(&key(2), &row(20)), Ok(()));
        assert_eq!(table.insert(&key(3), &row(30)), Err(InsertError::Full));
        assert_eq!(table.insert(&key(2), &row(21)), Err(InsertError::Exists), "also when it is full");
        table.remove(&key(1));
        table.remove(&key(1));
        assert_eq!(table.insert(&key(3), &row(30)), Ok(()));
        assert_eq!((table.len(), table.find(&key(1))), (2, None));
    }
}
