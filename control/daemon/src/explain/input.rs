use super::probe;
use flumen_api::{ApiError, ExplainInput};
use flumen_compile::Names;
use flumen_engine::{InterfaceId, Vlan};
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError};

/// Frames of one request at most; each answer has a trace.
const MAX_FRAMES: usize = 1000;
/// A frame is at most this long; the pipeline keeps offsets in 14 bits.
const MAX_FRAME_BYTES: usize = 16 << 10;

/// The frames of a request, and the interface that they arrive on.
///
/// # Errors
/// When the input is no frame, or the interface is not configured.
pub(crate) fn frames(input: &ExplainInput, names: &Names) -> Result<(InterfaceId, Vec<Vec<u8>>), ApiError> {
    let (ExplainInput::Probe(probe::Probe { interface, .. })
    | ExplainInput::Frame { interface, .. }
    | ExplainInput::Pcap { interface, .. }) = input;
    let (id, vlan) = interface_of(interface, names)?;
    let frames = match input {
        ExplainInput::Probe(probe) => vec![probe::frame(probe, vlan)?],
        ExplainInput::Frame { bytes, .. } => vec![bytes.clone()],
        ExplainInput::Pcap { file, .. } => captured_frames(file, MAX_FRAMES)?,
    };
    if let Some(long) = frames.iter().find(|frame| frame.len() > MAX_FRAME_BYTES) {
        let reason = format!(
            "a frame of {} bytes is longer than the {MAX_FRAME_BYTES} that can be explained",
            long.len()
        );
        return Err(ApiError::Impossible { reason });
    }
    Ok((id, frames))
}

/// The interface of this name; that of this device, if there is one alone.
fn interface_of(name: &str, names: &Names) -> Result<(InterfaceId, Vlan), ApiError> {
    let known = names.interfaces().find(|(_, interface)| interface.name == name);
    let mut on_device =
        names.interfaces().filter(|(_, interface)| interface.device == name || interface.link == name);
    let alone = match (on_device.next(), on_device.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    };
    match known.or(alone) {
        Some((id, interface)) => Ok((id, interface.vlan)),
        None => Err(ApiError::Unknown {
            kind: "interface".to_owned(),
            name: name.to_owned(),
            known: names.interfaces().map(|(_, interface)| interface.name.clone()).collect(),
        }),
    }
}

/// Every frame of a pcap or pcapng file.
///
/// # Errors
/// When it is no such file, has frames of something else than Ethernet, or more than `most`.
pub fn captured_frames(file: &[u8], most: usize) -> Result<Vec<Vec<u8>>, ApiError> {
    const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
    let unreadable = |error: PcapError| ApiError::Impossible {
        reason: format!("the capture file cannot be read: {error}"),
    };
    let mut frames = Vec::new();
    if file.starts_with(&PCAPNG) {
        let mut reader = PcapNgReader::new(file).map_err(unreadable)?;
        while let Some(block) = reader.next_block() {
            match block.map_err(unreadable)? {
                Block::InterfaceDescription(interface) => ethernet(interface.linktype)?,
                Block::EnhancedPacket(packet) => keep(&mut frames, &packet.data, most)?,
                Block::SimplePacket(packet) => keep(&mut frames, &packet.data, most)?,
                _ => {}
            }
        }
    } else {
        let mut reader = PcapReader::new(file).map_err(unreadable)?;
        ethernet(reader.header().datalink)?;
        while let Some(packet) = reader.next_packet() {
            keep(&mut frames, &packet.map_err(unreadable)?.data, most)?;
        }
    }
    Ok(frames)
}

fn ethernet(link: DataLink) -> Result<(), ApiError> {
    if link == DataLink::ETHERNET {
        return Ok(());
    }
    let reason = format!(
        "the capture file has frames of link type {link:?}, not Ethernet: capture on a device, not on `any`"
    );
    Err(ApiError::Impossible { reason })
}

fn keep(frames: &mut Vec<Vec<u8>>, frame: &[u8], most: usize) -> Result<(), ApiError> {
    if frames.len() == most {
        let reason =
            format!("the capture file has more than {most} frames: cut it with `editcap` or `tcpdump -c`");
        return Err(ApiError::Impossible { reason });
    }
    frames.push(frame.to_vec());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_FRAMES, captured_frames};
    fn captured(file: &[u8]) -> Result<Vec<Vec<u8>>, flumen_api::ApiError> {
        captured_frames(file, MAX_FRAMES)
    }

    /// A pcap file, microseconds, little endian, with these frames.
    fn pcap(link: u32, frames: &[&[u8]]) -> Vec<u8> {
        let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        file.extend([2, 0, 4, 0]);
        file.extend([0; 8]);
        file.extend(65_535_u32.to_le_bytes());
        file.extend(link.to_le_bytes());
        for frame in frames {
            file.extend([0; 8]);
            file.extend((frame.len() as u32).to_le_bytes());
            file.extend((frame.len() as u32).to_le_bytes());
            file.extend(*frame);
        }
        file
    }

    #[test]
    fn a_capture_gives_its_frames_and_other_link_types_are_named() {
        assert_eq!(captured(&pcap(1, &[&[1, 2, 3], &[4]])).unwrap(), [vec![1, 2, 3], vec![4]]);
        assert!(captured(&pcap(113, &[])).unwrap_err().to_string().contains("not Ethernet"));
        assert!(captured(b"no capture at all, but long enough").is_err());
    }

    #[test]
    fn a_capture_that_is_cut_short_anywhere_is_refused_or_shorter() {
        let file = pcap(1, &[&[1; 60], &[2; 60]]);
        for cut in 0..file.len() {
            if let Ok(frames) = captured(&file[..cut]) {
                assert!(frames.len() < 2, "{cut}");
            }
        }
    }

    #[test]
    fn no_file_makes_the_reader_panic() {
        bolero::check!().for_each(|file: &[u8]| {
            drop(captured(file));
            drop(captured(&[&[0x0a, 0x0d, 0x0d, 0x0a], file].concat()));
            drop(captured(&[&pcap(1, &[])[..], file].concat()));
        });
    }
}
