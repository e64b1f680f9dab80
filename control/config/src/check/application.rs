use super::{Findings, reference, security};
use crate::{Application, Applications, Model, Name, Path, Problem, Term};

/// Applications: fields that fit the protocol, every name defined, no set within itself.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let all = security().field("applications");
    let entries = &model.security.applications.0;
    for (name, application) in entries {
        let path = all.field(name.as_str());
        if name.as_str() == "any" || name.as_str().starts_with(Applications::PREDEFINED_PREFIX) {
            findings.add(path.clone(), Problem::ReservedName { name: name.to_string() });
        }
        match application {
            Application::Term(term) => check_term(term, &path, findings),
            Application::Set(names) => {
                reference::not_empty(names, path.clone(), findings);
                reference::applications(model, names.iter().enumerate(), &path, findings);
            }
        }
    }
    let edges = entries.iter().map(|(name, application)| (name, members(application))).collect();
    for ring in reference::cycles(&edges) {
        let through = ring.iter().map(|name| name.to_string()).collect();
        let problem = Problem::Cycle { what: "application", name: ring[0].to_string(), through };
        findings.add(all.field(ring[0].as_str()), problem);
    }
}

fn members(application: &Application) -> Vec<&Name> {
    match application {
        Application::Set(names) => names.iter().collect(),
        Application::Term(_) => Vec::new(),
    }
}

fn check_term(term: &Term, path: &Path, findings: &mut Findings) {
    let protocol = || term.protocol.to_string();
    for (field, ports) in [("source-port", &term.source_port), ("destination-port", &term.destination_port)] {
        if !ports.is_empty() && !term.protocol.has_ports() {
            findings.add(path.field(field), Problem::PortsWithoutTransport { protocol: protocol() });
        }
    }
    for (field, number) in [("icmp-type", term.icmp_type), ("icmp-code", term.icmp_code)] {
        if number.is_some() && !term.protocol.is_icmp() {
            findings.add(path.field(field), Problem::IcmpWithoutIcmp { protocol: protocol() });
        }
    }
    if term.icmp_code.is_some() && term.icmp_type.is_none() {
        findings.add(path.field("icmp-code"), Problem::CodeWithoutType);
    }
}
