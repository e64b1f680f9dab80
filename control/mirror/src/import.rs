use crate::variables::{Variable, read, wrong_number};
use crate::{Mirror, Place, Problem, Rule, Watch, rules};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

/// What says how the mirror is to be. What stands further down counts more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Name and text of a file of rules: `nat_rules.conf`.
    pub rules: Option<(String, String)>,
    /// Name and text of a file of interfaces: `interfaces.conf`.
    pub interfaces: Option<(String, String)>,
    /// Name and text of a file of variables: `.env`.
    pub env: Option<(String, String)>,
    /// Variables of the environment; others than [`Sources::ENVIRONMENT`] are ignored.
    pub environment: Vec<(String, String)>,
    /// Options of the command line: their name, the variable that they stand for, their value.
    pub options: Vec<(&'static str, &'static str, String)>,
}

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The mirror.
    pub mirror: Mirror,
    /// How it is watched.
    pub watch: Watch,
}

impl Sources {
    /// Variables that are taken from the environment.
    pub const ENVIRONMENT: [&'static str; 2] = ["AWS_IPSEC_VM_IP", "AWS_IPSEC_VM_PORT"];
}

/// Variables of `.env`.
const ENV: [&str; 18] = [
    "INTERFACE",
    "TARGET_INTERFACE",
    "ENABLE_REDIRECT",
    "NAT_IP",
    "NAT_PORT",
    "SOURCE_PORT",
    "AWS_IPSEC_VM_IP",
    "AWS_IPSEC_VM_PORT",
    "VXLAN_PORT",
    "VNI",
    "DF_OVER",
    "UDP_CHECKSUM",
    "STATS_INTERVAL",
    "TARGET_PPS",
    "PERFORMANCE_THRESHOLD",
    "LOG_FILE",
    "ENABLE_COLORS",
    "DEBUG_LEVEL",
];

/// Variables of `interfaces.conf`.
const INTERFACES: [&str; 4] = ["INPUT_INTERFACE", "TARGET_INTERFACE", "ENABLE_REDIRECT", "STATS_INTERVAL"];

/// Reads everything that says how a mirror is to be.
///
/// # Errors
/// Every problem of every source, in their order.
pub fn import(sources: &Sources) -> Result<Imported, Vec<Problem>> {
    let mut said = Said::default();
    if let Some((file, text)) = &sources.interfaces {
        said.file(file, text, &INTERFACES);
    }
    if let Some((file, text)) = &sources.env {
        said.file(file, text, &ENV);
    }
    let environment =
        sources.environment.iter().filter(|(key, _)| Sources::ENVIRONMENT.contains(&key.as_str()));
    for (key, value) in environment {
        said.put(Variable { key: key.clone(), value: value.clone(), place: Place::of(&format!("${key}")) });
    }
    for (option, key, value) in &sources.options {
        said.put(Variable { key: (*key).to_owned(), value: value.clone(), place: Place::of(option) });
    }
    let mut imported = said.imported();
    imported.mirror.rules = said.rules(sources.rules.as_ref());
    if said.problems.is_empty() { Ok(imported) } else { Err(said.problems) }
}

/// Variables by name, the last source's, and what is wrong.
#[derive(Default)]
struct Said {
    variables: BTreeMap<String, Variable>,
    problems: Vec<Problem>,
}

impl Said {
    fn file(&mut self, file: &str, text: &str, known: &[&str]) {
        let (variables, problems) = read(file, text);
        self.problems.extend(problems);
        let mut first: BTreeMap<String, Place> = BTreeMap::new();
        for variable in variables {
            let Variable { key, place, .. } = &variable;
            if !known.contains(&key.as_str()) {
                let text = format!("unknown variable {key}{}", nearest(key, known));
                self.problems.push(Problem { place: line_of(place), text });
            } else if let Some(before) = first.insert(key.clone(), place.clone()) {
                let line = before.at.map_or(0, |(line, _)| line);
                let text = format!("{key} is set on line {line} already");
                self.problems.push(Problem { place: line_of(place), text });
            } else {
                self.put(variable);
            }
        }
    }

    /// Both names of the input are one.
    fn put(&mut self, mut variable: Variable) {
        if variable.key == "INPUT_INTERFACE" {
            "INTERFACE".clone_into(&mut variable.key);
        }
        self.variables.insert(variable.key.clone(), variable);
    }

    fn refuse(&mut self, place: Place, text: String) {
        self.problems.push(Problem { place, text });
    }

    /// What a variable says; none when it is not set, is empty, or cannot be read.
    fn take<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Variable { value, place, .. } =
            self.variables.get(key).filter(|one| !one.value.is_empty())?.clone();
        match parse(&value) {
            Ok(value) => Some(value),
            Err(text) => {
                self.refuse(place, format!("{key}: {text}"));
                None
            }
        }
    }

    fn number<T: TryFrom<u64>>(&mut self, key: &str, what: &str, least: u64, most: u64) -> Option<T> {
        self.take(key, |value| {
            let number = value.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| wrong_number(what, value, least, most))
        })
    }

    fn port(&mut self, key: &str) -> Option<u16> {
        self.number(key, "port", 1, 65_535)
    }

    fn imported(&mut self) -> Imported {
        let (mirror, watch) = (Mirror::default(), Watch::default());
        let input = self.take("INTERFACE", device).unwrap_or(mirror.input);
        let output = self.take("TARGET_INTERFACE", device).or(mirror.output);
        let redirect = self.take("ENABLE_REDIRECT", yes).unwrap_or(true);
        let target = self.number("TARGET_PPS", "rate", 1, 1_000_000_000).unwrap_or(watch.target_pps);
        Imported {
            mirror: Mirror {
                // What would leave where it came from is routed: the neighbour is the kernel's to find.
                output: output.filter(|output| redirect && *output != input),
                input,
                vxlan_port: self.port("VXLAN_PORT").unwrap_or(mirror.vxlan_port),
                vni: self.number("VNI", "VNI", 0, 0x00ff_ffff).unwrap_or(mirror.vni),
                df_over: self.number("DF_OVER", "length", 0, 65_535).unwrap_or(mirror.df_over),
                zero_checksum: self.take("UDP_CHECKSUM", checksum).unwrap_or(mirror.zero_checksum),
                rules: Vec::new(),
            },
            watch: Watch {
                interval_s: self
                    .number("STATS_INTERVAL", "interval in seconds", 1, 3600)
                    .unwrap_or(watch.interval_s),
                target_pps: target,
                threshold_pps: self
                    .number("PERFORMANCE_THRESHOLD", "rate", 0, 1_000_000_000)
                    .unwrap_or(target * 7 / 10),
                colours: self.take("ENABLE_COLORS", yes).unwrap_or(watch.colours),
                log_file: self.take("LOG_FILE", |path| Ok(path.to_owned())),
                verbosity: self.number("DEBUG_LEVEL", "level", 0, 3).unwrap_or(watch.verbosity),
            },
        }
    }

    /// The rule of the variables, then those of the file.
    fn rules(&mut self, file: Option<&(String, String)>) -> Vec<Rule> {
        let mut all: Vec<(Rule, Place)> = Vec::new();
        all.extend(self.rule());
        if let Some((file, text)) = file {
            let (rules, problems) = rules::read(file, text);
            self.problems.extend(problems);
            for (rule, place) in rules {
                match all.iter().find(|(other, _)| other.source_port == rule.source_port) {
                    Some((_, other)) => {
                        let text = format!("source port {} has a rule already: {other}", rule.source_port);
                        self.problems.push(Problem { place, text });
                    }
                    None => all.push((rule, place)),
                }
            }
        }
        all.into_iter().map(|(rule, _)| rule).collect()
    }

    /// What NAT_IP, NAT_PORT and SOURCE_PORT say. The variables of AWS stand for the first two where those are not set.
    fn rule(&mut self) -> Option<(Rule, Place)> {
        const PORT: u16 = 8080;
        const SOURCE_PORT: u16 = 31765;
        let place = |said: &Said, key: &str| said.variables.get(key).map(|variable| variable.place.clone());
        let address = self.take("NAT_IP", address);
        let aws = self.take("AWS_IPSEC_VM_IP", self::address);
        let (port, aws_port) = (self.port("NAT_PORT"), self.port("AWS_IPSEC_VM_PORT"));
        let source_port = self.port("SOURCE_PORT");
        let set = |said: &Said, key: &str| said.variables.get(key).is_some_and(|one| !one.value.is_empty());
        if !["NAT_IP", "AWS_IPSEC_VM_IP"].iter().any(|key| set(self, key)) {
            let lonely =
                ["NAT_PORT", "AWS_IPSEC_VM_PORT", "SOURCE_PORT"].into_iter().find(|key| set(self, key))?;
            let text = format!("{lonely} is set, but no address to send to; set NAT_IP");
            self.refuse(place(self, lonely)?, text);
            return None;
        }
        let place = place(self, "NAT_IP").or_else(|| place(self, "AWS_IPSEC_VM_IP"))?;
        let rule = Rule {
            source_port: source_port.unwrap_or(SOURCE_PORT),
            address: address.or(aws)?,
            port: port.or(aws_port).unwrap_or(PORT),
        };
        Some((rule, place))
    }
}

/// The same line, its beginning.
fn line_of(place: &Place) -> Place {
    Place { at: place.at.map(|(line, _)| (line, 1)), ..place.clone() }
}

/// The nearest name, in words.
fn nearest(key: &str, known: &[&str]) -> String {
    let distance = |name: &&&str| strsim::damerau_levenshtein(key, name);
    match known.iter().min_by_key(distance).filter(|name| distance(name) <= 3) {
        Some(name) => format!("; did you mean {name}?"),
        None => format!("; there is {}", known.join(", ")),
    }
}

/// A name that the kernel takes for a device. One with a dot is a device of a VLAN, which the gateway does itself.
fn device(name: &str) -> Result<String, String> {
    let fits =
        |one: char| one.is_ascii_graphic() && !matches!(one, '/' | ':' | '{' | '}' | ';' | '"' | '[' | ']');
    if name.len() > 15 || !name.chars().all(fits) || name == ".." {
        return Err(format!("{name:?} is no name of a device: at most 15 letters, digits, - and _"));
    }
    if name.contains('.') {
        return Err(format!(
            "{name:?} is a sub-interface; name the device itself, and give VLANs in a configuration"
        ));
    }
    Ok(name.to_owned())
}

fn address(text: &str) -> Result<IpAddr, String> {
    let address =
        IpAddr::from_str(text).map_err(|_| format!("{text:?} is no address: 10.2.41.17, 2001:db8::1"))?;
    if address.is_unspecified() || address.is_multicast() {
        return Err(format!("{text} is no address of a host"));
    }
    Ok(address)
}

fn yes(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Ok(true),
        "no" | "false" | "0" | "off" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

fn checksum(text: &str) -> Result<bool, String> {
    match text {
        "keep" => Ok(false),
        "zero" => Ok(true),
        _ => Err(format!("{text:?} is unknown; there is keep, zero")),
    }
}

#[cfg(test)]
mod tests;
