//! The picture as SVG: no script, no font, nothing from elsewhere; light or dark as the reader's system is.

use std::fmt::Write;

use super::gather::{Gathered, StepTime};
use super::scale::{Scale, clock};
use crate::text::moment;

/// Where things are, in pixels.
const WIDTH: usize = 1000;
const LEFT: usize = 130;
const PLOT: usize = WIDTH - LEFT - 30;
const ROW: usize = 26;
const LANE: usize = 22;
const ADVANCE: usize = 120;

/// Rows for windows that overlap.
const LANES: usize = 12;

const STYLE: &str = "\
text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#24292f}\
.t{font-size:15px;font-weight:600}.s{fill:#57606a}.g{stroke:#d0d7de}.p{fill:#f6f8fa}\
.r{fill:#0969da;fill-opacity:.75}.l{stroke:#cf222e;stroke-width:2}.w{fill:none;stroke:#1a7f37;stroke-width:2}\
.c{fill:#ddf4ff;stroke:#0969da}.o{fill:none;stroke:#9a6700;stroke-dasharray:4 3}.b{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#8d96a0}.g{stroke:#30363d}.p{fill:#161b22}\
.r{fill:#58a6ff}.l{stroke:#ff7b72}.w{stroke:#56d364}.c{fill:#0c2d6b;stroke:#58a6ff}.o{stroke:#d29922}.b{fill:#0d1117}}";

pub(super) fn svg(gathered: &Gathered) -> String {
    let mut body = String::new();
    let mut top = 16;
    for step in &gathered.steps {
        top = draw(&mut body, step, top);
    }
    if body.is_empty() {
        let _ = write!(
            body,
            r#"<text x="16" y="40">No step of the run looked at event time.</text>"#
        );
        top = 60;
    }
    let records: u64 = gathered.steps.iter().map(|step| step.records).sum();
    let late: u64 = gathered.steps.iter().map(|step| step.late).sum();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" role=\"img\" \
         aria-labelledby=\"title desc\">\n\
         <title id=\"title\">Timeline of a run in event time</title>\n\
         <desc id=\"desc\">{records} records, {late} of them late. {}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"b\" width=\"{WIDTH}\" height=\"{top}\"/>\n{body}</svg>\n",
        escaped(
            &gathered
                .steps
                .iter()
                .map(summary)
                .collect::<Vec<_>>()
                .join(" ")
        )
    )
}

/// For those who do not see the picture.
fn summary(step: &StepTime) -> String {
    let closed = step.windows.values().filter(|window| window.closed).count();
    let end = step.samples.last().map_or_else(
        || "no watermark".to_owned(),
        |(_, time)| format!("the watermark came to {}", moment(*time)),
    );
    format!(
        "{}: {} partitions, {closed} windows closed and {} open, {end}.",
        step.title,
        step.rows.len(),
        step.windows.len() - closed
    )
}

/// Draws a step from `top` on; answers where the next one begins.
fn draw(out: &mut String, step: &StepTime, top: usize) -> usize {
    let Some(span) = step.span() else { return top };
    let scale = Scale::new(span, PLOT);
    let head = format!(
        "{}: {} records, {} late",
        step.title, step.records, step.late
    );
    let _ = writeln!(
        out,
        r#"<text class="t" x="16" y="{}">{}</text>"#,
        top + 14,
        escaped(&head)
    );
    let begin = top + 44;
    let mut body = String::new();
    let mut y = begin;
    for row in &step.rows {
        partition(&mut body, step, row, &scale, y);
        y += ROW;
    }
    if !step.samples.is_empty() {
        watermark(&mut body, step, &scale, y + 8);
        y += ADVANCE + 16;
    }
    y = windows(&mut body, step, &scale, y + 4);
    for time in scale.marks(110) {
        let x = LEFT + scale.place(time);
        let text = clock(time);
        let _ = writeln!(
            out,
            r#"<line class="g" x1="{x}" y1="{}" x2="{x}" y2="{y}"/><text class="s" x="{}" y="{}">{text}</text>"#,
            begin - 6,
            x + 3,
            begin - 10
        );
    }
    *out += &body;
    y + 24
}

fn label(out: &mut String, text: &str, y: usize) {
    let short: String = text.chars().take(16).collect();
    let _ = writeln!(out, r#"<text x="16" y="{y}">{}</text>"#, escaped(&short));
}

fn partition(out: &mut String, step: &StepTime, row: &super::gather::Row, scale: &Scale, y: usize) {
    let name = if row.name.is_empty() {
        "records"
    } else {
        &row.name
    };
    label(out, name, y + 17);
    let _ = writeln!(
        out,
        r#"<rect class="p" x="{LEFT}" y="{}" width="{PLOT}" height="{}"/>"#,
        y + 2,
        ROW - 4
    );
    let middle = y + ROW / 2;
    let mut places: Vec<(u64, u64)> = vec![(0, 0); PLOT / 4 + 1];
    for (time, records, late) in step.counts(row) {
        let place = &mut places[scale.place(time) / 4];
        *place = (place.0 + records, place.1 + late);
    }
    for (at, (records, late)) in places
        .into_iter()
        .enumerate()
        .filter(|(_, place)| place.0 > 0)
    {
        let x = LEFT + 4 * at;
        let radius = 2 + records.ilog2().min(6);
        let _ = write!(
            out,
            r#"<circle class="r" cx="{x}" cy="{middle}" r="{radius}"><title>{records} records</title></circle>"#
        );
        if late > 0 {
            let (a, b, c, d) = (x.saturating_sub(4), x + 4, middle - 4, middle + 4);
            let _ = write!(
                out,
                r#"<path class="l" d="M{a} {c}L{b} {d}M{a} {d}L{b} {c}"><title>{late} late</title></path>"#
            );
        }
    }
    out.push('\n');
}

/// The watermark from the first record, above, to the last one, below.
fn watermark(out: &mut String, step: &StepTime, scale: &Scale, y: usize) {
    label(out, "watermark", y + 14);
    let _ = writeln!(
        out,
        r#"<text class="s" x="16" y="{}">first record</text><text class="s" x="16" y="{}">last record</text>"#,
        y + 30,
        y + ADVANCE
    );
    let all = step.records.max(1);
    let mut path = String::new();
    let mut last = 0;
    for (at, (count, time)) in step.samples.iter().enumerate() {
        let x = LEFT + scale.place(*time);
        let below = usize::try_from(u128::from(*count) * ADVANCE as u128 / u128::from(all));
        let to = y + below.unwrap_or(ADVANCE);
        let _ = match at {
            0 => write!(path, "M{x} {to}"),
            // Steps: it stands still until the next record.
            _ => write!(path, "L{last} {to}L{x} {to}"),
        };
        last = x;
    }
    let _ = writeln!(
        out,
        r#"<path class="w" d="{path}"><title>The watermark of all partitions</title></path>"#
    );
}

fn windows(out: &mut String, step: &StepTime, scale: &Scale, top: usize) -> usize {
    let mut lanes: Vec<usize> = Vec::new();
    let mut hidden = 0;
    if !step.windows.is_empty() {
        label(out, "windows", top + 15);
    }
    for ((start, end), window) in &step.windows {
        let (from, to) = (scale.place(*start), scale.place(*end));
        let lane = match lanes.iter().position(|free| *free <= from) {
            Some(lane) => lane,
            None if lanes.len() < LANES => {
                lanes.push(0);
                lanes.len() - 1
            }
            None => {
                hidden += 1;
                continue;
            }
        };
        lanes[lane] = to;
        let (y, width) = (top + lane * LANE, (to - from).saturating_sub(2).max(2));
        let (class, state) = if window.closed {
            ("c", "closed")
        } else {
            ("o", "open")
        };
        let _ = write!(
            out,
            r#"<rect class="{class}" x="{}" y="{}" width="{width}" height="{}" rx="4"><title>{} to {}: {} records, {} results, {state}</title></rect>"#,
            LEFT + from + 1,
            y + 2,
            LANE - 4,
            edge(*start),
            edge(*end),
            window.records,
            window.results
        );
        let text = window.records.to_string();
        if width > 8 * text.len() + 4 {
            let x = LEFT + usize::midpoint(from, to);
            let _ = write!(
                out,
                r#"<text x="{x}" y="{}" text-anchor="middle">{text}</text>"#,
                y + 15
            );
        }
        out.push('\n');
    }
    let mut y = top + lanes.len().max(1) * LANE;
    if hidden > 0 || step.others > 0 {
        let _ = writeln!(
            out,
            r#"<text class="s" x="{LEFT}" y="{}">not all windows are drawn</text>"#,
            y + 14
        );
        y += LANE;
    }
    y
}

/// Windows for all times have no edges.
fn edge(time: crate::Time) -> String {
    match time {
        crate::Time::MIN | crate::Time::MAX => "no end".to_owned(),
        time => moment(time),
    }
}

fn escaped(text: &str) -> String {
    let safe = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    safe.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
