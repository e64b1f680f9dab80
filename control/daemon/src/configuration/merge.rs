use crate::configuration::tree::whole;
use flumen_store::{Conflict, LineMerge, Merge};
use flumen_syntax::parse::Mode;
use flumen_syntax::{Tree, compare, patch, print};

/// Merges by statements: each side's changes are applied to the other side, and both ways must lead to the same
/// configuration. Texts without statements are merged by lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreeMerge;

impl Merge for TreeMerge {
    fn merge(&self, base: &str, active: &str, candidate: &str) -> Result<String, Vec<Conflict>> {
        let trees = [base, active, candidate].map(whole);
        let [Ok(old), Ok(theirs), Ok(ours)] = trees else {
            return LineMerge.merge(base, active, candidate);
        };
        if theirs == ours || old == theirs {
            return Ok(candidate.to_owned());
        }
        let with = |side: &Tree, other: &Tree| patch(side, &compare(&old, other), None, Mode::Strict);
        match (with(&theirs, &ours), with(&ours, &theirs)) {
            (Ok(merged), Ok(same)) if merged == same => Ok(print::curly(&merged)),
            _ => Err(conflicts(&old, &theirs, &ours)),
        }
    }
}

/// What both sides changed, by lines of the printed forms; all of it when no single place can be named.
fn conflicts(base: &Tree, active: &Tree, candidate: &Tree) -> Vec<Conflict> {
    let [old, theirs, ours] = [base, active, candidate].map(print::curly);
    match LineMerge.merge(&old, &theirs, &ours) {
        Err(conflicts) => conflicts,
        Ok(_) => vec![Conflict {
            place: "the changes of both".to_owned(),
            base: String::new(),
            active: compare(base, active),
            candidate: compare(base, candidate),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::{Merge, TreeMerge};
    use crate::configuration::tree::whole;
    use flumen_syntax::print;

    const BASE: &str = "set system host-name gw\nset security zones security-zone trust interfaces eth1.0\n";

    fn merged(active: &str, candidate: &str) -> Result<String, String> {
        let both = TreeMerge.merge(BASE, &(BASE.to_owned() + active), &(BASE.to_owned() + candidate));
        let told = |conflicts: Vec<super::Conflict>| conflicts.iter().map(ToString::to_string).collect();
        both.map(|text| print::set(&whole(&text).unwrap())).map_err(told)
    }

    #[test]
    fn changes_of_neighbouring_statements_go_together() {
        let one = "set security zones security-zone trust host-inbound-traffic system-services ssh\n";
        let two = "set security zones security-zone trust interfaces eth2.0\n";
        let both = merged(one, two).unwrap();
        assert!(both.contains(one) && both.contains(two), "{both}");
        assert_eq!(both, merged(two, one).unwrap());
    }

    #[test]
    fn two_values_for_one_statement_are_a_conflict() {
        let told = merged("set system host-name a\n", "set system host-name b\n").unwrap_err();
        assert!(told.contains("host-name a") && told.contains("host-name b"), "{told}");
        assert!(
            merged(
                "delete security zones security-zone trust\n",
                "set security zones security-zone trust host-inbound-traffic system-services ssh\n"
            )
            .is_err()
        );
    }
}
