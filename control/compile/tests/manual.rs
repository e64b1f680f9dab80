//! The manual is true: its example compiles, and it names every word there is.
#![allow(clippy::unwrap_used)]

use flumen_abi::Generation;
use flumen_compile::{Identities, compile};
use flumen_config::{Applications, IpProtocol, Model, RoutingProtocol, SystemService};

const MANUAL: &str = include_str!("../../../docs/manual/configuration.md");

#[test]
fn the_example_of_the_manual_compiles_without_a_warning() {
    let (_, rest) = MANUAL.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let model = Model::from_json(example).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(model.warnings(), []);
    assert_eq!(compile(&model, &Identities::default(), Generation(1)).unwrap().notes, []);
}

#[test]
fn the_manual_names_every_service_protocol_and_predefined_application() {
    let named = |word: &str| MANUAL.contains(&format!("`{word}`"));
    for service in SystemService::ALL {
        assert!(named(service.word()), "{service:?}");
    }
    for protocol in RoutingProtocol::ALL {
        assert!(named(protocol.word()), "{protocol:?}");
    }
    for (protocol, _) in IpProtocol::NAMED {
        assert!(named(protocol), "{protocol}");
    }
    for application in Applications::default().names() {
        let short = application.trim_start_matches("junos");
        assert!(named(application) || named(short), "{application}");
    }
}
