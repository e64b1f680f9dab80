use super::statement::{Key, Statement, container, flag, leaf, list, values};
use super::{NAME, Source, Type, Value};

const INSPECTION: &str = "content is not inspected";
const IDENTIFICATION: &str = "applications are known by their ports alone; use match application";
const RECORDS: &str = "sessions are not recorded yet";

const ZONES: &[Key] = &[
    Key { name: "from-zone-name", marker: "", value: Value { form: Type::Name, source: Source::Zones } },
    Key { name: "to-zone-name", marker: "to-zone", value: Value { form: Type::Name, source: Source::Zones } },
];

pub(super) const ROWS: &[Statement] = &[
    list(
        "from-zone",
        ZONES,
        "Policies from one zone to another",
        &[list("policy", NAME, "A policy", POLICY).ordered()],
    )
    .json("policy"),
    container(
        "global",
        "Policies of all zones, asked after those of the two zones",
        &[list("policy", NAME, "A policy", GLOBAL).ordered()],
    ),
    container(
        "default-policy",
        "What happens to a session that no policy matches",
        &[flag("deny-all", "Denied").choice("default"), flag("permit-all", "Permitted").choice("default")],
    )
    .doc("Without it, denied."),
    container(
        "pre-id-default-policy",
        "Sessions before their application is recognised",
        &[container("then", "What happens", &[RECORD])],
    )
    .kept("applications are known by their ports alone"),
    container(
        "policy-rematch",
        "A commit ends the sessions that the rules would not open alike any more",
        &[flag("extensive", "The same")],
    )
    .doc(
        "Without it a commit leaves sessions alone. With it, and with or without `extensive`, a session goes on as long \
         as any policy permits it and NAT rules translate it as it is. `commit sessions keep` and `commit sessions \
         rematch` say otherwise for one commit.",
    ),
];

const POLICY: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    container("match", "What it matches", MATCH),
    container("then", "What happens", THEN),
    leaf("scheduler-name", Type::Name, "Time in which it holds")
        .from(Source::Schedulers)
        .reserved("schedulers need the scheduler capability"),
];

const GLOBAL: &[Statement] =
    &[POLICY[0], container("match", "What it matches", GLOBAL_MATCH), POLICY[2], POLICY[3]];

const SOURCE: Statement = values("source-address", Type::Name, "Source addresses, before source NAT")
    .from(Source::Addresses)
    .doc("Names of an address book; `any`, `any-ipv4`, `any-ipv6`; or prefixes written out.");
const DESTINATION: Statement =
    values("destination-address", Type::Name, "Destination addresses, after destination NAT")
        .from(Source::Addresses)
        .doc("As source-address.");
const SOURCE_EXCLUDED: Statement = flag("source-address-excluded", "All but these sources")
    .reserved("excluded addresses are not matched; write a policy above this one");
const DESTINATION_EXCLUDED: Statement = flag("destination-address-excluded", "All but these destinations")
    .reserved("excluded addresses are not matched; write a policy above this one");
const APPLICATION: Statement =
    values("application", Type::Name, "Applications, own or predefined").from(Source::Applications);
const IDENTITY: Statement =
    values("source-identity", Type::Text, "Users").reserved("users are not known to the gateway");
const DYNAMIC: Statement =
    values("dynamic-application", Type::Name, "Recognised applications").reserved(IDENTIFICATION);

const MATCH: &[Statement] =
    &[SOURCE, DESTINATION, SOURCE_EXCLUDED, DESTINATION_EXCLUDED, APPLICATION, IDENTITY, DYNAMIC];

const GLOBAL_MATCH: &[Statement] = &[
    SOURCE,
    DESTINATION,
    SOURCE_EXCLUDED,
    DESTINATION_EXCLUDED,
    APPLICATION,
    IDENTITY,
    DYNAMIC,
    values("from-zone", Type::Name, "Zones that the session is opened from").from(Source::Zones),
    values("to-zone", Type::Name, "Zones that it is opened to").from(Source::Zones),
];

const RECORD: Statement = container(
    "log",
    "Records",
    &[flag("session-init", "When a session opens"), flag("session-close", "When a session ends")],
)
.kept(RECORDS);

const THEN: &[Statement] = &[
    flag("deny", "Drops silently").choice("action"),
    container(
        "permit",
        "Opens a session",
        &[
            container("tunnel", "Through a VPN", &[leaf("ipsec-vpn", Type::Name, "VPN")])
                .reserved("VPNs are not part of the gateway"),
            container("firewall-authentication", "After login", &[flag("pass-through", "In the connection")])
                .reserved("users are not known to the gateway"),
            container(
                "destination-address",
                "By translation",
                &[
                    flag("drop-translated", "Not when translated").choice("translated"),
                    flag("drop-untranslated", "Only when translated").choice("translated"),
                ],
            )
            .reserved("a policy cannot ask for translation"),
            container(
                "application-services",
                "Inspection",
                &[
                    flag("idp", "Intrusion detection"),
                    leaf("utm-policy", Type::Name, "Content inspection"),
                    leaf("idp-policy", Type::Name, "Intrusion detection"),
                ],
            )
            .reserved(INSPECTION),
            container(
                "tcp-options",
                "TCP",
                &[
                    flag("syn-check-required", "Must start with SYN"),
                    flag("sequence-check-required", "Sequence numbers must fit"),
                ],
            )
            .reserved("TCP is checked alike for all policies; see security flow tcp-session"),
        ],
    )
    .choice("action"),
    container(
        "reject",
        "Drops and answers with a reset or an ICMP error",
        &[leaf("profile", Type::Name, "Page").reserved(INSPECTION)],
    )
    .choice("action"),
    RECORD,
    container(
        "count",
        "Counts packets and bytes",
        &[container(
            "alarm",
            "Alarms",
            &[leaf("per-second-threshold", Type::Number(0, 4_294_967_295), "Bytes a second")],
        )
        .reserved("there are no alarms")],
    )
    .doc("Every policy is counted, with or without this statement."),
    container("services-offload", "In hardware", &[]).kept("nothing is offloaded to hardware"),
];
