//! How many distinct values there are, about: a HyperLogLog.
//!
//! Few values are counted by their hashes, exactly but for collisions of 64 bits; more by 16,384 registers, with a
//! standard error of 0.8 %. The estimate is that of O. Ertl (New cardinality estimation algorithms for HyperLogLog
//! sketches, 2017), which needs no tables of corrections and no switch between formulas. It is written here because
//! neither the order of values nor the platform may change the result or its bytes.

use std::collections::BTreeSet;

use ssectl_state::Corrupt;
use twox_hash::XxHash3_64;

use super::codec::{Reader, put_number};

/// Hashes that are kept as they are.
const EXACT_HASHES: usize = 1024;

/// Bits of a hash that choose its register.
const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;

/// Bits of a hash whose leading zeros a register remembers.
const RANK_BITS: u32 = u64::BITS - INDEX_BITS;

/// A set that forgets what is in it.
#[derive(Debug, Clone)]
pub(super) enum Cardinality {
    Exact(BTreeSet<u64>),
    /// The most leading zeros, and one, of the hashes in each register.
    Registers(Box<[u8; REGISTERS]>),
}

impl Cardinality {
    pub(super) fn new() -> Self {
        Self::Exact(BTreeSet::new())
    }

    /// Adds a value by its canonical text.
    pub(super) fn add(&mut self, value: &[u8]) {
        self.add_hash(XxHash3_64::oneshot(value));
    }

    fn add_hash(&mut self, hash: u64) {
        match self {
            Self::Exact(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_HASHES {
                    *self = Self::Registers(registers(hashes));
                }
            }
            Self::Registers(registers) => raise(registers, hash),
        }
    }

    /// Adds all that `other` has.
    pub(super) fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(hashes) => hashes.iter().for_each(|&hash| self.add_hash(hash)),
            Self::Registers(theirs) => {
                if let Self::Exact(hashes) = self {
                    *self = Self::Registers(registers(hashes));
                }
                if let Self::Registers(mine) = self {
                    for (mine, theirs) in mine.iter_mut().zip(&**theirs) {
                        *mine = (*mine).max(*theirs);
                    }
                }
            }
        }
    }

    /// How many there are.
    pub(super) fn estimate(&self) -> u64 {
        match self {
            Self::Exact(hashes) => hashes.len() as u64,
            Self::Registers(registers) => estimate(registers),
        }
    }

    /// Bytes of memory beyond its own.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Exact(hashes) => hashes.len() * 2 * size_of::<u64>(),
            Self::Registers(_) => REGISTERS,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Exact(hashes) => {
                out.push(0);
                put_number(hashes.len() as u64, out);
                for hash in hashes {
                    out.extend_from_slice(&hash.to_le_bytes());
                }
            }
            Self::Registers(registers) => {
                out.push(1);
                out.extend_from_slice(&registers[..]);
            }
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let corrupt = |_| Reader::corrupt();
        match reader.byte()? {
            0 => reader
                .list(|reader| {
                    let bytes = reader.take(size_of::<u64>())?;
                    Ok(u64::from_le_bytes(bytes.try_into().map_err(corrupt)?))
                })
                .map(Self::Exact),
            1 => {
                let registers: [u8; REGISTERS] =
                    reader.take(REGISTERS)?.try_into().map_err(corrupt)?;
                let sound = registers
                    .iter()
                    .all(|&rank| u32::from(rank) <= RANK_BITS + 1);
                let registers = Self::Registers(Box::new(registers));
                sound.then_some(registers).ok_or_else(Reader::corrupt)
            }
            _ => Err(Reader::corrupt()),
        }
    }
}

fn registers(hashes: &BTreeSet<u64>) -> Box<[u8; REGISTERS]> {
    let mut registers = Box::new([0; REGISTERS]);
    hashes.iter().for_each(|&hash| raise(&mut registers, hash));
    registers
}

fn raise(registers: &mut [u8; REGISTERS], hash: u64) {
    let register = &mut registers[(hash >> RANK_BITS) as usize];
    let rank = (hash << INDEX_BITS).leading_zeros().min(RANK_BITS) + 1;
    *register = (*register).max(rank as u8);
}

/// Ertl's algorithm 6.
fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    let mut counts = [0_u32; RANK_BITS as usize + 2];
    for &rank in registers {
        counts[usize::from(rank)] += 1;
    }
    let all = REGISTERS as f64;
    let share = |rank: u32| f64::from(counts[rank as usize]) / all;
    let mut z = all * tau(1.0 - share(RANK_BITS + 1));
    for rank in (1..=RANK_BITS).rev() {
        z = 0.5 * (z + f64::from(counts[rank as usize]));
    }
    z += all * sigma(share(0));
    let alpha = 0.5 / std::f64::consts::LN_2;
    (alpha * all * all / z).round() as u64
}

/// `x + x^2 + 2 x^4 + 4 x^8 + …`
fn sigma(mut x: f64) -> f64 {
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let more = sum + x * weight;
        weight *= 2.0;
        if more <= sum || !more.is_finite() {
            return more;
        }
        sum = more;
    }
}

/// `(1 - x - (1 - x^(1/2))^2 / 2 - (1 - x^(1/4))^2 / 4 - …) / 3`
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        weight *= 0.5;
        let less = sum - (1.0 - x) * (1.0 - x) * weight;
        if less >= sum {
            return less / 3.0;
        }
        sum = less;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: std::ops::Range<u32>) -> Cardinality {
        let mut set = Cardinality::new();
        for value in values {
            set.add(value.to_string().as_bytes());
        }
        set
    }

    #[test]
    fn few_values_are_counted_exactly() {
        for count in [0, 1, 1000, EXACT_HASHES as u32] {
            assert_eq!(of(0..count).estimate(), u64::from(count));
        }
    }

    #[test]
    fn many_values_are_counted_within_four_standard_errors() {
        for count in [1_025, 3_000, 20_000, 60_000, 300_000] {
            let estimate = of(0..count).estimate() as f64;
            let error = (estimate / f64::from(count) - 1.0).abs();
            assert!(error < 0.033, "{count}: {estimate}");
        }
    }

    #[test]
    fn a_merged_set_is_the_set_of_both() {
        for (middle, end) in [(10, 20), (10, 5_000), (4_000, 5_000), (5_000, 9_000)] {
            let mut merged = of(0..middle);
            merged.merge(&of(middle / 2..end));
            let (mut a, mut b) = (Vec::new(), Vec::new());
            merged.encode(&mut a);
            of(0..end).encode(&mut b);
            assert_eq!(a, b);
        }
    }
}
