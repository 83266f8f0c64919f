//! Quantiles: exact of few values, by a sketch of many.
//!
//! The sketch is a DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019): values are counted in bins whose bounds grow by a
//! constant factor, so that a result is within 1 % of the value at its rank. Bins are never merged, so that the bound
//! always holds and the order of values does not matter. It is written here because the crates at hand keep sums of
//! doubles beside the bins, which depend on the order, and use the logarithm of the platform.

use std::collections::BTreeMap;
use std::io::Write;

use ssectl_state::Corrupt;

use super::codec::{Reader, put_number, put_signed};
use super::total::write_double;

/// How far a result of the sketch may be from the value at its rank, as a part of that value.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Values that are kept as they are; a quantile of no more than these is exact.
pub const EXACT_VALUES: usize = 512;

/// A part of all values, such as 0.99, as the decimal that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantile {
    /// `part / whole`
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Quantile {
    /// The middle.
    pub(super) const MEDIAN: Self = Self { part: 1, whole: 2 };

    /// The rank of the quantile among `count` values, from 1: the least that has this part of all at or below it
    /// (nearest rank, `PERCENTILE_DISC` of SQL).
    fn rank(self, count: u64) -> u64 {
        let rank = (u128::from(self.part) * u128::from(count)).div_ceil(self.whole.into());
        (rank as u64).max(1)
    }
}

/// Values to take quantiles of.
#[derive(Debug, Clone)]
pub(super) enum Quantiles {
    /// All of them, in no order.
    Exact(Vec<f64>),
    Sketch(Sketch),
}

/// Counts of values by bin.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    /// By the sign, and the number of the bin with that sign: so that bins are in the order of their values.
    bins: BTreeMap<i32, u64>,
    least: f64,
    greatest: f64,
}

/// Beyond the numbers of bins, which are between -37,300 and 35,500, so that those of positive values can be moved above
/// those of negative ones.
const MOVED: i32 = 1 << 20;

impl Quantiles {
    pub(super) fn new() -> Self {
        Self::Exact(Vec::new())
    }

    /// Adds a value; infinite ones count as the greatest double.
    pub(super) fn add(&mut self, value: f64) {
        // Without negative zero, which would be another number by its bytes.
        let value = value.clamp(f64::MIN, f64::MAX) + 0.0;
        match self {
            Self::Exact(values) if values.len() < EXACT_VALUES => values.push(value),
            Self::Exact(values) => {
                let mut sketch = Sketch::of(values);
                sketch.add(value);
                *self = Self::Sketch(sketch);
            }
            Self::Sketch(sketch) => sketch.add(value),
        }
    }

    /// Adds all that `other` has.
    pub(super) fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(values) => values.iter().for_each(|&value| self.add(value)),
            Self::Sketch(other) => {
                if let Self::Exact(values) = self {
                    *self = Self::Sketch(Sketch::of(values));
                }
                if let Self::Sketch(sketch) = self {
                    sketch.merge(other);
                }
            }
        }
    }

    /// The quantile, if there are values.
    pub(super) fn quantile(&self, quantile: Quantile) -> Option<f64> {
        match self {
            Self::Exact(values) => {
                let mut values = values.clone();
                values.sort_unstable_by(f64::total_cmp);
                let rank = quantile.rank(values.len() as u64);
                values.get(rank as usize - 1).copied()
            }
            Self::Sketch(sketch) => Some(sketch.quantile(quantile)),
        }
    }

    /// Appends how many values there are, and their median.
    pub(super) fn describe(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let count = match self {
            Self::Exact(values) => values.len() as u64,
            Self::Sketch(sketch) => sketch.bins.values().sum(),
        };
        write!(out, "{{\"values\":{count},\"median\":")?;
        write_double(self.quantile(Quantile::MEDIAN).unwrap_or(f64::NAN), out);
        out.write_all(b"}")
    }

    /// Bytes of memory beyond its own.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Exact(values) => values.capacity() * size_of::<f64>(),
            Self::Sketch(sketch) => sketch.bins.len() * 2 * size_of::<(i32, u64)>(),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Exact(values) => {
                let mut values = values.clone();
                values.sort_unstable_by(f64::total_cmp);
                out.push(0);
                put_number(values.len() as u64, out);
                values.iter().for_each(|&value| put_double(value, out));
            }
            Self::Sketch(sketch) => {
                out.push(1);
                put_double(sketch.least, out);
                put_double(sketch.greatest, out);
                put_number(sketch.bins.len() as u64, out);
                for (&bin, &count) in &sketch.bins {
                    put_signed(bin.into(), out);
                    put_number(count, out);
                }
            }
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        match reader.byte()? {
            0 => reader.list(double).map(Self::Exact),
            1 => Ok(Self::Sketch(Sketch {
                least: double(reader)?,
                greatest: double(reader)?,
                bins: reader.list(|reader| {
                    let bin = i32::try_from(reader.signed()?).map_err(|_| Reader::corrupt())?;
                    Ok((bin, reader.number()?))
                })?,
            })),
            _ => Err(Reader::corrupt()),
        }
    }
}

impl Sketch {
    fn of(values: &[f64]) -> Self {
        let mut sketch = Self {
            bins: BTreeMap::new(),
            least: f64::MAX,
            greatest: f64::MIN,
        };
        values.iter().for_each(|&value| sketch.add(value));
        sketch
    }

    fn add(&mut self, value: f64) {
        *self.bins.entry(bin(value)).or_default() += 1;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }

    fn merge(&mut self, other: &Self) {
        for (&bin, &count) in &other.bins {
            *self.bins.entry(bin).or_default() += count;
        }
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn quantile(&self, quantile: Quantile) -> f64 {
        let rank = quantile.rank(self.bins.values().sum());
        let mut seen = 0;
        let found = self.bins.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        let value = found.map_or(self.greatest, |(&bin, _)| middle(bin));
        value.clamp(self.least, self.greatest)
    }
}

/// The logarithm of the factor by which bins grow.
fn growth() -> f64 {
    libm::log((1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR))
}

/// The bin of a value; the bins are in the order of the values.
fn bin(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    let bin = MOVED + libm::ceil(libm::log(value.abs()) / growth()) as i32;
    if value < 0.0 { -bin } else { bin }
}

/// The value in a bin that is nearest to all others there, by their ratio.
fn middle(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let upper = libm::exp(f64::from(bin.abs() - MOVED) * growth()).min(f64::MAX);
    let value = upper * (1.0 - RELATIVE_ERROR);
    if bin < 0 { -value } else { value }
}

fn put_double(double: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&double.to_bits().to_le_bytes());
}

fn double(reader: &mut Reader<'_>) -> Result<f64, Corrupt> {
    let bytes = reader.take(size_of::<f64>())?.try_into();
    bytes.map(f64::from_le_bytes).map_err(|_| Reader::corrupt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Quantiles {
        let mut quantiles = Quantiles::new();
        values.into_iter().for_each(|value| quantiles.add(value));
        quantiles
    }

    const P99: Quantile = Quantile {
        part: 99,
        whole: 100,
    };

    #[test]
    fn few_values_have_exact_quantiles() {
        let hundred = of((1..=100).map(f64::from));
        assert_eq!(hundred.quantile(P99), Some(99.0));
        assert_eq!(hundred.quantile(Quantile::MEDIAN), Some(50.0));
        assert_eq!(
            hundred.quantile(Quantile {
                part: 7,
                whole: 100
            }),
            Some(7.0)
        );
        assert_eq!(hundred.quantile(Quantile { part: 0, whole: 1 }), Some(1.0));
        assert_eq!(
            hundred.quantile(Quantile { part: 1, whole: 1 }),
            Some(100.0)
        );
        assert_eq!(of([]).quantile(P99), None);
        assert_eq!(of([7.0]).quantile(P99), Some(7.0));
    }

    #[test]
    fn many_values_have_quantiles_within_the_error() {
        for exponent in [-300, -9, -1, 0, 1, 9, 300] {
            let unit = 10_f64.powi(exponent);
            let value = |at: u32| (f64::from(at) - 5_000.0) * unit;
            let many = of((1..=20_000).map(value));
            assert!(matches!(many, Quantiles::Sketch(_)));
            for part in [0, 1, 10, 25, 30, 50, 99, 100] {
                let quantile = Quantile { part, whole: 100 };
                let exact = value((part as u32 * 200).max(1));
                let found = many.quantile(quantile).unwrap();
                let error = (found - exact).abs();
                assert!(
                    error <= exact.abs() * (RELATIVE_ERROR + 1e-9),
                    "{found} {exact}"
                );
            }
        }
    }

    #[test]
    fn the_edges_of_the_doubles_have_bins() {
        for value in [5e-324, f64::MIN_POSITIVE, f64::MAX, 1.0] {
            assert!(bin(value) > 0 && bin(-value) == -bin(value));
            let ratio = middle(bin(value)) / value;
            assert!((ratio - 1.0).abs() <= RELATIVE_ERROR + 1e-9 || value < f64::MIN_POSITIVE);
        }
    }
}
