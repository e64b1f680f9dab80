//! The rows as a bar chart in SVG.

use super::{Document, RowResult};

const WIDTH: f64 = 900.0;
const LABELS: f64 = 230.0;
const NUMBERS: f64 = 210.0;
const LINE: f64 = 24.0;
const BAR: f64 = 15.0;
const HEAD: f64 = 62.0;

/// A bar for each row that was measured: device cost in nanoseconds.
pub(super) fn svg(document: &Document) -> String {
    let bars: Vec<(&RowResult, f64)> =
        document.rows.iter().filter_map(|row| Some((row, row.device_cost_ns?.max(0.0)))).collect();
    let longest = bars.iter().map(|(_, cost)| *cost).fold(1.0, f64::max);
    let scale = (WIDTH - LABELS - NUMBERS) / longest;
    let mut y = HEAD;
    let mut body = String::new();
    for (row, cost) in bars {
        body.push_str(&bar(row, cost, y, scale));
        y += LINE;
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
<text x="12" y="24" font-size="16" fill="#1b1f24">Device cost per packet: nanoseconds above the XDP drop floor (less is better)</text>
<text x="12" y="44" fill="#57606a">{title}</text>
{body}</svg>
"##,
        height = y + 14.0,
        title = escape(&document.title()),
    )
}

fn bar(row: &RowResult, cost: f64, y: f64, scale: f64) -> String {
    let mut numbers = format!("{cost:.0} ns");
    for (ratio, other) in [(row.ratio_to_redirect, "redirect"), (row.ratio_to_nft, "nft")] {
        if let Some(ratio) = ratio {
            numbers.push_str(&format!(" · {ratio:.2} x {other}"));
        }
    }
    format!(
        r##"<text x="{label}" y="{base}" text-anchor="end" fill="#1b1f24">{name}</text>
<rect x="{LABELS}" y="{top}" width="{width:.1}" height="{BAR}" rx="2" fill="{colour}"/>
<text x="{after:.1}" y="{base}" fill="#57606a">{numbers}</text>
"##,
        label = LABELS - 8.0,
        base = y + 16.0,
        top = y + 4.0,
        width = cost * scale,
        after = LABELS + cost * scale + 6.0,
        name = escape(&row.name),
        colour = colour(&row.name),
    )
}

fn colour(name: &str) -> &'static str {
    match name.split('/').next() {
        Some("floor") => "#8c959f",
        Some("peer") => "#d4a72c",
        Some("native") => "#2da44e",
        _ => "#0969da",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_name_cannot_open_an_element() {
        assert_eq!(escape("a<b> & c"), "a&lt;b&gt; &amp; c");
    }
}
