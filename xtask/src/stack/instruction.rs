//! BPF instructions, as far as they tell how much of the stack a function uses and what it calls.

use anyhow::{Result, bail};

/// Bytes of one instruction; a 64-bit constant takes two.
pub(super) const BYTES: usize = 8;

/// The register that points to the end of a function's frame. It is never written.
const FRAME: usize = 10;

/// An offset below which no compiled function gets: somebody moves a pointer into the frame in a loop.
const BOTTOM: i64 = -(1 << 16);

// Opcodes of RFC 9669.
const LOAD_WIDE: u8 = 0x18;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const JUMP: u8 = 0x05;
const JUMP_FAR: u8 = 0x06;
const ADD_CONSTANT: u8 = 0x07;
const SUB_CONSTANT: u8 = 0x17;
const ADD_REGISTER: u8 = 0x0f;
const MOVE_REGISTER: u8 = 0xbf;

/// `src` of a call of another BPF function; helpers have 0, kernel functions 2.
const CALL_OF_FUNCTION: u8 = 1;

/// One instruction (RFC 9669 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) opcode: u8,
    pub(super) dst: usize,
    pub(super) src: u8,
    pub(super) offset: i16,
    pub(super) immediate: i32,
}

/// For each register, the lowest distance from the frame pointer that it may have; none when it points elsewhere.
type Registers = [Option<i64>; FRAME + 1];

// === impl Instruction ===

impl Instruction {
    /// The instructions of little-endian code; a rest of less than 8 bytes is an error of the caller.
    pub(super) fn decode(code: &[u8]) -> Vec<Self> {
        let words = code.chunks_exact(BYTES);
        words
            .map(|word| Self {
                opcode: word[0],
                dst: usize::from(word[1] & 15),
                src: word[1] >> 4,
                offset: i16::from_le_bytes([word[2], word[3]]),
                immediate: i32::from_le_bytes([word[4], word[5], word[6], word[7]]),
            })
            .collect()
    }

    /// Calls a function of the same object.
    pub(super) fn calls_function(&self) -> bool {
        self.opcode == CALL && self.src == CALL_OF_FUNCTION
    }

    /// Loads a constant of 64 bits, which may be the address of a function.
    pub(super) fn loads_address(&self) -> bool {
        self.opcode == LOAD_WIDE
    }

    /// What follows it, relative to itself.
    fn next(&self) -> [Option<i64>; 2] {
        match self.opcode {
            EXIT => [None, None],
            JUMP => [Some(1 + i64::from(self.offset)), None],
            JUMP_FAR => [Some(1 + i64::from(self.immediate)), None],
            LOAD_WIDE => [Some(2), None],
            CALL => [Some(1), None],
            _ if matches!(self.class(), Class::Jump) => [Some(1), Some(1 + i64::from(self.offset))],
            _ => [Some(1), None],
        }
    }

    fn class(&self) -> Class {
        match self.opcode & 7 {
            1 => Class::Load,
            2 | 3 => Class::Store,
            5 | 6 => Class::Jump,
            _ => Class::Compute,
        }
    }

    /// The lowest byte of the frame that it touches or points to, and the registers after it.
    fn step(&self, mut registers: Registers) -> (i64, Registers) {
        let at = |base: usize| {
            registers.get(base).copied().flatten().map_or(0, |low| low + i64::from(self.offset))
        };
        let dst = self.dst.min(FRAME);
        let source = registers.get(usize::from(self.src)).copied().flatten();
        let touched = match self.class() {
            Class::Load => at(usize::from(self.src)),
            Class::Store => at(dst),
            Class::Compute | Class::Jump => 0,
        };
        let constant = i64::from(self.immediate);
        let pointer = match (self.opcode, self.class()) {
            (_, Class::Store | Class::Jump) => {
                if self.opcode == CALL {
                    registers[..6].fill(None); // the caller's copies are gone
                }
                return (touched, registers);
            }
            (MOVE_REGISTER, _) if self.offset == 0 => source,
            (ADD_CONSTANT, _) => registers[dst].map(|low| low + constant),
            (SUB_CONSTANT, _) => registers[dst].map(|low| low - constant),
            (ADD_REGISTER, _) => registers[dst].or(source), // by an unknown index: its object begins where it began
            _ => None,
        };
        registers[dst] = pointer;
        (touched.min(pointer.unwrap_or(0)), registers)
    }
}

enum Class {
    Load,
    Store,
    Jump,
    Compute,
}

/// Bytes of a function's frame: down to the lowest byte below the frame pointer that any path touches, or makes a
/// pointer to. At least what the verifier counts, which looks at the paths that it walks.
///
/// # Errors
/// When the code jumps out of itself, or moves a pointer into the frame without end.
pub(super) fn frame_bytes(code: &[Instruction]) -> Result<u64> {
    let mut before: Vec<Option<Registers>> = vec![None; code.len()];
    let mut start = [None; FRAME + 1];
    start[FRAME] = Some(0);
    let mut lowest = 0;
    let mut open = vec![(0_usize, start)];
    while let Some((index, arriving)) = open.pop() {
        let (Some(instruction), Some(known)) = (code.get(index), before.get_mut(index)) else {
            bail!("the code leaves itself at instruction {index}");
        };
        let joined = known.map_or(arriving, |known| joined(known, arriving));
        if *known == Some(joined) {
            continue;
        }
        *known = Some(joined);
        let (touched, after) = instruction.step(joined);
        lowest = lowest.min(touched);
        if lowest < BOTTOM {
            bail!("instruction {index} moves a pointer into the frame without end");
        }
        for step in instruction.next().into_iter().flatten() {
            let next = usize::try_from(index as i64 + step);
            open.push((next.unwrap_or(usize::MAX), after));
        }
    }
    Ok(lowest.unsigned_abs())
}

/// What holds on both ways.
fn joined(one: Registers, other: Registers) -> Registers {
    std::array::from_fn(|register| match (one[register], other[register]) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: u8 = 0x7b; // *(u64 *)(dst + offset) = src
    const LOAD: u8 = 0x79; // dst = *(u64 *)(src + offset)
    const MOVE_CONSTANT: u8 = 0xb7;
    const JUMP_IF_ZERO: u8 = 0x15;

    fn insn(opcode: u8, dst: usize, src: u8, offset: i16, immediate: i32) -> Instruction {
        Instruction { opcode, dst, src, offset, immediate }
    }

    fn bytes(code: &[Instruction]) -> u64 {
        frame_bytes(code).expect("a function")
    }

    #[test]
    fn an_instruction_is_read_from_its_eight_bytes() {
        // *(u64 *)(r10 - 16) = r1; r2 += -8
        let code = [0x7b, 0x1a, 0xf0, 0xff, 0, 0, 0, 0, 0x07, 0x02, 0, 0, 0xf8, 0xff, 0xff, 0xff];
        let read = Instruction::decode(&code);
        assert_eq!(read, [insn(STORE, 10, 1, -16, 0), insn(ADD_CONSTANT, 2, 0, 0, -8)]);
    }

    #[test]
    fn a_function_without_a_frame_uses_none() {
        assert_eq!(bytes(&[insn(MOVE_CONSTANT, 0, 0, 0, -64), insn(EXIT, 0, 0, 0, 0)]), 0);
        assert_eq!(bytes(&[insn(LOAD, 0, 1, -64, 0), insn(EXIT, 0, 0, 0, 0)]), 0, "r1 is no frame pointer");
    }

    #[test]
    fn loads_and_stores_below_the_frame_pointer_count() {
        let code = [insn(STORE, 10, 1, -24, 0), insn(LOAD, 1, 10, -40, 0), insn(EXIT, 0, 0, 0, 0)];
        assert_eq!(bytes(&code), 40);
    }

    #[test]
    fn an_object_whose_address_goes_to_a_helper_counts() {
        let code = [
            insn(MOVE_REGISTER, 2, 10, 0, 0),
            insn(ADD_CONSTANT, 2, 0, 0, -136),
            insn(CALL, 0, 0, 0, 1),
            insn(LOAD, 0, 2, -200, 0), // r2 is no pointer after the call
            insn(EXIT, 0, 0, 0, 0),
        ];
        assert_eq!(bytes(&code), 136);
    }

    #[test]
    fn a_copy_of_the_frame_pointer_is_followed_over_branches() {
        let code = [
            insn(MOVE_REGISTER, 6, 10, 0, 0),
            insn(JUMP_IF_ZERO, 1, 0, 2, 0),
            insn(ADD_CONSTANT, 6, 0, 0, -32),
            insn(JUMP, 0, 0, 1, 0),
            insn(MOVE_CONSTANT, 6, 0, 0, 0), // on this way it points elsewhere
            insn(STORE, 6, 1, -16, 0),
            insn(EXIT, 0, 0, 0, 0),
        ];
        assert_eq!(bytes(&code), 48);
    }

    #[test]
    fn an_index_of_any_size_does_not_deepen_the_frame() {
        let code = [
            insn(MOVE_REGISTER, 6, 10, 0, 0),
            insn(ADD_CONSTANT, 6, 0, 0, -64),
            insn(ADD_REGISTER, 6, 1, 0, 0),
            insn(STORE, 6, 1, 8, 0),
            insn(EXIT, 0, 0, 0, 0),
        ];
        assert_eq!(bytes(&code), 64);
    }

    #[test]
    fn both_words_of_a_wide_constant_are_one_instruction() {
        let second = insn(STORE, 10, 1, -64, 0);
        let code = [insn(LOAD_WIDE, 1, 0, 0, 0), second, insn(EXIT, 0, 0, 0, 0)];
        assert_eq!(bytes(&code), 0);
    }

    #[test]
    fn a_loop_that_moves_a_frame_pointer_is_refused() {
        let code = [
            insn(MOVE_REGISTER, 6, 10, 0, 0),
            insn(ADD_CONSTANT, 6, 0, 0, -8),
            insn(JUMP_IF_ZERO, 1, 0, -2, 0),
            insn(EXIT, 0, 0, 0, 0),
        ];
        assert!(frame_bytes(&code).expect_err("no end").to_string().contains("without end"));
    }

    #[test]
    fn code_that_leaves_itself_is_refused() {
        assert!(frame_bytes(&[insn(JUMP, 0, 0, 5, 0)]).is_err());
        assert!(frame_bytes(&[insn(JUMP, 0, 0, -5, 0)]).is_err());
        assert!(frame_bytes(&[insn(MOVE_CONSTANT, 0, 0, 0, 0)]).is_err());
    }
}
