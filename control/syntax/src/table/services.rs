use super::Type;
use super::statement::{NAME, Statement, anything, container, leaf, list};

pub(super) const ROWS: &[Statement] = &[
    super::mirror::TRAFFIC_MIRROR,
    super::mirror::DF_CLEAR,
    container(
        "flow-monitoring",
        "Flow export",
        &[container(
            "version-ipfix",
            "IPFIX",
            &[list(
                "template",
                NAME,
                "What is sent",
                &[
                    leaf(
                        "flow-active-timeout",
                        Type::Number(10, 600),
                        "Seconds between records of a long flow",
                    ),
                    leaf("flow-inactive-timeout", Type::Number(10, 600), "Seconds before a flow has ended"),
                ],
            )],
        )],
    )
    .kept("flows are not exported yet"),
    container(
        "rpm",
        "Probes",
        &[list(
            "probe",
            NAME,
            "A probe",
            &[list(
                "test",
                NAME,
                "A test",
                &[
                    leaf("probe-type", Type::Text, "Kind"),
                    container(
                        "target",
                        "Destination",
                        &[leaf("address", Type::Address, "Address"), leaf("url", Type::Text, "URL")],
                    ),
                    leaf("probe-count", Type::Number(1, 15), "Probes in a test"),
                    leaf("probe-interval", Type::Number(1, 255), "Seconds between probes"),
                    leaf("test-interval", Type::Number(0, 86400), "Seconds between tests"),
                    leaf("destination-interface", Type::Interface, "Interface"),
                    container(
                        "thresholds",
                        "When it has failed",
                        &[
                            leaf("successive-loss", Type::Number(0, 15), "Probes lost one after the other"),
                            leaf("total-loss", Type::Number(0, 15), "Probes lost"),
                        ],
                    ),
                ],
            )],
        )],
    )
    .reserved("probes need the multi-WAN capability"),
    anything("ip-monitoring", "What follows from probes").reserved("probes need the multi-WAN capability"),
    anything("application-identification", "Recognises applications")
        .reserved("applications are known by their ports alone"),
];
