use super::{given, invalid, small, traffic};
use crate::v1;
use flumen_api::{PortRange, Protocol, SessionFilter, SessionInfo, TcpState, Tuple};
use ipnet::IpNet;
use std::net::IpAddr;
use tonic::Status;

/// A filter; none is an empty one, which means all.
///
/// # Errors
/// For a prefix, port or protocol that is none.
pub(crate) fn session_filter(filter: Option<v1::SessionFilter>) -> Result<SessionFilter, Status> {
    let filter = filter.unwrap_or_default();
    Ok(SessionFilter {
        source: prefix("source", &filter.source)?,
        destination: prefix("destination", &filter.destination)?,
        host: prefix("host", &filter.host)?,
        source_port: ports("source_port", filter.source_port)?,
        destination_port: ports("destination_port", filter.destination_port)?,
        protocol: filter.protocol.map(|number| small("protocol", number).map(Protocol)).transpose()?,
        from_zone: given(filter.from_zone),
        to_zone: given(filter.to_zone),
        policy: given(filter.policy),
        nat: filter.nat,
    })
}

fn prefix(field: &str, text: &str) -> Result<Option<IpNet>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map(Some)
        .map_err(|_| invalid(format!("{field} is neither an address nor a prefix: {text}")))
}

fn ports(field: &str, range: Option<v1::PortRange>) -> Result<Option<PortRange>, Status> {
    let Some(range) = range else { return Ok(None) };
    let (low, high) = (small(field, range.low)?, small(field, range.high)?);
    PortRange::new(low, high).map(Some).map_err(|error| invalid(format!("{field}: {error}")))
}

pub(crate) fn session(session: SessionInfo) -> v1::Session {
    v1::Session {
        id: session.id,
        from_zone: session.from_zone,
        to_zone: session.to_zone,
        policy: session.policy,
        generation: session.generation,
        protocol: u32::from(session.protocol.0),
        arrives: Some(tuple(session.arrives)),
        departs: Some(tuple(session.departs)),
        source_nat: session.source_nat,
        destination_nat: session.destination_nat,
        state: tcp_state(session.state).into(),
        remaining_ms: session.remaining_ms,
        timeout_ms: session.timeout_ms,
        idle_ms: session.idle_ms,
        age_s: session.age_s,
        forward: traffic(session.forward),
        reverse: traffic(session.reverse),
    }
}

fn tuple(tuple: Tuple) -> v1::Tuple {
    v1::Tuple {
        source: tuple.source.to_string(),
        source_port: u32::from(tuple.source_port),
        destination: tuple.destination.to_string(),
        destination_port: u32::from(tuple.destination_port),
    }
}

fn tcp_state(state: Option<TcpState>) -> v1::TcpState {
    match state {
        None => v1::TcpState::Unspecified,
        Some(TcpState::SynSent) => v1::TcpState::SynSent,
        Some(TcpState::SynReceived) => v1::TcpState::SynReceived,
        Some(TcpState::Established) => v1::TcpState::Established,
        Some(TcpState::Closing) => v1::TcpState::Closing,
        Some(TcpState::Closed) => v1::TcpState::Closed,
        Some(TcpState::Reset) => v1::TcpState::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::session_filter;
    use crate::v1;
    use flumen_api::{Protocol, SessionFilter};

    #[test]
    fn a_filter_is_read_field_by_field_and_none_means_all() {
        assert!(session_filter(None).unwrap().is_all());
        let filter = v1::SessionFilter {
            source: "192.0.2.0/24".into(),
            host: "2001:db8::1".into(),
            destination_port: Some(v1::PortRange { low: 80, high: 443 }),
            protocol: Some(6),
            from_zone: "lan".into(),
            nat: true,
            ..v1::SessionFilter::default()
        };
        let wanted = SessionFilter {
            source: Some("192.0.2.0/24".parse().unwrap()),
            host: Some("2001:db8::1/128".parse().unwrap()),
            destination_port: Some("80-443".parse().unwrap()),
            protocol: Some(Protocol::TCP),
            from_zone: Some("lan".into()),
            nat: true,
            ..SessionFilter::default()
        };
        assert_eq!(session_filter(Some(filter)).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_prefix_port_or_protocol_is_refused_by_name() {
        let none = v1::SessionFilter::default;
        let range = |low, high| Some(v1::PortRange { low, high });
        for (filter, field) in [
            (v1::SessionFilter { source: "lan".into(), ..none() }, "source"),
            (v1::SessionFilter { host: "10.0.0.0/33".into(), ..none() }, "host"),
            (v1::SessionFilter { protocol: Some(256), ..none() }, "protocol"),
            (v1::SessionFilter { source_port: range(0, 65_536), ..none() }, "source_port"),
            (v1::SessionFilter { destination_port: range(9, 1), ..none() }, "destination_port"),
        ] {
            let status = session_filter(Some(filter)).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(status.message().starts_with(field), "{status}");
        }
    }
}
