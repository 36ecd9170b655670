//! The steps as an SVG: a row a kind of step, a column a figure.

use std::fmt::Write as _;

use super::Step;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 190.0;
const MARGIN: f64 = 46.0;

/// One figure of a step, with its name.
type Figure = (&'static str, fn(&Step) -> Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
const FIGURES: [Figure; 4] = [
    ("outcomes a second", |step| Some(step.full.outcomes_per_s)),
    ("p99 to outcome at half, ms", |step| step.half.to_outcome.map(|it| it.p99_ms)),
    ("ready, ms", |step| Some(step.ready_ms as f64)),
    ("MB at most", |step| step.half.platform_most_bytes.map(|it| (it >> 20) as f64)),
];

/// A plot for each kind of step that has more than one size.
pub(super) fn svg(steps: &[Step]) -> String {
    let mut kinds: Vec<&str> = steps.iter().map(|step| step.what.as_str()).collect();
    kinds.dedup();
    kinds.retain(|kind| steps.iter().filter(|step| step.what == *kind).count() > 1);
    let rows = kinds.iter().map(|kind| {
        let steps: Vec<&Step> = steps.iter().filter(|step| step.what == *kind).collect();
        let panels = FIGURES.iter().map(|(name, figure)| {
            let values = steps.iter().filter_map(|step| Some((step.size, figure(step)?)));
            (*name, values.collect())
        });
        (*kind, panels.collect())
    });
    draw(&rows.collect::<Vec<_>>())
}

/// A figure's name, and its value at each size.
pub(super) type Panel = (&'static str, Vec<(u64, f64)>);

/// Panels in rows; each row is named after what its sizes are of.
pub(super) fn draw(rows: &[(&str, Vec<Panel>)]) -> String {
    let columns = rows.iter().map(|(_, panels)| panels.len()).max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "for a drawing")]
    let (width, height) = (WIDTH * columns as f64, HEIGHT * rows.len() as f64);
    let mut text = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>"#
    );
    for (row, (kind, panels)) in rows.iter().enumerate() {
        for (column, (name, values)) in panels.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "for a drawing")]
            let (left, top) = (WIDTH * column as f64, HEIGHT * row as f64);
            let _ = write!(text, r#"<g transform="translate({left} {top})">"#);
            panel(&mut text, name, kind, values);
            text.push_str("</g>");
        }
    }
    text.push_str("</svg>\n");
    text
}

/// Values over sizes: steps stand at equal distances, values from 0.
fn panel(text: &mut String, name: &str, kind: &str, values: &[(u64, f64)]) {
    let most = values.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let (right, bottom) = (WIDTH - MARGIN / 2.0, HEIGHT - MARGIN);
    let top = MARGIN / 2.0;
    let _ = write!(
        text,
        r#"<text x="{MARGIN}" y="14">{name}</text><path d="M{MARGIN} {top}V{bottom}H{right}" fill="none" stroke="black"/><text x="{}" y="{}" text-anchor="end">{most:.0}</text><text x="{MARGIN}" y="{}">{kind}</text>"#,
        MARGIN - 4.0,
        top + 8.0,
        HEIGHT - 8.0,
    );
    let mut line = String::new();
    for (index, (size, value)) in values.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "for a drawing")]
        let share = (index as f64 + 0.5) / values.len() as f64;
        let x = MARGIN + (right - MARGIN) * share;
        let y = bottom - (bottom - top) * value / most;
        let _ = write!(line, "{x:.1},{y:.1} ");
        let _ = write!(
            text,
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="3"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{value:.0}</text><text x="{x:.1}" y="{:.1}" text-anchor="middle">{size}</text>"#,
            y - 6.0,
            bottom + 14.0,
        );
    }
    let _ = write!(text, r#"<polyline points="{line}" fill="none" stroke="black"/>"#);
}
