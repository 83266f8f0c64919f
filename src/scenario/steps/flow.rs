//! Steps that need nothing but the record: `words`, `sample`, `rate`.

use crate::document::{Node, quote};
use crate::engine::Case;
use crate::scenario::decode::{Decoder, text_only, unsigned};
use crate::scenario::{Limit, Sample, Step, Words};

impl Decoder<'_> {
    pub(super) fn words(&mut self, program: &Node, case: Option<&Node>) -> Option<Step> {
        let text = self.expr(program);
        let case = match case.map(Node::text) {
            None | Some(Some("keep")) => Case::Keep,
            Some(Some("lower")) => Case::Lower,
            Some(Some("upper")) => Case::Upper,
            Some(_) => return None,
        };
        let text = text?;
        Some(Step::Words(Words { text, case }))
    }

    pub(super) fn sample(&mut self, share: &Node, step: &Node) -> Option<Step> {
        let by = self.optional(step, "by", Self::expr);
        let seed = match step.field("seed") {
            Some(seed) => unsigned(seed),
            None => Some(0),
        };
        let share_of_all = self.share(share);
        Some(Step::Sample(Sample {
            share: share_of_all?,
            seed: seed?,
            by: by?,
            place: share.place.clone(),
        }))
    }

    /// `10%`, `0.1`.
    fn share(&mut self, node: &Node) -> Option<f64> {
        let text = node.text()?;
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f64>().map(|n| n / 100.0),
            None => text.parse(),
        };
        match share {
            Ok(share) if (0.0..=1.0).contains(&share) => Some(share),
            _ => {
                self.faults
                    .error(&node.place, format!("{} is no share", quote(text)))
                    .hint(
                        "write a percentage such as `10%`, or a number from 0 to 1 such as `0.1`",
                    );
                None
            }
        }
    }

    pub(super) fn rate(&mut self, node: &Node) -> Option<Step> {
        let text = text_only(node)?;
        match text.parse() {
            Ok(rate) => Some(Step::Rate(Limit {
                rate,
                place: node.place.clone(),
            })),
            Err(_) => {
                self.faults
                    .error(&node.place, format!("{} is no rate", quote(text)))
                    .hint("write a number per `s`, `min` or `h`, such as `200/s` or `5/min`");
                None
            }
        }
    }

    /// What is read or what is written can be limited; between steps nothing waits for anything.
    pub(super) fn refuse_rates_within(&mut self, steps: &[Node]) {
        let within = steps.iter().skip(1).rev().skip(1);
        for rate in within.filter_map(|step| step.field("rate")) {
            self.faults
                .error(&rate.place, "a `rate` between other steps")
                .hint("as the first step it limits what is read, as the last one what is written");
        }
    }
}
