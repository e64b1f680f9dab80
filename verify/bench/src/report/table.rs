//! The report as text in columns.

use super::{Document, RowResult};

/// Everything, one table below the other.
pub(super) fn document(document: &Document) -> String {
    let mut text = document.title() + "\n";
    let mut section = |title: &str, table: String, lines: usize| {
        if lines > 0 {
            text.push_str(&format!("\n{title}\n{table}"));
        }
    };
    section(
        "cost per packet (CPU time, medians; device = above floor/xdp-drop)",
        rows(&document.rows),
        document.rows.len(),
    );
    section("figures", figures(document), document.figures.len());
    section("goals", goals(document), document.goals.len());
    for (name, failure) in failures(document) {
        text.push_str(&format!("\nnot measured: {name}: {failure}\n"));
    }
    text
}

fn rows(rows: &[RowResult]) -> String {
    let head = ["row", "Mpps", "ns/packet", "device ns", "least", "most", "x redirect", "x nft", "runs"];
    let mut lines = vec![head.map(str::to_owned)];
    for row in rows {
        let [least, most] =
            row.device_cost_range_ns.map_or([None, None], |[least, most]| [Some(least), Some(most)]);
        lines.push([
            row.name.clone(),
            number(row.pps.map(|pps| pps / 1e6), 3),
            number(row.ns_per_packet, 1),
            number(row.device_cost_ns, 1),
            number(least, 1),
            number(most, 1),
            number(row.ratio_to_redirect, 2),
            number(row.ratio_to_nft, 3),
            row.runs.to_string(),
        ]);
    }
    align(&lines)
}

fn figures(document: &Document) -> String {
    let mut lines = vec![["figure", "value", "unit"].map(str::to_owned)];
    for figure in &document.figures {
        lines.push([figure.name.to_owned(), number(figure.value, 2), figure.unit.to_owned()]);
    }
    align(&lines)
}

fn goals(document: &Document) -> String {
    let mut lines = vec![["goal", "value", "at most", "unit", "reached"].map(str::to_owned)];
    for goal in &document.goals {
        lines.push([
            goal.name.to_owned(),
            number(Some(goal.value), 3),
            number(Some(goal.at_most), 3),
            goal.unit.to_owned(),
            if goal.reached { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    align(&lines)
}

fn failures(document: &Document) -> impl Iterator<Item = (&str, &str)> {
    let rows = document.rows.iter().map(|row| (row.name.as_str(), &row.failure));
    let figures = document.figures.iter().map(|figure| (figure.name, &figure.failure));
    rows.chain(figures).filter_map(|(name, failure)| Some((name, failure.as_deref()?)))
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// The first column to the left, the others to the right.
fn align<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let cell = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn names_stand_left_and_numbers_right() {
        let lines = [["row", "ns"], ["floor", "1.0"], ["x", "10.0"]].map(|line| line.map(str::to_owned));
        assert_eq!(align(&lines), "row      ns\nfloor   1.0\nx      10.0\n");
    }
}
