//! The report as text.

use crate::result::RowResult;

/// Rows as aligned columns.
pub(crate) fn rows(rows: &[RowResult]) -> String {
    let mut lines = vec![[
        "row".to_owned(),
        "Mpps".to_owned(),
        "ns/packet".to_owned(),
        "device ns".to_owned(),
        "x redirect".to_owned(),
        "x nft".to_owned(),
    ]];
    let number =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for row in rows {
        lines.push([
            row.name.clone(),
            number(row.pps.map(|pps| pps / 1e6), 3),
            number(row.ns_per_packet, 1),
            number(row.device_cost_ns, 1),
            number(row.ratio_to_redirect, 2),
            number(row.ratio_to_nft, 3),
        ]);
    }
    align(&lines)
}

/// The first column to the left, the others to the right.
pub(crate) fn align<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            let padded = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&padded);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
