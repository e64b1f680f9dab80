//! Whether every chain of calls in the eBPF objects fits the stack on the oldest supported kernel.
//!
//! Newer kernels round frames up by less, so that an object that this kernel loads may be refused by Linux 6.1.

mod chain;
mod instruction;
mod object;

use std::fs;

use anyhow::{Context, Result, bail};

use chain::{Chain, Function};

use crate::ebpf;
use crate::tree::Tree;

/// Bytes that all frames of a chain may take together (`MAX_BPF_STACK`).
const STACK_BYTES: u64 = 512;

/// Functions that may be on the stack at once (`MAX_CALL_FRAMES`).
const FUNCTIONS: usize = 8;

/// Says of every eBPF object which chain of calls is the deepest.
///
/// # Errors
/// When one takes more than 512 bytes or 8 functions, or an object cannot be read.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    for name in ebpf::object_names() {
        let path = tree.ebpf_objects().join(name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let functions = object::functions(&bytes).with_context(|| name.to_owned())?;
        println!("stack: {name}: {}", verdict(&functions).with_context(|| name.to_owned())?);
    }
    Ok(())
}

/// One line about an object that fits.
fn verdict(functions: &[Function]) -> Result<String> {
    let (heavy, long) = chain::deepest(functions)?;
    if heavy.bytes > STACK_BYTES {
        bail!("{} bytes of stack, {STACK_BYTES} are allowed: {}", heavy.bytes, shown(functions, &heavy));
    }
    let count = long.functions.len();
    if count > FUNCTIONS {
        bail!("{count} functions on the stack, {FUNCTIONS} are allowed: {}", shown(functions, &long));
    }
    Ok(format!(
        "{} of {STACK_BYTES} bytes ({}), {count} of {FUNCTIONS} functions",
        heavy.bytes,
        shown(functions, &heavy)
    ))
}

/// `flumen 192 > flumen_pipeline::fast::known 96`.
fn shown(functions: &[Function], chain: &Chain) -> String {
    let links = chain.functions.iter().map(|index| &functions[*index]);
    links.map(|function| format!("{} {}", function.name, function.cost())).collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(frames: &[u64]) -> Vec<Function> {
        let last = frames.len() - 1;
        let function = |(index, bytes): (usize, &u64)| Function {
            name: format!("f{index}"),
            is_program: index == 0,
            frame_bytes: *bytes,
            calls: (index < last).then_some(index + 1).into_iter().collect(),
        };
        frames.iter().enumerate().map(function).collect()
    }

    #[test]
    fn a_chain_of_512_bytes_fits_and_one_byte_more_does_not() {
        assert_eq!(
            verdict(&line(&[256, 256])).expect("fits"),
            "512 of 512 bytes (f0 256 > f1 256), 2 of 8 functions"
        );
        let refused = verdict(&line(&[256, 257])).expect_err("544 bytes").to_string();
        assert_eq!(refused, "544 bytes of stack, 512 are allowed: f0 256 > f1 288");
    }

    #[test]
    fn frames_of_one_byte_count_as_32() {
        assert!(verdict(&line(&[1; 8])).is_ok());
        assert!(verdict(&line(&[256, 224, 1])).is_ok(), "that is 512");
        assert!(verdict(&line(&[256, 225, 1])).is_err());
    }

    #[test]
    fn eight_functions_fit_and_nine_do_not() {
        assert!(verdict(&line(&[0; 8])).is_ok());
        assert!(verdict(&line(&[0; 9])).expect_err("too many").to_string().contains("9 functions"));
    }
}
