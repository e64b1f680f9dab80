use crate::table::Table;
use crate::words::{list, traffic};
use flumen_api::{NatReport, Translation};

/// One line for each rule, in order of evaluation.
pub(crate) fn render(report: &NatReport) -> String {
    if report.rules.is_empty() {
        return "There are no NAT rules.\n".to_owned();
    }
    let mut table = Table::new([
        "NAT",
        "FROM",
        "TO",
        "RULE",
        "BECOMES",
        ">PACKETS",
        ">BYTES",
        "SOURCE",
        "DESTINATION",
        "APPLICATION",
    ]);
    for rule in &report.rules {
        let [packets, bytes] = traffic(rule.hits);
        let to = match rule.translation {
            Translation::Source => list(&rule.to_zones),
            Translation::Destination => "-".to_owned(),
        };
        table.row([
            rule.translation.name().to_owned(),
            list(&rule.from_zones),
            to,
            rule.name.clone(),
            rule.becomes.clone(),
            packets,
            bytes,
            list(&rule.sources),
            list(&rule.destinations),
            list(&rule.services),
        ]);
    }
    table.print()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{NatInfo, NatReport, Traffic, Translation};

    #[test]
    fn nat_rules_show_what_the_matched_side_becomes() {
        let rule = |translation, name: &str, becomes: &str, destinations: &[&str]| NatInfo {
            name: name.into(),
            id: 5,
            translation,
            from_zones: vec!["lan".into()],
            to_zones: if translation == Translation::Source { vec!["wan".into()] } else { vec![] },
            sources: vec![],
            destinations: destinations.iter().map(|name| (*name).to_owned()).collect(),
            services: vec![],
            becomes: becomes.into(),
            hits: Traffic { packets: 9, bytes: 900 },
        };
        let rules = vec![
            rule(Translation::Destination, "web", "192.168.1.80:8080", &["203.0.113.5"]),
            rule(Translation::Source, "masquerade", "interface 1024-65535", &[]),
        ];
        insta::assert_snapshot!(plain(&render(&NatReport { rules })));
        assert_eq!(render(&NatReport { rules: vec![] }), "There are no NAT rules.\n");
    }
}
