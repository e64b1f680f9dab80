use super::number::{short, step};
use super::{INFALLIBLE, escaped};
use std::fmt::Write;

/// A line over time, as SVG.
pub(super) struct Plot {
    pub(super) title: String,
    /// Seconds, value; in order of time.
    pub(super) points: Vec<(f64, f64)>,
    /// Values that are marked.
    pub(super) lines: Vec<Line>,
}

/// A value across the whole plot.
pub(super) struct Line {
    pub(super) at: f64,
    pub(super) class: &'static str,
    pub(super) label: &'static str,
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;

impl Plot {
    /// The heading and the picture; without a point a sentence.
    pub(super) fn svg(&self) -> String {
        let title = escaped(&self.title);
        let Some((last, _)) = self.points.last() else {
            return format!("<h2>{title}</h2>\n<p>Nothing to show.</p>\n");
        };
        let first = self.points[0].0.min(0.0);
        let span = (last - first).max(f64::MIN_POSITIVE);
        let values = self.points.iter().map(|(_, value)| *value).chain(self.lines.iter().map(|line| line.at));
        let most = values.fold(0.0, f64::max);
        let rise = step(if most > 0.0 { most } else { 1.0 }, 4.0);
        let top = (most / rise).ceil().max(1.0) * rise;
        let x = |seconds: f64| LEFT + (seconds - first) / span * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);

        let mut svg = format!(
            "<h2>{title}</h2>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n"
        );
        let mut put = |text: std::fmt::Arguments<'_>| writeln!(svg, "{text}").expect(INFALLIBLE);
        for tick in 0..=(top / rise).round() as u32 {
            let (value, right) = (f64::from(tick) * rise, WIDTH - RIGHT);
            let at = y(value);
            put(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
            ));
            put(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                at + 4.0,
                short(value)
            ));
        }
        let stride = step(span, 6.0);
        for tick in 0..=(span / stride).floor() as u32 {
            let seconds = first + f64::from(tick) * stride;
            let (at, below) = (x(seconds), HEIGHT - BOTTOM + 18.0);
            put(format_args!(
                "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{} s</text>",
                short(seconds)
            ));
        }
        for Line { at, class, label } in &self.lines {
            let (height, right) = (y(*at), WIDTH - RIGHT);
            put(format_args!(
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{height:.1}\" y2=\"{height:.1}\"/>"
            ));
            put(format_args!("<text x=\"{:.1}\" y=\"{:.1}\">{label}</text>", right + 6.0, height + 4.0));
        }
        let points: Vec<String> =
            self.points.iter().map(|(time, value)| format!("{:.1},{:.1}", x(*time), y(*value))).collect();
        put(format_args!("<polyline class=\"line\" points=\"{}\"/>", points.join(" ")));
        svg + "</svg>\n"
    }
}
