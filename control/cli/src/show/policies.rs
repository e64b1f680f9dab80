use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, WARN, list, traffic};
use flumen_api::{PoliciesReport, PolicyAction};

/// One line for each policy, in order of evaluation.
pub(crate) fn render(report: &PoliciesReport) -> String {
    let mut table = Table::new([
        "FROM",
        "TO",
        "POLICY",
        "ACTION",
        ">PACKETS",
        ">BYTES",
        "SOURCE",
        "DESTINATION",
        "APPLICATION",
    ]);
    for policy in &report.policies {
        let [packets, bytes] = traffic(policy.hits);
        let style = match policy.action {
            PolicyAction::Permit => GOOD,
            PolicyAction::Deny => BAD,
            PolicyAction::Reject => WARN,
        };
        table.row([
            Cell::from(list(&policy.from_zones)),
            list(&policy.to_zones).into(),
            policy.name.as_str().into(),
            Cell::styled(policy.action.name(), style),
            packets.into(),
            bytes.into(),
            list(&policy.sources).into(),
            list(&policy.destinations).into(),
            list(&policy.services).into(),
        ]);
    }
    let mut text = table.print();
    text.push_str("What no policy permits is denied (reason policy-default).\n");
    text
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{PoliciesReport, PolicyAction, PolicyInfo, Traffic};

    #[test]
    fn policies_show_what_they_match_and_how_often() {
        let policy = |name: &str, from: &str, to: &str, services: &[&str], action, packets| PolicyInfo {
            name: name.into(),
            id: 1,
            from_zones: vec![from.into()],
            to_zones: vec![to.into()],
            sources: vec![],
            destinations: vec!["192.0.2.0/24".into(), "2001:db8::/32".into()],
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            action,
            hits: Traffic { packets, bytes: packets * 100 },
            last_hit_unix_s: None,
        };
        let policies = vec![
            policy("lan-out", "lan", "wan", &[], PolicyAction::Permit, 1_200),
            policy("no-smtp", "any", "wan", &["junos-smtp"], PolicyAction::Reject, 3),
        ];
        insta::assert_snapshot!(plain(&render(&PoliciesReport { policies })));
    }
}
