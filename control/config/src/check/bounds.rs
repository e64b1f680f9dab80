use super::{Findings, security};
use crate::{Flow, Model, Path, Problem, Sessions};

/// Numbers that have limits.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let flow = security().field("flow");
    let mut bound = |path: Path, number: u32, least: u32, greatest: u32| {
        if !(least..=greatest).contains(&number) {
            let problem =
                Problem::Number { found: number.to_string(), least: least.into(), greatest: greatest.into() };
            findings.add(path, problem);
        }
    };
    for (field, seconds) in model.security.flow.timeouts() {
        bound(flow.field(field), seconds, 1, Flow::LONGEST_TIMEOUT);
    }
    bound(flow.field("answers-per-second"), model.security.flow.answers_per_second, 0, Flow::MOST_ANSWERS);
    let sessions = Path::root().field("system").field("dataplane").field("sessions");
    let Sessions { maximum, ipv6_maximum } = model.system.dataplane.sessions;
    bound(sessions.field("maximum"), maximum, Sessions::LEAST, Sessions::GREATEST);
    if let Some(ipv6_maximum) = ipv6_maximum {
        bound(sessions.field("ipv6-maximum"), ipv6_maximum, Sessions::LEAST, maximum);
    }
}
