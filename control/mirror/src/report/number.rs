//! Numbers for people.

/// Digits in groups of three: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits at least: `0.25`, `12.5`, `85.2 k`, `1.02 M`.
pub(super) fn short(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        size if size >= 1e9 => (number / 1e9, " G"),
        size if size >= 1e6 => (number / 1e6, " M"),
        size if size >= 1e4 => (number / 1e3, " k"),
        _ => (number, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 100.0 || scaled == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{scaled:.digits$}{unit}")
}

/// A round step so that about `count` of them reach `most`: 1, 2 or 5 times a power of ten.
pub(super) fn step(most: f64, count: f64) -> f64 {
    let rough = (most / count).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::{grouped, short, step};

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.25, 12.46, 850.0, 9_999.0, 85_234.0, 1_020_000.0].map(short),
            ["0", "0.25", "12.5", "850", "9999", "85.2 k", "1.02 M"]
        );
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(
            [step(5.0, 5.0), step(100_000.0, 5.0), step(7.0, 5.0), step(12.0, 4.0)],
            [1.0, 20_000.0, 2.0, 5.0]
        );
    }
}
