//! `words`, `sentences` and `amounts`: small records to learn with.

use std::sync::LazyLock;

use super::{Body, Moment};
use crate::generate::json::{Record, push_int, push_padded};
use crate::generate::rng::Draws;
use crate::generate::zipf::Zipf;

/// A thousand English words, roughly by how common they are.
static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../words.txt").lines().collect());

/// Draws words as unevenly as they occur in texts.
#[derive(Debug)]
pub(in crate::generate) struct Vocabulary {
    ranks: Zipf,
}

impl Vocabulary {
    pub(in crate::generate) fn new() -> Self {
        Self {
            ranks: Zipf::new(WORDS.len() as u64, 1.0),
        }
    }

    #[inline]
    pub(in crate::generate) fn word(&self, draws: &mut Draws) -> &'static str {
        WORDS[self.ranks.draw(draws) as usize]
    }

    /// Appends four to twelve words with a capital letter and a full stop.
    pub(in crate::generate) fn push_sentence(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        let start = out.len();
        for position in 0..draws.between(4, 12) {
            if position > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(self.word(draws).as_bytes());
        }
        out[start].make_ascii_uppercase();
        out.push(b'.');
    }
}

#[derive(Debug)]
pub(super) struct Words {
    vocabulary: Vocabulary,
    with_key: bool,
}

impl Words {
    pub(super) fn new(with_key: bool) -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            with_key,
        }
    }
}

impl Body for Words {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        record.begin();
        record.text("text", self.vocabulary.word(draws));
        end(record, moment, self.with_key);
    }
}

#[derive(Debug)]
pub(super) struct Sentences {
    vocabulary: Vocabulary,
    with_key: bool,
}

impl Sentences {
    pub(super) fn new(with_key: bool) -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            with_key,
        }
    }
}

impl Body for Sentences {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        record.begin();
        record.string("text", |out| self.vocabulary.push_sentence(draws, out));
        end(record, moment, self.with_key);
    }
}

/// Dollars and cents as text, from 0.01 to 19.99.
#[derive(Debug)]
pub(super) struct Amounts {
    pub(super) with_key: bool,
}

impl Body for Amounts {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let cents = 1 + draws.below(1_999);
        record.begin();
        record.string("amount", |out| {
            push_int(out, cents / 100);
            out.push(b'.');
            push_padded(out, cents % 100, 2);
        });
        end(record, moment, self.with_key);
    }
}

fn end(record: &mut Record<'_>, moment: &Moment, with_key: bool) {
    record.int("seq", moment.seq);
    if with_key {
        record.numbered("key", "key-", moment.entity);
    }
    record.time("time", moment.at);
    record.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_is_a_thousand_different_plain_words() {
        let different: std::collections::HashSet<_> = WORDS.iter().collect();
        assert_eq!(different.len(), 1_000);
        assert!(
            WORDS
                .iter()
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        );
    }
}
