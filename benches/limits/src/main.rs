//! The limit for `ssectl window`: a tumbling count and sum by one key, written by hand for one kind of record.
//!
//! It does what nobody should have to write: it knows the fields and their types beforehand, believes that times fit,
//! has no watermark, and holds all windows until the end. Results are printed as `ssectl window` prints them, in the same
//! order, so that a benchmark can compare the bytes.
//!
//! Usage: `ssectl-limits FILE SIZE_MS`, for lines such as `{"ts":1700000000000,"country":"DE","amount":12,…}`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Read, Write};

use anyhow::{Context, bail};
use hashbrown::{Equivalent, HashMap};
use serde::Deserialize;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// What is needed of a record.
#[derive(Deserialize)]
struct Row<'a> {
    ts: i64,
    #[serde(borrow)]
    country: Cow<'a, str>,
    amount: i64,
}

/// A window's start and a key.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Group(i64, Box<str>);

/// The same without a copy of the key.
#[derive(Hash)]
struct Wanted<'a>(i64, &'a str);

impl Equivalent<Group> for Wanted<'_> {
    fn equivalent(&self, group: &Group) -> bool {
        self.0 == group.0 && *self.1 == *group.1
    }
}

#[derive(Default)]
struct Sum {
    count: u64,
    total: i64,
}

type Windows = HashMap<Group, Sum>;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, size] = &arguments[..] else {
        bail!("usage: ssectl-limits FILE SIZE_MS");
    };
    let size = size.parse().context("SIZE_MS is no number")?;
    let mut file = File::open(path).with_context(|| format!("`{path}` cannot be read"))?;
    let windows = read(&mut file, size)?;
    print(windows, size)
}

/// Sums all lines of the file.
fn read(file: &mut File, size: i64) -> anyhow::Result<Windows> {
    let mut windows = Windows::new();
    let mut buffer = vec![0; CHUNK];
    let mut kept = 0;
    loop {
        if kept == buffer.len() {
            buffer.resize(2 * kept, 0);
        }
        let got = file.read(&mut buffer[kept..])?;
        let filled = kept + got;
        let whole = memchr::memrchr(b'\n', &buffer[..filled]).map_or(0, |at| at + 1);
        let whole = if got == 0 { filled } else { whole };
        add_lines(&buffer[..whole], size, &mut windows)?;
        if got == 0 {
            return Ok(windows);
        }
        buffer.copy_within(whole..filled, 0);
        kept = filled - whole;
    }
}

fn add_lines(lines: &[u8], size: i64, windows: &mut Windows) -> anyhow::Result<()> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', lines).chain([lines.len()]) {
        if start < end {
            add(sonic_rs::from_slice(&lines[start..end])?, size, windows);
        }
        start = end + 1;
    }
    Ok(())
}

fn add(row: Row<'_>, size: i64, windows: &mut Windows) {
    let start = row.ts - row.ts.rem_euclid(size);
    let wanted = Wanted(start, &row.country);
    let sum = match windows.get_mut(&wanted) {
        Some(sum) => sum,
        None => windows.entry(Group(start, row.country.into())).or_default(),
    };
    sum.count += 1;
    sum.total += row.amount;
}

fn print(windows: Windows, size: i64) -> anyhow::Result<()> {
    let mut windows: Vec<_> = windows.into_iter().collect();
    windows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (Group(start, key), Sum { count, total }) in windows {
        let (key, end) = (sonic_rs::to_string(&*key)?, start + size);
        writeln!(
            out,
            r#"{{"key":{key},"start":{start},"end":{end},"pane":"on-time","revision":0,"n":{count},"total":{total}}}"#
        )?;
    }
    Ok(out.flush()?)
}
