use std::fmt::{Debug, Display};

/// What a configuration is applied to: a ruleset, interfaces, routes. A pair of subjects is a subject, so that
/// they change together and go back together.
pub trait Subject {
    /// A configuration that is ready to be applied, and what is needed to go back.
    type Prepared;
    /// Every complaint about a configuration.
    type Error: Debug + Display;

    /// Does everything that may fail: reads, checks, compiles, reserves. What is in force does not change.
    ///
    /// # Errors
    /// Why this configuration is refused; nothing stays reserved.
    fn prepare(&mut self, text: &str, origin: Origin) -> Result<Self::Prepared, Self::Error>;

    /// Puts it in force. By then the commit is on disk.
    ///
    /// # Errors
    /// When it fails although it was prepared: the world changed in between. It is then reverted.
    fn apply(&mut self, prepared: &mut Self::Prepared) -> Result<(), Self::Error>;

    /// Gives up what was prepared: what was in force before is in force again, whether it was applied, failed half-way or
    /// was never tried. It must not fail: what is needed for it was prepared, too.
    fn revert(&mut self, prepared: Self::Prepared);
}

/// Where a configuration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wants it; whatever it lacks is a mistake.
    New,
    /// It was active before: what is missing now, say a device, is waited for.
    Known,
}

impl<A: Subject, B: Subject<Error = A::Error>> Subject for (A, B) {
    type Prepared = (A::Prepared, B::Prepared);
    type Error = A::Error;

    fn prepare(&mut self, text: &str, origin: Origin) -> Result<Self::Prepared, Self::Error> {
        let first = self.0.prepare(text, origin)?;
        match self.1.prepare(text, origin) {
            Ok(second) => Ok((first, second)),
            Err(error) => {
                self.0.revert(first);
                Err(error)
            }
        }
    }

    fn apply(&mut self, prepared: &mut Self::Prepared) -> Result<(), Self::Error> {
        self.0.apply(&mut prepared.0)?;
        self.1.apply(&mut prepared.1)
    }

    fn revert(&mut self, prepared: Self::Prepared) {
        self.1.revert(prepared.1);
        self.0.revert(prepared.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Subject};
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Writes down what it is told; refuses or fails at texts that name it.
    struct Part(&'static str, Rc<RefCell<Vec<String>>>);

    impl Part {
        fn note(&self, what: &str) {
            self.1.borrow_mut().push(format!("{what} {}", self.0));
        }
    }

    impl Subject for Part {
        type Prepared = String;
        type Error = String;

        fn prepare(&mut self, text: &str, _: Origin) -> Result<String, String> {
            self.note("prepare");
            if text == format!("refuse {}", self.0) { Err("refused".to_owned()) } else { Ok(text.to_owned()) }
        }

        fn apply(&mut self, prepared: &mut String) -> Result<(), String> {
            self.note("apply");
            if *prepared == format!("fail {}", self.0) { Err("failed".to_owned()) } else { Ok(()) }
        }

        fn revert(&mut self, _: String) {
            self.note("revert");
        }
    }

    fn run(text: &str) -> Vec<String> {
        let notes = Rc::new(RefCell::new(Vec::new()));
        let part = |name| Part(name, Rc::clone(&notes));
        let mut subject = ((part("a"), part("b")), part("c"));
        if let Ok(mut prepared) = subject.prepare(text, Origin::New)
            && subject.apply(&mut prepared).is_err()
        {
            subject.revert(prepared);
        }
        notes.take()
    }

    #[test]
    fn parts_are_applied_in_order_after_all_were_prepared() {
        assert_eq!(run("x"), ["prepare a", "prepare b", "prepare c", "apply a", "apply b", "apply c"]);
    }

    #[test]
    fn a_refusal_of_one_gives_up_what_the_others_prepared() {
        assert_eq!(run("refuse c"), ["prepare a", "prepare b", "prepare c", "revert b", "revert a"]);
        assert_eq!(run("refuse a"), ["prepare a"]);
    }

    #[test]
    fn a_failure_of_one_takes_all_back_in_reverse() {
        let all = run("fail b");
        assert_eq!(all[3..], ["apply a", "apply b", "revert c", "revert b", "revert a"]);
    }
}
