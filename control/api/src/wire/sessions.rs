use super::{Wire, WireError, mirror, mirror_words};
use crate::{SessionFilter, v1};

mirror! {
    SessionsReport = ListSessionsResponse { sessions, matching, live }
    SessionInfo = Session {
        id, from_zone, to_zone, policy, generation, protocol, arrives, departs, source_nat, destination_nat, state,
        remaining_ms, timeout_ms, idle_ms, age_s, forward, reverse,
    }
    Tuple = Tuple { source, source_port, destination, destination_port }
    Cleared = ClearSessionsResponse { removed, left }
}

mirror_words! {
    SessionOrder { Age, Bytes, Idle, Packets }
    TcpState { SynSent, SynReceived, Established, Closing, Closed, Reset }
}

/// None is an empty filter, which means all.
impl Wire<Option<v1::SessionFilter>> for SessionFilter {
    fn into_wire(self) -> Option<v1::SessionFilter> {
        let SessionFilter {
            source,
            destination,
            host,
            source_port,
            destination_port,
            protocol,
            from_zone,
            to_zone,
            policy,
            nat,
        } = self;
        Some(v1::SessionFilter {
            source: source.into_wire(),
            destination: destination.into_wire(),
            host: host.into_wire(),
            source_port: source_port.into_wire(),
            destination_port: destination_port.into_wire(),
            protocol: protocol.into_wire(),
            from_zone,
            to_zone,
            policy,
            nat,
        })
    }

    fn from_wire(filter: Option<v1::SessionFilter>) -> Result<Self, WireError> {
        let filter = filter.unwrap_or_default();
        Ok(SessionFilter {
            source: super::field("source", filter.source)?,
            destination: super::field("destination", filter.destination)?,
            host: super::field("host", filter.host)?,
            source_port: super::field("source_port", filter.source_port)?,
            destination_port: super::field("destination_port", filter.destination_port)?,
            protocol: super::field("protocol", filter.protocol)?,
            from_zone: filter.from_zone,
            to_zone: filter.to_zone,
            policy: filter.policy,
            nat: filter.nat,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Wire;
    use crate::{Protocol, SessionFilter, v1};

    #[test]
    fn a_filter_is_read_field_by_field_and_none_means_all() {
        assert!(SessionFilter::from_wire(None).unwrap().is_all());
        let filter = v1::SessionFilter {
            source: Some("192.0.2.0/24".into()),
            host: Some("2001:db8::1".into()),
            destination_port: Some(v1::PortRange { low: 80, high: 443 }),
            protocol: Some(6),
            from_zone: Some("lan".into()),
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
        assert_eq!(SessionFilter::from_wire(Some(filter)).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_prefix_port_or_protocol_is_refused_by_name() {
        let none = v1::SessionFilter::default;
        let range = |low, high| Some(v1::PortRange { low, high });
        for (filter, said) in [
            (
                v1::SessionFilter { source: Some("lan".into()), ..none() },
                "source: lan is neither an address nor a prefix",
            ),
            (
                v1::SessionFilter { host: Some("10.0.0.0/33".into()), ..none() },
                "host: 10.0.0.0/33 is neither an address nor a prefix",
            ),
            (v1::SessionFilter { protocol: Some(256), ..none() }, "protocol: 256 is more than 255"),
            (
                v1::SessionFilter { source_port: range(0, 65_536), ..none() },
                "source_port.high: 65536 is more than 65535",
            ),
            (
                v1::SessionFilter { destination_port: range(9, 1), ..none() },
                "destination_port: port range 9-1 is empty: the lower port comes first",
            ),
        ] {
            let error = SessionFilter::from_wire(Some(filter)).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
