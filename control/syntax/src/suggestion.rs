/// The known word that `word` is most likely a misspelling of; none when all are too far away.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = &word.chars().take(LONGEST).collect::<String>();
    let allowed = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Longer words are cut: the cost of a distance grows with the product of the lengths.
const LONGEST: usize = 80;

fn distance(word: &str, candidate: &str) -> usize {
    if candidate.eq_ignore_ascii_case(word) { 0 } else { strsim::osa_distance(word, candidate) }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelling_finds_its_word_and_nonsense_finds_none() {
        let known = ["source-address", "destination-address", "application"];
        assert_eq!(nearest("source-adress", known).as_deref(), Some("source-address"));
        assert_eq!(nearest("Application", known).as_deref(), Some("application"));
        assert_eq!(nearest("colour", known), None);
    }
}
