//! The functions of a BPF object, and which calls which.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile64;
use object::{
    Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SectionIndex,
    SectionKind, SymbolKind,
};

use super::chain::Function;
use super::instruction::{BYTES, Instruction, frame_bytes};

/// The section of functions that are no programs.
const SUBPROGRAMS: &str = ".text";

type File<'data> = ElfFile64<'data, Endianness, &'data [u8]>;

/// A place in the code: section and byte.
type Place = (usize, u64);

/// Every function of an object.
///
/// # Errors
/// When it is no ELF object, or calls something that is no function in it.
pub(super) fn functions(bytes: &[u8]) -> Result<Vec<Function>> {
    let file = File::parse(bytes).context("not an ELF object")?;
    let mut symbols = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let section = symbol.section_index().context("a function without a section")?;
        symbols.push(((section.0, symbol.address()), symbol.size(), symbol.name()?.to_owned()));
    }
    symbols.sort_by_key(|(place, ..)| *place);
    let numbers: BTreeMap<Place, usize> =
        symbols.iter().enumerate().map(|(number, (place, ..))| (*place, number)).collect();

    let mut functions = Vec::new();
    for ((section, start), size, name) in symbols {
        let section = file.section_by_index(SectionIndex(section))?;
        let code = section.data_range(start, size)?.with_context(|| format!("{name} has no code"))?;
        let code = Instruction::decode(code);
        let name = readable(&name);
        let callees =
            callees(&file, (section.index().0, start), &code).with_context(|| format!("in {name}"))?;
        let number =
            |place: &Place| numbers.get(place).copied().context("a call into the middle of a function");
        functions.push(Function {
            frame_bytes: frame_bytes(&code).with_context(|| format!("in {name}"))?,
            calls: callees.iter().map(number).collect::<Result<_>>()?,
            is_program: section.name()? != SUBPROGRAMS,
            name,
        });
    }
    Ok(functions)
}

/// The places that a function calls, or takes the address of.
fn callees(file: &File<'_>, start: Place, code: &[Instruction]) -> Result<Vec<Place>> {
    let (section, from) = start;
    let to = from + (code.len() * BYTES) as u64;
    let relocations: BTreeMap<u64, RelocationTarget> = file
        .section_by_index(SectionIndex(section))?
        .relocations()
        .filter(|(at, _)| (from..to).contains(at))
        .map(|(at, relocation)| (at, relocation.target()))
        .collect();
    let mut callees = Vec::new();
    for (at, instruction) in (from..).step_by(BYTES).zip(code) {
        let target = relocations.get(&at);
        let immediate = i64::from(instruction.immediate);
        let place = if instruction.calls_function() {
            let instructions = (immediate + 1) * BYTES as i64;
            match target {
                Some(target) => {
                    symbol(file, *target)?.map(|(section, base)| (section, base as i64 + instructions))
                }
                None => Some((section, at as i64 + instructions)),
            }
        } else if instruction.loads_address() {
            let target = target.map(|target| symbol(file, *target)).transpose()?.flatten();
            target.map(|(section, base)| (section, base as i64 + immediate)) // in bytes
        } else {
            None
        };
        let Some((section, byte)) = place else { continue };
        if file.section_by_index(SectionIndex(section))?.kind() == SectionKind::Text {
            callees.push((section, u64::try_from(byte).context("a call to before the code")?));
        } else if instruction.calls_function() {
            bail!("a call to what is no code");
        }
    }
    Ok(callees)
}

/// Where the symbol of a relocation is; none when it is in another object, as functions of the kernel are.
fn symbol(file: &File<'_>, target: RelocationTarget) -> Result<Option<Place>> {
    let RelocationTarget::Symbol(index) = target else { bail!("a relocation without a symbol") };
    let symbol = file.symbol_by_index(index)?;
    Ok(symbol.section_index().map(|section| (section.0, symbol.address())))
}

/// The path of a function without its generic arguments.
fn readable(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    let end = name.find("::<").unwrap_or(name.len());
    let mut short = name[..end].to_owned();
    if let Some(last) = short.strip_suffix("::turn").is_some().then(|| first_argument(&name[end..])).flatten()
    {
        short.push_str(&format!(" of {last}")); // the body of a bounded loop: its type says which
    }
    short
}

/// `Words` of `::<flumen_pipeline::decode::sum::Words<…>>`.
fn first_argument(generics: &str) -> Option<&str> {
    let path = generics.strip_prefix("::<")?.split(['<', '>', ',']).next()?;
    path.rsplit("::").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_without_generic_arguments() {
        assert_eq!(readable("flumen"), "flumen");
        let known =
            "_RINvNtCs9ZsO9QgM40e_15flumen_pipeline4fast5knownNtNtCscylhTq1FXIR_6flumen6tables9MapTablesE";
        assert_eq!(readable(known), "flumen_pipeline::fast::known");
        let words =
            "_RINvNtCscylhTq1FXIR_6flumen11environment4turnNtNtCs9ZsO9QgM40e_15flumen_pipeline3sum5WordsE";
        assert_eq!(readable(words), "flumen::environment::turn of Words");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(functions(b"not an object").is_err());
    }
}
