//! The steps of a pipeline.

mod enrich;
mod flow;
mod relate;
mod route;

use super::Step;
use super::decode::Decoder;
use crate::document::{Node, Value};

impl Decoder<'_> {
    pub(super) fn steps(&mut self, node: &Node) -> Option<Vec<Step>> {
        let Value::List(nodes) = &node.value else {
            return None;
        };
        let steps: Vec<Option<Step>> = nodes.iter().map(|node| self.step(node)).collect();
        self.refuse_rates_within(nodes);
        self.refuse_later_joins(&steps);
        self.refuse_later_lookups(&steps);
        steps.into_iter().collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let is = |name: &str| node.field(name);
        if let Some(program) = is("map") {
            self.expr(program).map(Step::Map)
        } else if let Some(program) = is("flat-map") {
            self.expr(program).map(Step::FlatMap)
        } else if let Some(program) = is("words") {
            self.words(program, node.field("case"))
        } else if let Some(program) = is("filter") {
            self.expr(program).map(Step::Filter)
        } else if let Some(share) = is("sample") {
            self.sample(share, node)
        } else if let Some(program) = is("key") {
            self.expr(program).map(Step::Key)
        } else if let Some(program) = is("key-by") {
            self.expr(program).map(Step::KeyBy)
        } else if let Some(rate) = is("rate") {
            self.rate(rate)
        } else if let Some(cases) = is("route") {
            self.route(cases, node.field("else"))
        } else if let Some(enrich) = is("enrich") {
            self.enrich(enrich)
        } else if let Some(dedupe) = is("dedupe") {
            self.dedupe(dedupe)
        } else if let Some(join) = is("join") {
            self.join(join)
        } else if let Some(as_of) = is("as-of") {
            self.as_of(as_of)
        } else if let Some(window) = is("window") {
            self.window(window).map(Box::new).map(Step::Window)
        } else {
            let program = node.field("time")?;
            self.time(program, node.field("unit")).map(Step::Time)
        }
    }
}
