/// True for a key in angle brackets.
pub(super) fn is_pattern(key: &str) -> bool {
    key.len() >= 2 && key.starts_with('<') && key.ends_with('>')
}

/// True when `own`, which may be a pattern, means `key`: `*` is any text, `?` any character, `[a-c]` one of these.
pub(super) fn matches(own: &str, key: &str) -> bool {
    if !is_pattern(own) {
        return own == key;
    }
    let pattern: Vec<char> = own[1..own.len() - 1].chars().collect();
    let key: Vec<char> = key.chars().collect();
    // Where the last `*` was, and how much of the key it has taken.
    let (mut at, mut taken, mut star) = (0, 0, None);
    while taken < key.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, taken));
                at += 1;
            }
            Some(_) if one(&pattern[at..], key[taken]).is_some() => {
                at += one(&pattern[at..], key[taken]).unwrap_or(1);
                taken += 1;
            }
            _ => match star {
                Some((place, before)) => {
                    star = Some((place, before + 1));
                    (at, taken) = (place + 1, before + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

/// How many signs of the pattern mean the character; none when they do not.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] if rest.contains(&']') => {
            let end = rest.iter().position(|sign| *sign == ']')?;
            let set = &rest[..end];
            let (set, negated) = match set {
                ['!' | '^', set @ ..] => (set, true),
                set => (set, false),
            };
            (contains(set, c) != negated).then_some(end + 2)
        }
        [sign, ..] => (*sign == c).then_some(1),
        [] => None,
    }
}

fn contains(set: &[char], c: char) -> bool {
    match set {
        [low, '-', high, rest @ ..] => (*low..=*high).contains(&c) || contains(rest, c),
        [sign, rest @ ..] => *sign == c || contains(rest, c),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_mean_what_they_mean_in_a_shell() {
        for (pattern, key) in [
            ("<*>", ""),
            ("<*>", "a"),
            ("<ge-*>", "ge-0/0/0"),
            ("<*-[0-2]>", "ge-1"),
            ("<a?c>", "abc"),
            ("a", "a"),
        ] {
            assert!(matches(pattern, key), "{pattern} {key}");
        }
        for (pattern, key) in [
            ("<ge-*>", "xe-0/0/0"),
            ("<*-[0-2]>", "ge-3"),
            ("<a?c>", "ac"),
            ("*", "a"),
            ("<>", "a"),
            ("<[!a]>", "a"),
        ] {
            assert!(!matches(pattern, key), "{pattern} {key}");
        }
    }
}
