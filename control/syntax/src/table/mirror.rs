use super::form::word;
use super::nat::{
    DESTINATION_ADDRESS, DESTINATION_NAME, DESTINATION_PORT, PROTOCOL, SOURCE_ADDRESS, SOURCE_NAME,
    SOURCE_PORT,
};
use super::statement::{NAME, Statement, container, flag, key_from, leaf, list};
use super::{Source, Type, Word};

pub(super) const TRAFFIC_MIRROR: Statement = container(
    "traffic-mirror",
    "Copies of traffic that arrive in VXLAN",
    &[list("mirror", NAME, "A source of copies", MIRROR)],
);

pub(super) const DF_CLEAR: Statement = list(
    "df-clear",
    &[key_from(Type::Interface, Source::Interfaces)],
    "Clears DF of long UDP packets that arrive on an interface",
    &[
        leaf("destination-port", Type::Number(1, 65535), "UDP destination port of the packets").default("31765"),
        OVER,
        UDP_CHECKSUM,
    ],
)
.doc(
    "An interface that is in a zone goes on as usual afterwards. One that is in none, a bridge for instance, hands \
     every frame to the kernel: nothing is dropped there, and nothing but DF changes.",
);

const MIRROR: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    leaf("interface", Type::Interface, "Interface that copies arrive on; it must be in a zone").from(Source::Interfaces),
    leaf("port", Type::Number(1, 65535), "UDP port that they are sent to").default("4789"),
    leaf("vni", Type::Number(0, 0x00ff_ffff), "VXLAN network identifier").default("1"),
    container(
        "output",
        "Port that inner packets leave by; without it the kernel's route says",
        &[
            leaf("interface", Type::Interface, "Interface; one without VLAN tags needs no zone").from(Source::Interfaces),
            flag("keep-link-addresses", "Sends inner frames as they are, also those that are no IP").doc(
                "For a sensor, or a bridge behind the port. No route and no neighbour is asked for, and the TTL stays.",
            ),
        ],
    ),
    container("df-clear", "Clears DF of long inner packets", &[OVER, UDP_CHECKSUM]),
    list("rule", NAME, "What is discarded or translated; the first that matches decides", RULE).ordered(),
];

const OVER: Statement =
    leaf("over", Type::Number(0, 65535), "IPv4 total length above which DF is cleared").default("1400");

const UDP_CHECKSUM: Statement =
    leaf("udp-checksum", Type::Words(CHECKSUMS), "What becomes of the UDP checksum of such packets").default("keep").doc(
        "DF is not part of the UDP checksum, which therefore stays right. `zero` says that there is none: some receivers \
         were built against senders that do so, and errors on the way go unnoticed.",
    );

const CHECKSUMS: &[Word] = &[word("keep", "Stays as it is"), word("zero", "Becomes zero: none")];

const RULE: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    container(
        "match",
        "What it matches, of the inner packet",
        &[
            SOURCE_ADDRESS,
            SOURCE_NAME,
            SOURCE_PORT,
            DESTINATION_ADDRESS,
            DESTINATION_NAME,
            DESTINATION_PORT,
            PROTOCOL,
        ],
    ),
    container(
        "then",
        "What happens",
        &[
            flag("accept", "Goes on as it is").choice("then"),
            flag("discard", "Ends here").choice("then"),
            container(
                "destination-nat",
                "Gets another destination",
                &[
                    leaf("address", Type::Address, "New address"),
                    leaf("port", Type::Number(1, 65535), "New port"),
                ],
            )
            .choice("then"),
        ],
    ),
];
