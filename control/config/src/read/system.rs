use super::reader::{Read, Reader};
use crate::{Dataplane, Flow, LoginClass, Mode, Name, Sessions, System};
use jsonc_parser::ast::Value;
use std::collections::BTreeMap;

impl Read for System {
    fn read(value: &Value<'_>, reader: &mut Reader) -> System {
        let mut fields = reader.object(value);
        let system = System {
            dataplane: reader.optional(&mut fields, "dataplane").unwrap_or_default(),
            login: reader.optional::<Login>(&mut fields, "login").map(|login| login.0).unwrap_or_default(),
        };
        reader.finish(fields);
        system
    }
}

/// Classes by user.
struct Login(BTreeMap<Name, LoginClass>);

impl Read for Login {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Login {
        Login(reader.map(value, Name::new))
    }
}

impl Read for LoginClass {
    fn read(value: &Value<'_>, reader: &mut Reader) -> LoginClass {
        let words = LoginClass::ALL.map(|class| (class.word(), class));
        reader.word(value, "class", &words).unwrap_or_default()
    }
}

impl Read for Dataplane {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Dataplane {
        let mut fields = reader.object(value);
        let dataplane = Dataplane {
            sessions: reader.optional(&mut fields, "sessions").unwrap_or_default(),
            mode: reader.optional(&mut fields, "mode").unwrap_or_default(),
        };
        reader.finish(fields);
        dataplane
    }
}

impl Read for Sessions {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Sessions {
        type Count = Bounded<{ Sessions::LEAST }, { Sessions::GREATEST }>;
        let mut fields = reader.object(value);
        let mut count = |name| reader.optional::<Count>(&mut fields, name).map(|bounded| bounded.0);
        let maximum = count("maximum").unwrap_or(Sessions::default().maximum);
        let ipv6_maximum = count("ipv6-maximum");
        reader.finish(fields);
        Sessions { maximum, ipv6_maximum }
    }
}

impl Read for Mode {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Mode {
        reader.word(value, "mode", &Mode::ALL.map(|mode| (mode.word(), mode))).unwrap_or_default()
    }
}

impl Read for Flow {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Flow {
        type Seconds = Bounded<1, { Flow::LONGEST_TIMEOUT }>;
        let default = Flow::default();
        let mut fields = reader.object(value);
        let mut seconds = |name, default| {
            reader.optional::<Seconds>(&mut fields, name).map_or(default, |seconds| seconds.0)
        };
        let flow = Flow {
            tcp_initial_timeout: seconds("tcp-initial-timeout", default.tcp_initial_timeout),
            tcp_established_timeout: seconds("tcp-established-timeout", default.tcp_established_timeout),
            tcp_closing_timeout: seconds("tcp-closing-timeout", default.tcp_closing_timeout),
            tcp_closed_timeout: seconds("tcp-closed-timeout", default.tcp_closed_timeout),
            udp_timeout: seconds("udp-timeout", default.udp_timeout),
            icmp_timeout: seconds("icmp-timeout", default.icmp_timeout),
            other_timeout: seconds("other-timeout", default.other_timeout),
            answers_per_second: reader
                .optional::<Bounded<0, { Flow::MOST_ANSWERS }>>(&mut fields, "answers-per-second")
                .map_or(default.answers_per_second, |answers| answers.0),
            no_syn_check: reader.optional(&mut fields, "no-syn-check").unwrap_or(default.no_syn_check),
        };
        reader.finish(fields);
        flow
    }
}

/// A whole number from `LEAST` to `GREATEST`.
pub(super) struct Bounded<const LEAST: u32, const GREATEST: u32>(pub(super) u32);

impl<const LEAST: u32, const GREATEST: u32> Read for Bounded<LEAST, GREATEST> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Self {
        let number = reader.number(value, LEAST.into(), GREATEST.into());
        Bounded(number.map_or(LEAST, |number| number as u32))
    }
}
