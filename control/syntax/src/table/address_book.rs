use super::statement::{Statement, bare, container, flag, key_from, leaf, list};
use super::{Layout, NAME, Source, Type};

const FEEDS: &str = "names and feeds need the dynamic address capability";

const ADDRESS: Statement = list(
    "address",
    NAME,
    "A name for an address, a prefix or a range",
    &[
        leaf("description", Type::Text, "Text for people"),
        bare(Type::Prefix, "Address or prefix").choice("what").json("ip-prefix"),
        list(
            "range-address",
            &[super::statement::key(Type::Address)],
            "Range of addresses: the least",
            &[container("to", "The greatest", &[bare(Type::Address, "Address").json("range-high")])],
        )
        .choice("what"),
        list(
            "dns-name",
            NAME,
            "Name to ask a name server for",
            &[
                flag("ipv4-only", "Its IPv4 addresses").choice("family"),
                flag("ipv6-only", "Its IPv6 addresses").choice("family"),
            ],
        )
        .choice("what")
        .reserved(FEEDS),
        container(
            "wildcard-address",
            "Address with a mask that has holes",
            &[bare(Type::Text, "Address/mask").json("name")],
        )
        .choice("what")
        .reserved("masks with holes are not matched"),
    ],
)
.layout(Layout::Alone);

const SET: Statement = list(
    "address-set",
    NAME,
    "A name for several addresses",
    &[
        leaf("description", Type::Text, "Text for people"),
        list("address", &[key_from(Type::Name, Source::Addresses)], "Address of the book", &[]),
        list("address-set", &[key_from(Type::Name, Source::Addresses)], "Set of the book", &[]),
    ],
);

/// A book beside the zones.
pub(super) const ATTACHED: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    ADDRESS,
    SET,
    container(
        "attach",
        "Zones that the book holds for",
        &[list("zone", &[key_from(Type::Name, Source::Zones)], "Zone", &[])],
    ),
];

/// A book within a zone.
pub(super) const OF_ZONE: &[Statement] = &[ADDRESS, SET];
