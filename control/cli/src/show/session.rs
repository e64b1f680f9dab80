use crate::words::{duration, traffic, tuple};
use flumen_api::{SessionInfo, SessionsReport};

/// Everything that is known of each session, and how many there are.
pub(crate) fn render(report: &SessionsReport) -> String {
    let mut text: String = report.sessions.iter().map(whole).collect();
    text.push_str(&super::sessions::count(report));
    text
}

fn whole(session: &SessionInfo) -> String {
    let state = session.state.map(|state| format!(", {}", state.name())).unwrap_or_default();
    let nat = match (session.source_nat, session.destination_nat) {
        (false, false) => "",
        (true, false) => ", source translated",
        (false, true) => ", destination translated",
        (true, true) => ", source and destination translated",
    };
    let [[forward_packets, forward_bytes], [reverse_packets, reverse_bytes]] =
        [session.forward, session.reverse].map(traffic);
    let [arrives, departs, back] = [session.arrives, session.departs, super::sessions::reverse(session)]
        .map(|flow| tuple(session.protocol, &flow));
    format!(
        "Session {id}: {protocol}{state}, by policy {policy} of generation {generation}\n  \
           Began {age} ago, idle for {idle}, ends in {left} without a packet (timeout {timeout})\n  \
           In   {from}: {arrives}\n       {forward_packets} packets, {forward_bytes} bytes\n  \
           Out  {to}: {departs}{nat}\n  \
           Back {to}: {back}\n       {reverse_packets} packets, {reverse_bytes} bytes\n",
        id = session.id,
        protocol = session.protocol,
        policy = session.policy,
        generation = session.generation,
        age = duration(session.age_s * 1000),
        idle = duration(session.idle_ms),
        left = duration(session.remaining_ms),
        timeout = duration(session.timeout_ms),
        from = session.from_zone,
        to = session.to_zone,
    )
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::sessions::tests::sample;

    #[test]
    fn a_session_is_shown_with_times_translation_and_both_directions() {
        insta::assert_snapshot!(render(&sample()));
    }
}
