use anstyle::Style;
use std::fmt::Write;

/// Text in columns, two spaces apart, each as wide as its widest cell. No lines are drawn.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Column {
    title: String,
    right: bool,
}

/// Text, and how it is shown on a terminal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

pub(crate) const TITLE: Style = Style::new().bold();

// === impl Table ===

impl Table {
    /// Columns by title; one that begins with `>` is aligned to the right.
    pub(crate) fn new<T: AsRef<str>>(titles: impl IntoIterator<Item = T>) -> Table {
        let column = |title: T| {
            let title = title.as_ref();
            let (right, title) = match title.strip_prefix('>') {
                Some(rest) => (true, rest),
                None => (false, title),
            };
            Column { title: title.to_owned(), right }
        };
        Table { columns: titles.into_iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row; missing cells at its end are empty.
    pub(crate) fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as lines, styles included; the writer takes them off where they do not belong.
    pub(crate) fn print(&self) -> String {
        let width = |at: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width);
            cells.chain([column.title.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(at, column)| width(at, column)).collect();
        let mut lines = String::new();
        let titles: Vec<Cell> =
            self.columns.iter().map(|column| Cell { text: column.title.clone(), style: TITLE }).collect();
        for row in [&titles].into_iter().chain(&self.rows) {
            self.print_row(row, &widths, &mut lines);
        }
        lines
    }

    fn print_row(&self, row: &[Cell], widths: &[usize], lines: &mut String) {
        let end = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
        for (at, cell) in row[..end].iter().enumerate() {
            let padding = widths[at].saturating_sub(cell.width());
            let (before, after) = if self.columns[at].right { (padding, 0) } else { (0, padding) };
            let after = if at + 1 == end { 0 } else { after + 2 };
            let style = cell.style;
            write!(lines, "{:before$}{style}{}{style:#}{:after$}", "", cell.text, "")
                .expect("writing to a string cannot fail");
        }
        lines.push('\n');
    }
}

// === impl Cell ===

impl Cell {
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Cell {
        Cell { text: text.into(), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, style: Style::new() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_trailing_space() {
        let mut table = Table::new(["NAME", ">PACKETS", "NOTE"]);
        table.row(["a", "7", ""]);
        table.row(["longer", "123456789", "x"]);
        table.row(["é", "1"]);
        let text = anstream::adapter::strip_str(&table.print()).to_string();
        assert_eq!(
            text,
            "NAME      PACKETS  NOTE\na               7\nlonger  123456789  x\né               1\n"
        );
    }

    #[test]
    fn a_style_does_not_count_as_width() {
        let mut table = Table::new(["A", "B"]);
        table.row([Cell::styled("red", anstyle::AnsiColor::Red.on_default()), "x".into()]);
        assert!(table.print().contains("\u{1b}[31mred\u{1b}[0m  x"), "{:?}", table.print());
    }
}
