use super::form::word;
use super::statement::{Statement, bare, container, entries, flag, key, key_from, leaf, list, values};
use super::{Layout, Source, Type};

const HOST: &str = "the gateway takes it from the host; set it there for now";
/// Of several addresses of a network, the first is the source of what the host sends.
const FIRST: &str = "the first address of a network is the source of what the host sends";

pub(super) const ROWS: &[Statement] = &[entries(
    &[key_from(Type::Device, Source::Devices)],
    "A network device by its Linux name, or by a Junos name with the statement device",
    DEVICE,
)
.json("interface")];

const DEVICE: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    leaf("device", Type::Device, "Linux device behind a Junos name")
        .from(Source::Devices)
        .doc("`interfaces ge-0/0/0 device eth1` makes `ge-0/0/0.0` the untagged frames of `eth1`. Without it the name is the device's."),
    flag("disable", "Takes the device out of use")
        .doc("The link is set down, and has no addresses of the configuration. The gateway stays attached to it."),
    leaf("mtu", Type::Number(256, 65535), "Largest frame with its Ethernet header, bytes")
        .doc(
            "As Junos counts: `mtu 1514` is packets of 1500 bytes, which Linux calls an MTU of 1500. With \
             `vlan-tagging` 4 bytes more belong to the header, with `flexible-vlan-tagging` 8.",
        ),
    leaf("speed", Type::Text, "Speed").kept(HOST),
    flag("vlan-tagging", "Its units are told apart by a VLAN tag"),
    flag("flexible-vlan-tagging", "Its units have no tag, one, or two"),
    leaf("native-vlan-id", Type::Number(1, 4094), "VLAN of frames without a tag")
        .reserved("untagged frames belong to unit 0; give that unit no vlan-id"),
    leaf("mac", Type::Text, "Ethernet address").kept(HOST),
    container(
        "hold-time",
        "How long a change of the link must last",
        &[leaf("up", Type::Number(0, 4_294_967_295), "Milliseconds"), leaf("down", Type::Number(0, 4_294_967_295), "Milliseconds")],
    )
    .layout(Layout::Line)
    .kept(HOST),
    container(
        "gigether-options",
        "Ethernet",
        &[
            flag("auto-negotiation", "Negotiates").choice("negotiation"),
            flag("no-auto-negotiation", "Does not negotiate").choice("negotiation"),
            flag("flow-control", "Pauses").choice("flow"),
            flag("no-flow-control", "Does not pause").choice("flow"),
            container("redundant-parent", "Bundle of a cluster", &[bare(Type::Name, "reth interface").json("parent")])
                .reserved("clusters need the high-availability capability"),
            container("ieee-802.3ad", "Link aggregation", &[bare(Type::Name, "Bundle").json("bundle")])
                .reserved("bundles are made on the host; configure the bond as a device"),
        ],
    )
    .kept(HOST),
    container(
        "offload",
        "Work that the device takes over",
        &[
            leaf("rx-checksum", Type::Words(ON_OFF), "Checks checksums"),
            leaf("tx-checksum", Type::Words(ON_OFF), "Computes checksums"),
            leaf("tso", Type::Words(ON_OFF), "Cuts TCP segments"),
            leaf("gso", Type::Words(ON_OFF), "Cuts segments in the kernel, as late as possible"),
            leaf("gro", Type::Words(ON_OFF), "Joins segments, reversibly"),
            leaf("lro", Type::Words(ON_OFF), "Joins segments, irreversibly"),
            leaf("rx-ring", Type::Number(64, 32768), "Descriptors to receive with"),
            leaf("tx-ring", Type::Number(64, 32768), "Descriptors to send with"),
            leaf("channels", Type::Number(1, 1024), "Queues"),
        ],
    )
    .doc("Flumen's own hierarchy. What is not said is left as the device has it."),
    list("unit", &[key(Type::Number(0, 1_073_741_823))], "A logical interface: frames with certain VLAN tags", UNIT),
];

const ON_OFF: &[super::Word] = &[word("on", "Yes"), word("off", "No")];

const UNIT: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    flag("disable", "Takes the unit out of use")
        .doc("A device all of whose units are out of use is set down."),
    leaf("vlan-id", Type::Number(1, 4094), "VLAN of its frames").choice("tags"),
    container(
        "vlan-tags",
        "Both VLANs of its frames",
        &[
            leaf("outer", Type::Text, "Outer VLAN, as 100 or 0x8100.100"),
            leaf("inner", Type::Text, "Inner VLAN"),
        ],
    )
    .layout(Layout::Line)
    .choice("tags"),
    leaf("link", Type::Device, "Linux device that has the addresses of a tagged unit")
        .from(Source::Devices)
        .doc("Without it, `DEVICE.VLAN`, which is made when it is not there; a link that is named is the host's to make."),
    leaf("bandwidth", Type::Amount(0, 10_000_000_000_000), "Speed, for information").kept(HOST),
    container(
        "family",
        "Protocols",
        &[
            container("inet", "IPv4", INET),
            container("inet6", "IPv6", INET6),
            container(
                "ethernet-switching",
                "Switching",
                &[
                    leaf(
                        "interface-mode",
                        Type::Words(&[word("access", "One VLAN"), word("trunk", "Several")]),
                        "Mode",
                    ),
                    container("vlan", "VLANs", &[values("members", Type::Text, "VLANs")]),
                ],
            )
            .reserved("switching is the bridge of the host; configure its ports as devices"),
        ],
    )
    .layout(Layout::Prefix),
];

const FILTER: Statement = container(
    "filter",
    "Filters of firewall",
    &[
        leaf("input", Type::Name, "For what arrives").from(Source::Filters),
        leaf("output", Type::Name, "For what leaves").from(Source::Filters),
        values("input-list", Type::Name, "For what arrives, in order").from(Source::Filters).ordered(),
        values("output-list", Type::Name, "For what leaves, in order").from(Source::Filters).ordered(),
    ],
)
.reserved("stateless filters need the filter capability");

const SAMPLING: Statement =
    container("sampling", "Flow export", &[flag("input", "What arrives"), flag("output", "What leaves")])
        .kept("flows are not exported yet");

const INET: &[Statement] = &[
    leaf("mtu", Type::Number(68, 65535), "Largest packet, bytes")
        .doc("The MTU of the link, as Linux counts."),
    FILTER,
    SAMPLING,
    container("dhcp", "Address by DHCP", &[leaf("vendor-id", Type::Text, "Says who makes the client")])
        .kept(HOST),
    container(
        "dhcp-client",
        "Address by DHCP",
        &[flag("update-server", "Tells the DHCP server of the host")],
    )
    .kept(HOST),
    list(
        "address",
        &[key(Type::Prefix4)],
        "Address with the length of its network",
        &[
            flag("primary", "Source of packets of the host, among all").kept(FIRST),
            flag("preferred", "Source of packets of the host, in its network").kept(FIRST),
            list("vrrp-group", &[key(Type::Number(0, 255))], "Router redundancy", VRRP)
                .reserved("VRRP needs the high-availability capability"),
        ],
    ),
];

const INET6: &[Statement] = &[
    leaf("mtu", Type::Number(1280, 65535), "Largest packet, bytes").doc("At most that of the link."),
    FILTER,
    SAMPLING,
    container("dhcpv6-client", "Address by DHCPv6", &[leaf("client-type", Type::Text, "Kind of client")])
        .kept(HOST),
    list(
        "address",
        &[key(Type::Prefix6)],
        "Address with the length of its network",
        &[
            flag("primary", "Source of packets of the host, among all").kept(FIRST),
            flag("preferred", "Source of packets of the host, in its network").kept(FIRST),
            flag("eui-64", "Completes it from the Ethernet address").reserved("write the whole address"),
            list("vrrp-inet6-group", &[key(Type::Number(0, 255))], "Router redundancy", VRRP)
                .reserved("VRRP needs the high-availability capability"),
        ],
    ),
];

const VRRP: &[Statement] = &[
    values("virtual-address", Type::Address, "Shared addresses"),
    leaf("priority", Type::Number(0, 255), "Priority"),
    flag("accept-data", "Answers to the shared address"),
];
