//! The layers of Flumen: what each crate may depend on, and where unsafe code may be.

/// The place of one crate.
pub(super) struct Layer {
    /// Its name.
    pub(super) name: &'static str,
    /// Its folder, relative to the root.
    pub(super) folder: &'static str,
    /// The crates of ours that it may depend on.
    pub(super) below: &'static [&'static str],
    /// Other people's crates that it may depend on. Dev-dependencies are not counted.
    pub(super) outside: Outside,
    /// Whether it may hold unsafe code.
    pub(super) unsafe_code: Unsafe,
}

/// Other people's crates.
pub(super) enum Outside {
    /// Whatever `deny.toml` accepts.
    Any,
    /// These and nothing else.
    Only(&'static [&'static str]),
}

/// Unsafe code in a crate.
pub(super) enum Unsafe {
    /// Each root file says `#![forbid(unsafe_code)]`.
    Forbidden,
    /// It may have some, for this reason.
    Island(&'static str),
}

/// Other people's crates that only some places may know.
pub(super) struct Confined {
    /// Their names.
    pub(super) crates: &'static [&'static str],
    /// Folders, with everything below them.
    pub(super) within: &'static [&'static str],
    /// Why, for the message.
    pub(super) reason: &'static str,
}

use Outside::{Any, Only};
use Unsafe::{Forbidden, Island};

/// The eBPF crates are compiled alone, so they name their few crates here too.
const EBPF_CRATES: Outside = Only(&["aya-ebpf", "zerocopy"]);

/// What a datapath crate may have from outside: nothing with a heap, a clock or a log.
const ZEROCOPY: Outside = Only(&["zerocopy"]);

/// Everything below the tests: they look at all of it.
const EVERYTHING: &[&str] = &[
    "flumen-abi",
    "flumen-wire",
    "flumen-frame",
    "flumen-pipeline",
    "flumen-native",
    "flumen-syntax",
    "flumen-config",
    "flumen-store",
    "flumen-compile",
    "flumen-engine",
    "flumen-kernel",
    "flumen-tune",
    "flumen-mirror",
    "flumen-metrics",
    "flumen-nfqueue",
    "flumen-api",
    "flumen-grpc",
    "flumen-client",
    "flumen-daemon",
    "flumen-testkit",
    "flumen-conformance",
];

/// Every crate, from the bottom up.
pub(super) const LAYERS: &[Layer] = &[
    Layer {
        name: "flumen-abi",
        folder: "dataplane/abi",
        below: &[],
        outside: ZEROCOPY,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-wire",
        folder: "dataplane/wire",
        below: &[],
        outside: ZEROCOPY,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-frame",
        folder: "dataplane/frame",
        below: &[],
        outside: ZEROCOPY,
        unsafe_code: Island("the pointer-pair view reads packet memory"),
    },
    Layer {
        name: "flumen-pipeline",
        folder: "dataplane/pipeline",
        below: &["flumen-abi", "flumen-wire", "flumen-frame"],
        outside: ZEROCOPY,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-native",
        folder: "dataplane/native",
        below: &["flumen-abi", "flumen-frame", "flumen-pipeline"],
        outside: Only(&["hashbrown", "zerocopy"]),
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-ebpf",
        folder: "dataplane/ebpf",
        below: &["flumen-abi", "flumen-wire", "flumen-frame", "flumen-pipeline"],
        outside: EBPF_CRATES,
        unsafe_code: Island("maps and helpers of the kernel"),
    },
    Layer {
        name: "flumen-syntax",
        folder: "control/syntax",
        below: &[],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-config",
        folder: "control/config",
        below: &["flumen-syntax"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-store",
        folder: "control/store",
        // A configuration is a text to it: it knows neither the words nor the rows.
        below: &[],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-compile",
        folder: "control/compile",
        below: &["flumen-abi", "flumen-config"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-engine",
        folder: "control/engine",
        below: &["flumen-abi", "flumen-frame", "flumen-pipeline", "flumen-native", "flumen-compile"],
        outside: Any,
        unsafe_code: Island("rows of the kernel's maps as plain bytes, memory-mapped tables"),
    },
    Layer {
        name: "flumen-kernel",
        folder: "control/kernel",
        below: &["flumen-abi", "flumen-engine"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-tune",
        folder: "control/tune",
        below: &["flumen-kernel"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-nfqueue",
        folder: "control/nfqueue",
        below: &["flumen-abi", "flumen-frame", "flumen-pipeline", "flumen-native"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer { name: "flumen-api", folder: "control/api", below: &[], outside: Any, unsafe_code: Forbidden },
    Layer {
        name: "flumen-grpc",
        folder: "control/grpc",
        // It asks a trait, which the daemon is behind.
        below: &["flumen-api"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-client",
        folder: "control/client",
        below: &["flumen-api"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-mirror",
        folder: "control/mirror",
        // Its configuration is a text; that the text is accepted is tested above it.
        below: &["flumen-api"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-metrics",
        folder: "control/metrics",
        // It is given reports, and asks nobody.
        below: &["flumen-api"],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-daemon",
        folder: "control/daemon",
        // Of abi it takes the ids, the reasons and the addresses, never a row.
        below: &[
            "flumen-syntax",
            "flumen-config",
            "flumen-store",
            "flumen-compile",
            "flumen-engine",
            "flumen-kernel",
            "flumen-nfqueue",
            "flumen-api",
            "flumen-grpc",
            // Its tests ask it as others do.
            "flumen-client",
        ],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-cli",
        folder: "control/cli",
        below: &[
            "flumen-syntax",
            "flumen-config",
            "flumen-store",
            "flumen-compile",
            "flumen-engine",
            "flumen-kernel",
            "flumen-metrics",
            "flumen-mirror",
            "flumen-nfqueue",
            "flumen-tune",
            "flumen-api",
            "flumen-grpc",
            "flumen-client",
            "flumen-daemon",
        ],
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-testkit",
        folder: "verify/testkit",
        below: EVERYTHING,
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-conformance",
        folder: "verify/conformance",
        below: EVERYTHING,
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-scenarios",
        folder: "verify/scenarios",
        below: EVERYTHING,
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-bench",
        folder: "verify/bench",
        below: EVERYTHING,
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-fuzz",
        folder: "verify/fuzz",
        below: EVERYTHING,
        outside: Any,
        unsafe_code: Forbidden,
    },
    Layer {
        name: "flumen-probes",
        folder: "verify/probes",
        below: &["flumen-abi", "flumen-wire", "flumen-frame"],
        outside: EBPF_CRATES,
        unsafe_code: Island("maps and helpers of the kernel"),
    },
    Layer { name: "xtask", folder: "xtask", below: &[], outside: Any, unsafe_code: Forbidden },
];

/// Crates that would drag a layer up if they spread.
pub(super) const CONFINED: &[Confined] = &[
    Confined {
        crates: &["aya", "aya-obj"],
        within: &["control/engine", "verify"],
        reason: "aya lives in flumen-engine and in the tests alone",
    },
    Confined {
        crates: &["aya-ebpf", "aya-ebpf-bindings", "aya-log-ebpf"],
        within: &["dataplane/ebpf", "verify/probes"],
        reason: "the kernel's helpers are for eBPF programs alone",
    },
    Confined {
        crates: &["tokio"],
        within: &["control/grpc", "control/client", "control/metrics", "control/daemon", "kube"],
        reason: "a runtime is for the daemon and its clients, never for the datapath or what compiles to it",
    },
];
