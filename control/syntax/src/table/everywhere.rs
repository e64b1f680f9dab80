use super::statement::{Statement, values};
use super::{Source, Type};

/// What may stand in all braces, before everything else.
pub(crate) static EVERYWHERE: &[Statement] = &[
    values("apply-groups", Type::Name, "Groups whose statements hold here too")
        .from(Source::Groups)
        .ordered()
        .doc("A statement that stands here wins over an inherited one; the group named first wins over the next."),
    values("apply-groups-except", Type::Name, "Groups that a place above applies, and that do not hold here")
        .from(Source::Groups),
];
