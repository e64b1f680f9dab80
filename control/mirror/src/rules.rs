//! A file of translations: `source_port=target_ip:target_port`, one on each line.

use crate::variables::wrong_number;
use crate::{Place, Problem, Rule};
use std::net::SocketAddr;

/// Every rule of a text with its place, and every line that is none.
pub(crate) fn read(file: &str, text: &str) -> (Vec<(Rule, Place)>, Vec<Problem>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, whole) in text.lines().enumerate() {
        let content = whole.split('#').next().unwrap_or_default();
        let line = content.trim();
        if line.is_empty() {
            continue;
        }
        let column = |part: &str| {
            let offset = part.as_ptr() as usize - whole.as_ptr() as usize;
            whole[..offset].chars().count() + 1
        };
        let place = |part: &str| Place { file: file.to_owned(), at: Some((number + 1, column(part))) };
        match rule(line) {
            Ok(rule) => rules.push((rule, place(line))),
            Err((part, text)) => problems.push(Problem { place: place(part), text }),
        }
    }
    (rules, problems)
}

/// What is wrong comes with the part of the line that it is about.
fn rule(line: &str) -> Result<Rule, (&str, String)> {
    let Some((port, target)) = line.split_once('=') else {
        return Err((line, "this is no rule; write source_port=target_ip:target_port".to_owned()));
    };
    let (port, target) = (port.trim(), target.trim());
    let source_port = match port.parse::<u16>() {
        Ok(number) if number > 0 => number,
        _ => return Err((port, wrong_number("port", port, 1, 65_535))),
    };
    match target.parse::<SocketAddr>() {
        Ok(target) if target.port() > 0 => {
            Ok(Rule { source_port, address: target.ip(), port: target.port() })
        }
        Ok(_) => Err((target, "0 is no port to send to".to_owned())),
        Err(_) if target.matches(':').count() > 1 && !target.starts_with('[') => {
            Err((target, format!("{target:?}: an IPv6 address stands in brackets: [2001:db8::1]:8080")))
        }
        Err(_) => Err((target, format!("{target:?} is no address and port: 192.168.1.100:8080"))),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::Rule;

    #[test]
    fn rules_are_read_with_comments_and_both_families() {
        let text = "# source_port=target_ip:target_port\n31765=192.168.1.100:8080\n\n 12345 = 10.0.0.50:9000 # b\n80=[2001:db8::1]:81\n";
        let (rules, problems) = read("f", text);
        assert_eq!(problems, []);
        let rule =
            |source_port, address: &str, port| Rule { source_port, address: address.parse().unwrap(), port };
        let read: Vec<_> = rules.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(
            read,
            [rule(31765, "192.168.1.100", 8080), rule(12345, "10.0.0.50", 9000), rule(80, "2001:db8::1", 81)]
        );
        assert_eq!(rules[1].1.to_string(), "f:4:2");
    }

    #[test]
    fn a_bad_line_is_refused_at_the_part_that_is_wrong() {
        for (line, complaint) in [
            ("31765", "f:1:1: this is no rule; write source_port=target_ip:target_port"),
            ("0=10.0.0.1:80", "f:1:1: \"0\" is no port; use a number from 1 to 65535"),
            ("70000=10.0.0.1:80", "f:1:1: \"70000\" is no port; use a number from 1 to 65535"),
            ("80=10.0.0.300:80", "f:1:4: \"10.0.0.300:80\" is no address and port: 192.168.1.100:8080"),
            ("80= 10.0.0.1", "f:1:5: \"10.0.0.1\" is no address and port: 192.168.1.100:8080"),
            ("80=10.0.0.1:0", "f:1:4: 0 is no port to send to"),
            (
                "80=2001:db8::1:80",
                "f:1:4: \"2001:db8::1:80\": an IPv6 address stands in brackets: [2001:db8::1]:8080",
            ),
        ] {
            let (rules, problems) = read("f", line);
            assert!(rules.is_empty());
            assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [complaint]);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let (rules, problems) = read("f", &text);
            assert!(rules.len() + problems.len() <= text.lines().count());
        });
    }
}
