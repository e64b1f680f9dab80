/// The text, its end cut off and marked with `…` when it has more than `most` bytes.
pub fn brief(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        for (text, most, cut) in
            [("plain", 5, "plain"), ("plain", 4, "plai…"), ("drüber", 3, "dr…"), ("ü", 0, "…")]
        {
            assert_eq!(brief(text.to_owned(), most), cut);
        }
    }
}
