//! The deepest chain of calls, as the verifier of Linux 6.1 adds it up (`check_max_stack_depth`).

use anyhow::{Result, bail};

/// A frame is rounded up to this; since 6.9 to 16 where there is a JIT.
const ROUND: u64 = 32;

/// A function of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The kernel starts it.
    pub(super) is_program: bool,
    pub(super) frame_bytes: u64,
    /// Functions that it calls, or hands to a helper that calls them, by their place in the object.
    pub(super) calls: Vec<usize>,
}

/// Functions that are on the stack together, the program first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) functions: Vec<usize>,
    pub(super) bytes: u64,
}

// === impl Function ===

impl Function {
    /// What its frame costs: a function without one takes 32 bytes too.
    pub(super) fn cost(&self) -> u64 {
        self.frame_bytes.max(1).next_multiple_of(ROUND)
    }
}

/// The chains that end the search: the one with the most bytes, and the one with the most functions.
///
/// # Errors
/// When no program is there, or a function calls itself.
pub(super) fn deepest(functions: &[Function]) -> Result<(Chain, Chain)> {
    let mut known = vec![State::Unseen; functions.len()];
    let mut deepest = (Chain::default(), Chain::default());
    for (program, function) in functions.iter().enumerate() {
        if function.is_program {
            let (heavy, long) = below(functions, program, &mut known)?;
            if heavy.bytes > deepest.0.bytes {
                deepest.0 = heavy;
            }
            if long.functions.len() > deepest.1.functions.len() {
                deepest.1 = long;
            }
        }
    }
    if deepest.0.functions.is_empty() {
        bail!("the object has no program");
    }
    Ok(deepest)
}

#[derive(Clone)]
enum State {
    Unseen,
    Open,
    Done(Chain, Chain),
}

fn below(functions: &[Function], index: usize, known: &mut [State]) -> Result<(Chain, Chain)> {
    match &known[index] {
        State::Done(heavy, long) => return Ok((heavy.clone(), long.clone())),
        State::Open => bail!("{} calls itself", functions[index].name),
        State::Unseen => known[index] = State::Open,
    }
    let (mut heavy, mut long) = (Chain::default(), Chain::default());
    for &callee in &functions[index].calls {
        let (heavier, longer) = below(functions, callee, known)?;
        if heavier.bytes > heavy.bytes {
            heavy = heavier;
        }
        if longer.functions.len() > long.functions.len() {
            long = longer;
        }
    }
    for chain in [&mut heavy, &mut long] {
        chain.functions.insert(0, index);
        chain.bytes += functions[index].cost();
    }
    known[index] = State::Done(heavy.clone(), long.clone());
    Ok((heavy, long))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, frame_bytes: u64, calls: &[usize]) -> Function {
        Function { name: name.to_owned(), is_program: name == "program", frame_bytes, calls: calls.to_vec() }
    }

    #[test]
    fn each_frame_is_rounded_up_before_it_is_added() {
        let functions = [function("program", 1, &[1]), function("a", 33, &[2]), function("leaf", 0, &[])];
        let (heavy, _) = deepest(&functions).expect("chains");
        assert_eq!(heavy, Chain { functions: vec![0, 1, 2], bytes: 32 + 64 + 32 });
    }

    #[test]
    fn the_heaviest_and_the_longest_chain_may_be_two() {
        let functions = [
            function("program", 8, &[1, 2]),
            function("heavy", 256, &[]),
            function("a", 8, &[3]),
            function("b", 8, &[]),
        ];
        let (heavy, long) = deepest(&functions).expect("chains");
        assert_eq!((heavy.functions, heavy.bytes), (vec![0, 1], 288));
        assert_eq!((long.functions, long.bytes), (vec![0, 2, 3], 96));
    }

    #[test]
    fn what_no_program_reaches_does_not_count() {
        let functions = [function("program", 8, &[]), function("unused", 512, &[])];
        assert_eq!(deepest(&functions).expect("chains").0.bytes, 32);
    }

    #[test]
    fn a_function_that_calls_itself_is_refused() {
        let functions = [function("program", 8, &[1]), function("again", 8, &[2]), function("b", 8, &[1])];
        assert!(deepest(&functions).expect_err("a circle").to_string().contains("again calls itself"));
    }

    #[test]
    fn an_object_without_programs_is_refused() {
        assert!(deepest(&[function("leaf", 8, &[])]).is_err());
    }
}
