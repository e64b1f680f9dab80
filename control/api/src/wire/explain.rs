use super::{Wire, WireError, field, mirror};
use crate::v1::explain_request::Input;
use crate::{ExplainInput, ExplainRequest, v1};

mirror! {
    Probe = Probe { interface, source, destination, protocol, source_port, destination_port, icmp, tcp_flags }
    ExplainReport = Explained { packets }
    ExplainedPacket = ExplainedPacket {
        summary, steps, outcome, reason, reason_text, frame_before, frame_after, egress_interface,
    }
    TraceStep = TraceStep { stage, text, row }
}

impl Wire<v1::ExplainRequest> for ExplainRequest {
    fn into_wire(self) -> v1::ExplainRequest {
        let ExplainRequest { input, candidate } = self;
        let input = match input {
            ExplainInput::Probe(probe) => Input::Probe(probe.into_wire()),
            ExplainInput::Frame { interface, bytes } => Input::Frame(v1::Frame { interface, bytes }),
            ExplainInput::Pcap { interface, file } => Input::Capture(v1::Capture { interface, file }),
        };
        v1::ExplainRequest { input: Some(input), candidate }
    }

    fn from_wire(request: v1::ExplainRequest) -> Result<Self, WireError> {
        let v1::ExplainRequest { input, candidate } = request;
        let input = match input {
            None => return Err(WireError::new("input is not set: a probe, a frame or a capture")),
            Some(Input::Probe(probe)) => ExplainInput::Probe(field("probe", probe)?),
            Some(Input::Frame(v1::Frame { interface, bytes })) => ExplainInput::Frame { interface, bytes },
            Some(Input::Capture(v1::Capture { interface, file })) => ExplainInput::Pcap { interface, file },
        };
        Ok(ExplainRequest { input, candidate })
    }
}

impl Wire<v1::IcmpKind> for (u8, u8) {
    fn into_wire(self) -> v1::IcmpKind {
        v1::IcmpKind { r#type: self.0.into(), code: self.1.into() }
    }

    fn from_wire(kind: v1::IcmpKind) -> Result<Self, WireError> {
        Ok((field("type", kind.r#type)?, field("code", kind.code)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Wire;
    use crate::{ExplainRequest, v1};

    #[test]
    fn a_probe_that_fits_no_packet_is_refused_by_its_field() {
        let good = v1::Probe {
            interface: "lan0".into(),
            source: "192.0.2.1".into(),
            destination: "192.0.2.2".into(),
            protocol: 6,
            ..v1::Probe::default()
        };
        let ask = |probe| {
            let input = Some(v1::explain_request::Input::Probe(probe));
            ExplainRequest::from_wire(v1::ExplainRequest { input, candidate: None })
        };
        ask(good.clone()).unwrap();
        let icmp = Some(v1::IcmpKind { r#type: 256, code: 0 });
        for (probe, field) in [
            (v1::Probe { source: "x".into(), ..good.clone() }, "probe.source: x"),
            (v1::Probe { protocol: 300, ..good.clone() }, "probe.protocol: 300"),
            (v1::Probe { destination_port: 65_536, ..good.clone() }, "probe.destination_port: "),
            (v1::Probe { icmp, ..good.clone() }, "probe.icmp.type: 256"),
            (v1::Probe { tcp_flags: Some(256), ..good.clone() }, "probe.tcp_flags: 256"),
        ] {
            assert!(ask(probe).unwrap_err().to_string().starts_with(field), "{field}");
        }
        let nothing = ExplainRequest::from_wire(v1::ExplainRequest::default());
        assert!(nothing.unwrap_err().to_string().contains("not set"));
    }
}
