//! The picture for a terminal.

use std::fmt::Write;

use super::gather::{Gathered, Row, StepTime, Window};
use super::scale::{Scale, clock};
use crate::Time;
use crate::text::moment;

/// What a terminal can show.
#[derive(Debug, Clone, Copy)]
pub struct Width {
    /// How many characters a line has.
    pub columns: usize,
    /// Only ASCII.
    pub plain: bool,
}

/// Rows for windows that overlap.
const LANES: usize = 8;

/// Rows for the advance of the watermark.
const ADVANCES: usize = 6;

/// Characters for the name of a row.
const NAME: usize = 14;

/// The least room for event time.
const LEAST: usize = 20;

/// What the picture is drawn with.
struct Pens {
    dots: [char; 4],
    late: char,
    line: char,
    tip: char,
    open: char,
}

const FINE: Pens = Pens {
    dots: ['·', '•', '▪', '█'],
    late: '×',
    line: '─',
    tip: '▶',
    open: '┄',
};

const PLAIN: Pens = Pens {
    dots: ['.', ':', 'o', '#'],
    late: 'x',
    line: '-',
    tip: '>',
    open: '~',
};

pub(super) fn text(gathered: &Gathered, width: Width) -> String {
    let mut out = String::new();
    for step in &gathered.steps {
        draw(&mut out, step, width);
    }
    if out.is_empty() {
        out += "timeline: no step of the run looked at event time\n";
    }
    out
}

fn draw(out: &mut String, step: &StepTime, width: Width) {
    let Some(span) = step.span() else { return };
    let pens = if width.plain { PLAIN } else { FINE };
    let room = width.columns.saturating_sub(NAME + 1).max(LEAST);
    let scale = Scale::new(span, room - 1);
    let pen = &pens;
    let _ = writeln!(
        out,
        "{}: {} records, {} late ({})",
        step.title, step.records, step.late, pen.late
    );
    let _ = writeln!(
        out,
        "event time from {} to {}",
        moment(span.0),
        moment(span.1)
    );
    row(out, "", axis(&scale, room));
    for partition in &step.rows {
        row(
            out,
            &name(partition),
            records(step, partition, &scale, room, pen),
        );
    }
    let samples = &step.samples;
    let every = samples.len().div_ceil(ADVANCES).max(1);
    let last = samples.len() % every;
    let shown = samples
        .iter()
        .enumerate()
        .filter(|(at, _)| (at + 1) % every == last % every);
    for (at, (_, (count, watermark))) in shown.enumerate() {
        let title = if at == 0 { "watermark" } else { "" };
        row(out, title, advance(&scale, *count, *watermark, room, pen));
    }
    windows(out, step, &scale, room, pen);
}

fn row(out: &mut String, name: &str, cells: Vec<char>) {
    let name: String = name.chars().take(NAME).collect();
    let cells: String = cells.into_iter().collect();
    let _ = writeln!(out, "{}", format!("{name:NAME$} {cells}").trim_end());
}

fn name(row: &Row) -> String {
    match row.name.as_str() {
        "" => "records".to_owned(),
        name => name.to_owned(),
    }
}

/// The times above the picture.
fn axis(scale: &Scale, room: usize) -> Vec<char> {
    let mut cells = vec![' '; room];
    let mut free = 0;
    for time in scale.marks(14) {
        let (at, text) = (scale.place(time), format!("|{}", clock(time)));
        if at >= free && at + text.len() <= room {
            write(&mut cells, at, &text);
            free = at + text.len() + 1;
        }
    }
    cells
}

fn write(cells: &mut [char], at: usize, text: &str) {
    for (cell, c) in cells.iter_mut().skip(at).zip(text.chars()) {
        *cell = c;
    }
}

/// The records of a partition: more of them give a darker mark, and a late one has its own.
fn records(step: &StepTime, row: &Row, scale: &Scale, room: usize, pens: &Pens) -> Vec<char> {
    let mut counts = vec![(0, 0); room];
    for (time, records, late) in step.counts(row) {
        let count = &mut counts[scale.place(time)];
        *count = (count.0 + records, count.1 + late);
    }
    let mark = |(records, late): (u64, u64)| match records {
        0 => ' ',
        _ if late > 0 => pens.late,
        1 => pens.dots[0],
        2..=4 => pens.dots[1],
        5..=19 => pens.dots[2],
        _ => pens.dots[3],
    };
    counts.into_iter().map(mark).collect()
}

/// How far the watermark had come after so many records.
fn advance(scale: &Scale, count: u64, watermark: Time, room: usize, pens: &Pens) -> Vec<char> {
    let tip = scale.place(watermark).min(room - 1);
    let mut cells = vec![pens.line; tip];
    cells.push(pens.tip);
    cells.resize(room, ' ');
    let text = format!(" after {count}");
    if tip + 1 + text.len() <= room {
        write(&mut cells, tip + 1, &text);
    } else {
        write(&mut cells, 1, &format!("{} ", text));
    }
    cells
}

/// Windows with the number of their records, below each other where they overlap.
fn windows(out: &mut String, step: &StepTime, scale: &Scale, room: usize, pens: &Pens) {
    let mut lanes: Vec<(usize, Vec<char>)> = Vec::new();
    let mut hidden = 0;
    for ((start, end), window) in &step.windows {
        let from = scale.place(*start);
        let to = scale.place(*end).saturating_sub(1).max(from).min(room - 1);
        let free = lanes.iter().position(|(free, _)| *free <= from);
        let lane = match free {
            Some(lane) => lane,
            None if lanes.len() < LANES => {
                lanes.push((0, vec![' '; room]));
                lanes.len() - 1
            }
            None => {
                hidden += 1;
                continue;
            }
        };
        let (free, cells) = &mut lanes[lane];
        *free = to + 1;
        bar(&mut cells[from..=to], window, pens);
    }
    for (at, (_, cells)) in lanes.into_iter().enumerate() {
        row(out, if at == 0 { "windows" } else { "" }, cells);
    }
    let closed = step.windows.values().filter(|window| window.closed).count();
    let results: u64 = step.windows.values().map(|window| window.results).sum();
    let mut text = format!(
        "{closed} closed, {} open ({}), {} results",
        step.windows.len() - closed,
        pens.open,
        results + step.others
    );
    if hidden > 0 || step.others > 0 {
        text += "; not all are drawn";
    }
    let _ = writeln!(out, "{:NAME$} {text}", "");
}

/// `[──12──]`, or less where there is no room for it.
fn bar(cells: &mut [char], window: &Window, pens: &Pens) {
    let line = if window.closed { pens.line } else { pens.open };
    let length = cells.len();
    cells.fill(line);
    if length == 1 {
        return cells.fill(if window.closed { '|' } else { pens.open });
    }
    cells[0] = '[';
    cells[length - 1] = ']';
    let count = window.records.to_string();
    if count.len() + 2 <= length {
        write(cells, (length - count.len()) / 2, &count);
    }
}
