use crate::failure::Failure;
use crate::file;
use clap::{Args, builder::ArgPredicate};
use flumen_api::{ExplainInput, ExplainRequest, Probe, Protocol};
use std::net::IpAddr;
use std::path::PathBuf;

/// A packet by its fields, one frame in hexadecimal, or a capture file.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  flumen explain -i eth0 --source 192.168.1.10 --destination 198.51.100.80 --destination-port 443
  flumen explain -i eth0 --protocol icmp --source 192.168.1.10 --destination 198.51.100.80
  flumen explain -i eth0 --pcap trouble.pcap --candidate next.json")]
pub(crate) struct ExplainArguments {
    /// Interface that the packet arrives on, as the configuration names it
    #[arg(short, long, value_name = "NAME")]
    interface: String,
    /// Source address
    #[arg(long, value_name = "ADDRESS", requires = "destination", required_unless_present_any = ["hex", "pcap"])]
    source: Option<IpAddr>,
    /// Destination address
    #[arg(long, value_name = "ADDRESS", requires = "source")]
    destination: Option<IpAddr>,
    /// IP protocol by name or number
    #[arg(
        long,
        value_name = "PROTOCOL",
        default_value = "tcp",
        default_value_if("icmp_type", ArgPredicate::IsPresent, "icmp")
    )]
    protocol: Protocol,
    /// Source port; the identifier of an ICMP query
    #[arg(long, value_name = "PORT", default_value_t = 49152)]
    source_port: u16,
    /// Destination port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    destination_port: u16,
    /// ICMP type [default: echo request]
    #[arg(long, value_name = "TYPE")]
    icmp_type: Option<u8>,
    /// ICMP code
    #[arg(long, value_name = "CODE", default_value_t = 0, requires = "icmp_type")]
    icmp_code: u8,
    /// TCP flags as letters of FSRPAU [default: S]
    #[arg(long, value_name = "FLAGS", value_parser = tcp_flags)]
    tcp_flags: Option<u8>,
    /// The frame from its Ethernet header on, as hexadecimal digits; - for standard input
    #[arg(long, value_name = "DIGITS", conflicts_with_all = ["source", "pcap"])]
    hex: Option<String>,
    /// Every frame of a pcap or pcapng file
    #[arg(long, value_name = "FILE", conflicts_with = "source")]
    pcap: Option<PathBuf>,
    /// Ask this configuration instead of the active one
    #[arg(long, value_name = "FILE")]
    pub(crate) candidate: Option<PathBuf>,
}

impl ExplainArguments {
    /// The request, with the files read.
    ///
    /// # Errors
    /// [`Failure::Usage`] when a file cannot be read.
    pub(crate) fn request(&self) -> Result<ExplainRequest, Failure> {
        let candidate = self.candidate.as_deref().map(file::read_text).transpose()?;
        Ok(ExplainRequest { input: self.input()?, candidate })
    }

    fn input(&self) -> Result<ExplainInput, Failure> {
        let interface = self.interface.clone();
        if let Some(path) = &self.pcap {
            return Ok(ExplainInput::Pcap { interface, file: file::read_bytes(path)? });
        }
        if let Some(digits) = &self.hex {
            let digits = if digits == "-" { file::read_text("-".as_ref())? } else { digits.clone() };
            return Ok(ExplainInput::Frame { interface, bytes: bytes(&digits).map_err(Failure::Failed)? });
        }
        let (Some(source), Some(destination)) = (self.source, self.destination) else {
            return Err(Failure::Usage("give --source and --destination, --hex, or --pcap".to_owned()));
        };
        let protocol = match (self.protocol, source.is_ipv6()) {
            (Protocol::ICMP, true) => Protocol::ICMP6, // what was meant is clear
            (protocol, _) => protocol,
        };
        Ok(ExplainInput::Probe(Probe {
            interface,
            source,
            destination,
            protocol,
            source_port: self.source_port,
            destination_port: self.destination_port,
            icmp: self.icmp_type.map(|kind| (kind, self.icmp_code)),
            tcp_flags: self.tcp_flags,
        }))
    }
}

/// RFC 9293 §3.1, least significant first.
fn tcp_flags(text: &str) -> Result<u8, String> {
    text.chars().try_fold(0, |flags, letter| {
        let place = "FSRPAU".find(letter.to_ascii_uppercase());
        place
            .map(|place| flags | 1 << place)
            .ok_or_else(|| format!("{letter:?} is no TCP flag: use letters of FSRPAU"))
    })
}

/// Hexadecimal digits; spaces, colons and line ends between them do no harm.
fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let meant = digits.chars().filter(|character| !character.is_whitespace() && *character != ':');
    let read = |character: char| {
        let digit = character.to_digit(16).ok_or_else(|| format!("{character:?} is no hexadecimal digit"))?;
        Ok::<u8, String>(digit as u8)
    };
    let digits = meant.map(read).collect::<Result<Vec<u8>, String>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of hexadecimal digits is no number of bytes".to_owned());
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::{bytes, tcp_flags};
    use crate::args::{Arguments, Command};
    use clap::Parser;
    use flumen_api::{ExplainInput, Probe, Protocol};

    fn input(line: &str) -> ExplainInput {
        let words = ["flumen", "explain", "-i", "lan"].into_iter().chain(line.split(' '));
        let Some(Command::Explain(arguments)) = Arguments::try_parse_from(words).unwrap().command else {
            panic!("{line}")
        };
        arguments.request().unwrap().input
    }

    #[test]
    fn hexadecimal_may_be_spaced_as_tcpdump_prints_it() {
        assert_eq!(bytes("0a0B 0c:0d\n0e").unwrap(), [10, 11, 12, 13, 14]);
        assert!(bytes("0x0a").unwrap_err().contains("'x'"));
        assert!(bytes("abc").unwrap_err().contains("odd"));
    }

    #[test]
    fn a_packet_by_its_fields_has_defaults_that_make_sense() {
        let syn = Probe {
            interface: "lan".into(),
            source: "192.0.2.1".parse().unwrap(),
            destination: "192.0.2.2".parse().unwrap(),
            protocol: Protocol::TCP,
            source_port: 49_152,
            destination_port: 443,
            icmp: None,
            tcp_flags: None,
        };
        let line = "--source 192.0.2.1 --destination 192.0.2.2 --destination-port 443";
        assert_eq!(input(line), ExplainInput::Probe(syn.clone()));
        let flags = format!("{line} --tcp-flags SA");
        assert_eq!(input(&flags), ExplainInput::Probe(Probe { tcp_flags: Some(0x12), ..syn }));
        let ExplainInput::Probe(ping) = input("--source ::1 --destination ::2 --icmp-type 128") else {
            panic!()
        };
        assert_eq!((ping.protocol, ping.icmp), (Protocol::ICMP6, Some((128, 0))));
    }

    #[test]
    fn a_frame_is_given_in_one_way_only() {
        let words =
            |line: &'static str| ["flumen", "explain", "-i", "lan"].into_iter().chain(line.split(' '));
        for line in [
            "--source 192.0.2.1",
            "--hex 00 --pcap x",
            "--hex 00 --source ::1 --destination ::2",
            "--icmp-code 1",
        ] {
            assert!(Arguments::try_parse_from(words(line)).is_err(), "{line}");
        }
        assert!(matches!(input("--hex 00ff"), ExplainInput::Frame { .. }));
    }

    #[test]
    fn tcp_flags_are_letters() {
        assert_eq!(tcp_flags("FSRPAU"), Ok(0x3f));
        assert_eq!(tcp_flags("a"), Ok(0x10));
        assert!(tcp_flags("X").is_err());
    }
}
