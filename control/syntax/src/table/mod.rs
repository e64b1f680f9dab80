//! The statements, one file for each hierarchy. A new capability adds rows, or changes the support of rows.

mod address_book;
mod applications;
mod everywhere;
mod firewall;
mod flow;
mod form;
mod interfaces;
mod log;
mod mirror;
mod nat;
mod policies;
mod routing;
mod schedulers;
mod screen;
mod security;
mod services;
mod source;
mod statement;
mod system;
mod zones;

pub use applications::icmp_type;
pub use form::{PORT_NAMES, Type, Word, port};
pub use source::Source;
pub use statement::{Body, Key, Kind, Layout, Order, Statement, Support, Value};

pub(crate) use everywhere::EVERYWHERE;

use statement::{NAME, anything, container, leaf};

const HOST: &str = "the host is managed by its own software";

/// The hierarchies, in the order of Junos' `show configuration`.
static HIERARCHIES: [Statement; 21] = [
    leaf("version", Type::Text, "Software that wrote this text")
        .doc("Junos writes it at the top of a saved configuration. It is kept, and means nothing here."),
    Statement::new("groups", Kind::List(NAME), "Statements that other places can inherit", Body::Whole).layout(Layout::Group).doc(
        "A group holds statements as they would stand at the top. `apply-groups` inherits them where it stands, \
         from the same place in the group. A name in angle brackets is a pattern: `<*>`, `<ge-*>`.",
    ),
    container("system", "Name, users, services and software of the host", system::ROWS),
    anything("chassis", "Hardware").reserved("the hardware is Linux's to configure"),
    container("security", "Zones, policies, NAT and screens", security::ROWS),
    container("interfaces", "Network devices", interfaces::ROWS),
    anything("snmp", "Management by SNMP").kept(HOST),
    anything("forwarding-options", "Sampling, mirroring and relaying")
        .reserved("services traffic-mirror takes copies; making them, and relaying, need the per-VLAN services capability"),
    anything("event-options", "What follows from events").kept(HOST),
    container("routing-options", "Static routes and what all routing protocols share", routing::OPTIONS),
    container("protocols", "Routing protocols", routing::PROTOCOLS),
    anything("policy-options", "Routing policies and lists of prefixes")
        .kept("routing policies belong to the routing protocols that run beside the gateway"),
    anything("class-of-service", "Queues and marks").reserved("queues and marks need the QoS capability"),
    container("firewall", "Filters that know no sessions, and policers", firewall::ROWS),
    anything("access", "Pools of addresses for clients, and how users log in")
        .reserved("services for networks need the per-VLAN services capability"),
    anything("vlans", "Switched networks").reserved("switching is the bridge of the host; configure its ports as devices"),
    container("routing-instances", "Routing tables beside the main one", routing::INSTANCES)
        .reserved("routing instances need the multi-WAN capability"),
    anything("multi-chassis", "Clusters").reserved("clusters need the high-availability capability"),
    container("services", "Services to the network: traffic mirrors, flow export, probes", services::ROWS),
    container("applications", "Applications: what traffic looks like behind its addresses", applications::ROWS),
    container("schedulers", "Times in which policies hold", schedulers::ROWS),
];

/// What may stand at the top.
pub fn statements() -> &'static [Statement] {
    &HIERARCHIES
}

/// Where `groups` begins and what a group may hold: everything but the first two hierarchies.
pub(crate) static WITHOUT_GROUPS: &[Statement] = HIERARCHIES.split_at(2).1;
