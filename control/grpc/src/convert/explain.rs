use super::{invalid, small};
use crate::v1::{self, explain_request::Input};
use flumen_api::{ExplainInput, ExplainReport, ExplainRequest, ExplainedPacket, Probe, Protocol, TraceStep};
use std::net::IpAddr;
use tonic::Status;

/// What is asked to be explained.
///
/// # Errors
/// When nothing arrives, or a field of the probe is none.
pub(crate) fn explain_request(request: v1::ExplainRequest) -> Result<ExplainRequest, Status> {
    let input = match request.input {
        None => return Err(invalid("input is not set: a probe, a frame or a capture".to_owned())),
        Some(Input::Probe(packet)) => ExplainInput::Probe(probe(packet)?),
        Some(Input::Frame(frame)) => {
            ExplainInput::Frame { interface: frame.interface, hex: hexadecimal(&frame.bytes) }
        }
        Some(Input::Capture(capture)) => {
            ExplainInput::Pcap { interface: capture.interface, hex: hexadecimal(&capture.file) }
        }
    };
    Ok(ExplainRequest { input, candidate: request.candidate })
}

fn probe(packet: v1::Probe) -> Result<Probe, Status> {
    let icmp = |kind: v1::IcmpKind| -> Result<(u8, u8), Status> {
        Ok((small("icmp.type", kind.r#type)?, small("icmp.code", kind.code)?))
    };
    Ok(Probe {
        interface: packet.interface,
        source: address("source", &packet.source)?,
        destination: address("destination", &packet.destination)?,
        protocol: Protocol(small("protocol", packet.protocol)?),
        source_port: small("source_port", packet.source_port)?,
        destination_port: small("destination_port", packet.destination_port)?,
        icmp: packet.icmp.map(icmp).transpose()?,
        tcp_flags: packet.tcp_flags.map(|flags| small("tcp_flags", flags)).transpose()?,
    })
}

fn address(field: &str, text: &str) -> Result<IpAddr, Status> {
    text.parse().map_err(|_| invalid(format!("{field} is no address: {text}")))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

pub(crate) fn explained(report: ExplainReport) -> v1::ExplainResponse {
    v1::ExplainResponse { packets: report.packets.into_iter().map(packet).collect() }
}

fn packet(packet: ExplainedPacket) -> v1::ExplainedPacket {
    let step = |step: TraceStep| v1::TraceStep {
        stage: step.stage,
        text: step.text,
        row: step.row.unwrap_or_default(),
    };
    v1::ExplainedPacket {
        summary: packet.summary,
        steps: packet.steps.into_iter().map(step).collect(),
        outcome: packet.outcome,
        reason: packet.reason,
        reason_text: packet.reason_text,
        frame_before: packet.frame_before,
        frame_after: packet.frame_after,
        egress_interface: packet.egress_interface.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{explain_request, hexadecimal};
    use crate::v1;

    #[test]
    fn bytes_become_two_digits_each() {
        assert_eq!(hexadecimal(&[0x00, 0x1f, 0xff]), "001fff");
    }

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
            explain_request(v1::ExplainRequest {
                input: Some(v1::explain_request::Input::Probe(probe)),
                candidate: None,
            })
        };
        ask(good.clone()).unwrap();
        for (probe, field) in [
            (v1::Probe { source: "x".into(), ..good.clone() }, "source"),
            (v1::Probe { protocol: 300, ..good.clone() }, "protocol"),
            (v1::Probe { destination_port: 65_536, ..good.clone() }, "destination_port"),
            (v1::Probe { icmp: Some(v1::IcmpKind { r#type: 256, code: 0 }), ..good.clone() }, "icmp.type"),
            (v1::Probe { tcp_flags: Some(256), ..good.clone() }, "tcp_flags"),
        ] {
            assert!(ask(probe).unwrap_err().message().starts_with(field), "{field}");
        }
        let nothing = explain_request(v1::ExplainRequest { input: None, candidate: None });
        assert!(nothing.unwrap_err().message().contains("not set"));
    }
}
