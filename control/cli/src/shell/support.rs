use crate::failure::Failure;
use crate::shell::operational::OPERATIONAL;
use crate::shell::printed::Printed;
use crate::shell::session::Session;
use serde_json::{Map, Value};

/// What whoever helps wants to know first, in this order.
const COMMANDS: &[&str] = &[
    "show version",
    "show system uptime",
    "show system alarms",
    "show system memory",
    "show system status",
    "show system commit",
    "show configuration",
    "show interfaces extensive",
    "show route table all",
    "show arp",
    "show ipv6 neighbors",
    "show security zones",
    "show security policies",
    "show security nat",
    "show security flow session summary",
    "show security flow statistics seen",
    "show system connections",
    "show log messages last 500",
    "show log audit last 100",
];

impl Session {
    /// `request support information`: a command that fails is told in its place.
    pub(super) fn support_information(&mut self) -> Result<Printed, Failure> {
        let (mut text, mut json) = (String::new(), Map::new());
        for command in COMMANDS {
            text.push_str(&format!("==> {command}\n"));
            let said = match self.execute_in(OPERATIONAL, command) {
                Ok(printed) => printed,
                Err(failure) => format!("error: {}\n", failure.text()).into(),
            };
            text.push_str(&said.text);
            text.push('\n');
            json.insert((*command).to_owned(), said.json.unwrap_or(Value::String(said.text)));
        }
        Ok(Printed { text, json: Some(Value::Object(json)) })
    }
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;
    use crate::shell::grammar::read;
    use crate::shell::operational::OPERATIONAL;

    #[test]
    fn every_command_of_it_is_one_and_reads_the_configuration_in_full() {
        for command in COMMANDS {
            assert!(read(OPERATIONAL, command).is_ok(), "{command}");
        }
    }
}
