use crate::failure::Failure;
use crate::output::complain;
use crate::shell::grammar::Matched;
use crate::shell::pipe::Pipe;
use crate::shell::printed::Printed;
use crate::shell::session::Session;
use flumen_api::InterfaceInfo;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

type Told = Result<Printed, Failure>;

/// Words of ours, and what the program calls them.
type Options = &'static [(&'static str, &'static [&'static str])];

const PING: Options = &[
    ("count", &["-c"]),
    ("do-not-fragment", &["-M", "do"]),
    ("interface", &["-I"]),
    ("interval", &["-i"]),
    ("rapid", &["-c", "5", "-i", "0.01"]),
    ("size", &["-s"]),
    ("source", &["-I"]),
    ("ttl", &["-t"]),
];

const TRACEROUTE: Options = &[
    ("interface", &["-i"]),
    ("no-resolve", &["-n"]),
    ("source", &["-s"]),
    ("ttl", &["-m"]),
    ("wait", &["-w"]),
];

/// `ping`.
pub(super) fn ping(matched: &Matched<'_>) -> Told {
    let host = host("ping", matched)?;
    run("ping", "iputils-ping", &[arguments(PING, matched), host].concat())
}

/// `traceroute`.
pub(super) fn traceroute(matched: &Matched<'_>) -> Told {
    let host = host("traceroute", matched)?;
    run("traceroute", "traceroute", &[arguments(TRACEROUTE, matched), host].concat())
}

impl Session {
    /// `monitor traffic`.
    pub(super) fn traffic(&self, matched: &Matched<'_>, pipes: &[Pipe]) -> Told {
        if !pipes.is_empty() {
            let text = "packets are filtered by an expression: matching \"host 192.0.2.1 and port 53\"";
            return Err(Failure::Usage(text.to_owned()));
        }
        let wanted = matched
            .value("interface")
            .ok_or_else(|| Failure::Usage("monitor traffic needs interface and its name".to_owned()))?;
        let device = self.device(wanted)?;
        complain(&format!(
            "{wanted} is {device} here. You see what the kernel sees: what the gateway forwards or drops itself is not \
             among it, but in `show security flow session` and `monitor security packet-drop`\n"
        ));
        // -Z: the file is written by whoever asks, not by a user of tcpdump's own who may not write there.
        let user = super::host::user_name();
        let mut words = ["-n", "-l", "-Z", &user, "-i", &device].map(str::to_owned).to_vec();
        for (word, option) in [("count", "-c"), ("write", "-w")] {
            words.extend(
                matched.value(word).into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]),
            );
        }
        words.extend(matched.arguments().map(str::to_owned));
        words.extend(matched.value("matching").map(str::to_owned));
        run("tcpdump", "tcpdump", &words)
    }

    /// The device of the host that an interface of the configuration is; a device is itself.
    fn device(&self, wanted: &str) -> Result<String, Failure> {
        let here = |device: &str| !device.contains('/') && Path::new("/sys/class/net").join(device).exists();
        if here(wanted) {
            return Ok(wanted.to_owned());
        }
        let known = self.interfaces()?.interfaces;
        match known.iter().find(|own| own.name == wanted).or_else(|| one_unit(&known, wanted)) {
            // Where /sys is not that of this network namespace, no device seems to be here.
            Some(own) if own.name != wanted => Ok(own.link.clone()),
            Some(own) => Ok(if here(&own.link) { &own.link } else { &own.device }.clone()),
            None => {
                let names: Vec<&str> = known.iter().map(|own| own.name.as_str()).collect();
                Err(Failure::Failed(format!("there is no interface {wanted}; there is {}", names.join(", "))))
            }
        }
    }
}

/// The interface of a device that has one unit: `eth0` is `eth0.0` then.
fn one_unit<'i>(known: &'i [InterfaceInfo], device: &str) -> Option<&'i InterfaceInfo> {
    let unit = |own: &InterfaceInfo| own.name.strip_prefix(device).is_some_and(|unit| unit.starts_with('.'));
    let mut units = known.iter().filter(|own| own.device == device || unit(own));
    units.next().filter(|_| units.next().is_none())
}

/// The host, unless arguments of the program name it.
fn host(program: &str, matched: &Matched<'_>) -> Result<Vec<String>, Failure> {
    let own: Vec<String> = matched.arguments().map(str::to_owned).collect();
    match matched.value("") {
        Some(host) if own.is_empty() => Ok(vec![host.to_owned()]),
        Some(host) => Ok([own, vec![host.to_owned()]].concat()),
        None if own.is_empty() => Err(Failure::Usage(format!("{program} needs a host"))),
        None => Ok(own),
    }
}

fn arguments(options: Options, matched: &Matched<'_>) -> Vec<String> {
    let said = options.iter().filter_map(|(word, theirs)| Some((theirs, matched.value(word)?)));
    said.flat_map(|(theirs, value)| {
        let value = Some(value).filter(|value| !value.is_empty());
        theirs.iter().copied().chain(value).map(str::to_owned)
    })
    .collect()
}

/// Another program, on this terminal.
fn run(program: &str, package: &str, arguments: &[String]) -> Told {
    match Command::new(program).args(arguments).status() {
        Ok(status) if status.success() => Ok(Printed::default()),
        Ok(_) => Err(Failure::Reported),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::Failed(format!(
            "there is no {program} on this host: install it (on Debian: apt install {package})"
        ))),
        Err(error) => Err(Failure::Failed(format!("cannot run {program}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{PING, TRACEROUTE, arguments, host};
    use crate::shell::grammar::read;
    use crate::shell::operational::OPERATIONAL;

    fn words(line: &str) -> Vec<String> {
        let matched = read(OPERATIONAL, line).unwrap();
        let options = if line.starts_with('p') { PING } else { TRACEROUTE };
        [arguments(options, &matched), host("ping", &matched).unwrap()].concat()
    }

    #[test]
    fn words_of_ours_become_options_of_the_program_and_its_own_are_left_alone() {
        assert_eq!(
            words("ping 192.0.2.1 cou 3 size 100 do"),
            ["-c", "3", "-M", "do", "-s", "100", "192.0.2.1"]
        );
        assert_eq!(words("ping 192.0.2.1 rapid"), ["-c", "5", "-i", "0.01", "192.0.2.1"]);
        assert_eq!(words("ping -c 3 -W 1 192.0.2.1"), ["-c", "3", "-W", "1", "192.0.2.1"]);
        assert_eq!(words("ping 192.0.2.1 -c 3"), ["-c", "3", "192.0.2.1"]);
        assert_eq!(words("traceroute ::1 no-resolve ttl 5"), ["-n", "-m", "5", "::1"]);
        assert!(host("ping", &read(OPERATIONAL, "ping").unwrap()).is_err());
    }
}
