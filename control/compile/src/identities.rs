use crate::{CompileError, Table};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Which kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Security policy.
    Policy,
    /// Source NAT rule.
    SourceNat,
    /// Destination NAT rule.
    DestinationNat,
    /// Rule of a traffic mirror.
    Mirror,
}

/// What makes a rule the same rule after a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleKey {
    /// Kind.
    pub kind: RuleKind,
    /// Zone that sessions come from, or `any`; the traffic mirror for rules of one.
    pub from: String,
    /// Zone that they go to, or `any`; empty where the kind has none.
    pub to: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RuleKind::Policy => "policy",
            RuleKind::SourceNat => "source NAT rule",
            RuleKind::DestinationNat => "destination NAT rule",
            RuleKind::Mirror => return write!(f, "rule {} of traffic mirror {}", self.name, self.from),
        };
        write!(f, "{kind} {} from zone {}", self.name, self.from)?;
        if self.to.is_empty() { Ok(()) } else { write!(f, " to zone {}", self.to) }
    }
}

/// What makes an interface the same interface: the frames that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InterfaceKey {
    pub(crate) device: String,
    pub(crate) outer: u16,
    pub(crate) inner: u16,
}

/// The numbers of zones, rules and interfaces, kept from commit to commit.
///
/// A number belongs to its name as long as the name is configured, and comes back with it. After that it is
/// given to another only when all others have been used: sessions and counters may still carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identities {
    pub(crate) zones: IdSpace<String>,
    pub(crate) rules: IdSpace<RuleKey>,
    pub(crate) interfaces: IdSpace<InterfaceKey>,
}

/// Numbers from 1 for keys of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredIds<K>", into = "StoredIds<K>")]
#[serde(bound(serialize = "K: Ord + Clone + Serialize", deserialize = "K: Ord + Clone + Deserialize<'de>"))]
pub(crate) struct IdSpace<K: Ord> {
    live: BTreeMap<K, u32>,
    /// The longest unused first.
    retired: VecDeque<(K, u32)>,
    /// Greatest number ever given.
    greatest: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIds<K> {
    live: Vec<(K, u32)>,
    retired: Vec<(K, u32)>,
    greatest: u32,
}

/// Stored identities that contradict themselves.
#[derive(Debug, thiserror::Error)]
#[error("a number is 0, above the greatest, or given twice: {0}")]
struct Inconsistent(u32);

impl<K: Ord> Default for IdSpace<K> {
    fn default() -> IdSpace<K> {
        IdSpace { live: BTreeMap::new(), retired: VecDeque::new(), greatest: 0 }
    }
}

impl<K: Ord + Clone> IdSpace<K> {
    /// The numbers for exactly `keys`, of which at most `limit` can be live; the order gives new ones theirs.
    pub(crate) fn advance(&self, keys: &[K], limit: usize, table: Table) -> Result<IdSpace<K>, CompileError> {
        if keys.len() > limit {
            return Err(CompileError::TooManyIds { table, needed: keys.len(), size: limit });
        }
        let wanted: BTreeSet<&K> = keys.iter().collect();
        let mut next = IdSpace { live: BTreeMap::new(), retired: VecDeque::new(), greatest: self.greatest };
        let known = self
            .retired
            .iter()
            .map(|(key, id)| (key, *id))
            .chain(self.live.iter().map(|(key, id)| (key, *id)));
        for (key, id) in known {
            if wanted.contains(key) {
                next.live.insert(key.clone(), id);
            } else {
                next.retired.push_back((key.clone(), id));
            }
        }
        for key in keys {
            if next.live.contains_key(key) {
                continue;
            }
            let id = if (next.greatest as usize) < limit {
                next.greatest += 1;
                next.greatest
            } else {
                let (_, id) = next.retired.pop_front().expect("numbers in use are fewer than the limit");
                id
            };
            next.live.insert(key.clone(), id);
        }
        Ok(next)
    }

    /// The number of a key that `advance` was given.
    pub(crate) fn id<Q: Ord + ?Sized>(&self, key: &Q) -> u32
    where
        K: std::borrow::Borrow<Q>,
    {
        *self.live.get(key).expect("every key of the model was given to `advance`")
    }

    /// Keys that are no longer configured, with the numbers that sessions may still carry.
    pub(crate) fn retired(&self) -> impl Iterator<Item = (&K, u32)> {
        self.retired.iter().map(|(key, id)| (key, *id))
    }
}

impl<K: Ord> TryFrom<StoredIds<K>> for IdSpace<K> {
    type Error = Inconsistent;

    fn try_from(stored: StoredIds<K>) -> Result<IdSpace<K>, Inconsistent> {
        let mut seen = BTreeSet::new();
        for id in stored.live.iter().chain(&stored.retired).map(|(_, id)| *id) {
            if id == 0 || id > stored.greatest || !seen.insert(id) {
                return Err(Inconsistent(id));
            }
        }
        let live = stored.live.into_iter().collect();
        Ok(IdSpace { live, retired: stored.retired.into(), greatest: stored.greatest })
    }
}

impl<K: Ord> From<IdSpace<K>> for StoredIds<K> {
    fn from(ids: IdSpace<K>) -> StoredIds<K> {
        StoredIds {
            live: ids.live.into_iter().collect(),
            retired: ids.retired.into(),
            greatest: ids.greatest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IdSpace;
    use crate::{CompileError, Table};

    fn advance(ids: &IdSpace<String>, keys: &[&str], limit: usize) -> IdSpace<String> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        ids.advance(&keys, limit, Table::Zones).unwrap()
    }

    #[test]
    fn a_number_stays_with_its_name_and_comes_back_with_it() {
        let first = advance(&IdSpace::default(), &["b", "a"], 9);
        assert_eq!((first.id("b"), first.id("a")), (1, 2));
        let second = advance(&first, &["a", "c"], 9);
        assert_eq!((second.id("a"), second.id("c")), (2, 3));
        let third = advance(&second, &["c", "b"], 9);
        assert_eq!((third.id("b"), third.id("c")), (1, 3));
    }

    #[test]
    fn a_freed_number_is_given_away_only_after_all_others_and_the_longest_unused_first() {
        let mut ids = advance(&IdSpace::default(), &["a", "b"], 4);
        ids = advance(&ids, &["b"], 4);
        ids = advance(&ids, &[], 4);
        ids = advance(&ids, &["c", "d"], 4);
        assert_eq!((ids.id("c"), ids.id("d")), (3, 4));
        ids = advance(&ids, &["c", "d", "e"], 4);
        assert_eq!(ids.id("e"), 1, "a was freed before b");
        assert_eq!(ids.retired().map(|(key, id)| (key.as_str(), id)).collect::<Vec<_>>(), [("b", 2)]);
    }

    #[test]
    fn more_keys_than_numbers_are_refused_with_both_counts() {
        let keys = ["a", "b", "c"].map(str::to_owned);
        let error = IdSpace::default().advance(&keys, 2, Table::Zones).unwrap_err();
        assert_eq!(error, CompileError::TooManyIds { table: Table::Zones, needed: 3, size: 2 });
    }

    #[test]
    fn identities_survive_their_text_and_a_damaged_text_is_refused() {
        let ids = advance(&advance(&IdSpace::default(), &["a", "b"], 9), &["b", "c"], 9);
        let text = serde_json::to_string(&ids).unwrap();
        assert_eq!(serde_json::from_str::<IdSpace<String>>(&text).unwrap(), ids);
        for damaged in [
            r#"{"live":[["a",0]],"retired":[],"greatest":1}"#,
            r#"{"live":[["a",1],["b",1]],"retired":[],"greatest":1}"#,
            r#"{"live":[["a",2]],"retired":[],"greatest":1}"#,
        ] {
            assert!(serde_json::from_str::<IdSpace<String>>(damaged).is_err(), "{damaged}");
        }
    }
}
