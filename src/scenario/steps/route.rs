//! The step `route`.

use crate::document::{Node, Value};
use crate::scenario::decode::Decoder;
use crate::scenario::{Otherwise, Route, RouteCase, Step};

impl Decoder<'_> {
    /// `cases` is the list under `route`, `otherwise` what stands beside it under `else`.
    pub(super) fn route(&mut self, cases: &Node, otherwise: Option<&Node>) -> Option<Step> {
        let Value::List(nodes) = &cases.value else {
            return None;
        };
        let decoded: Vec<Option<RouteCase>> = nodes.iter().map(|node| self.case(node)).collect();
        if decoded.is_empty() {
            self.faults
                .error(&cases.place, "a `route` without cases")
                .hint("write `route: [{when: JQ, to: STREAM}]`");
            return None;
        }
        let otherwise = match otherwise {
            Some(node) => self.otherwise(node),
            None => Some(Otherwise::Next),
        };
        let route = Route {
            cases: decoded.into_iter().collect::<Option<_>>()?,
            otherwise: otherwise?,
            place: cases.place.clone(),
        };
        Some(Step::Route(Box::new(route)))
    }

    fn case(&mut self, node: &Node) -> Option<RouteCase> {
        let when = node.field("when").and_then(|when| self.expr(when));
        let to = self.optional(node, "to", |decoder, to| {
            Some((decoder.address(to)?, to.place.clone()))
        });
        Some(RouteCase {
            when: when?,
            to: to?,
        })
    }

    fn otherwise(&mut self, node: &Node) -> Option<Otherwise> {
        if let Some(to) = node.field("to") {
            return Some(Otherwise::To(self.address(to)?, to.place.clone()));
        }
        match node.text()? {
            "next" => Some(Otherwise::Next),
            "filter" => Some(Otherwise::Filter),
            "fail" => Some(Otherwise::Fail),
            _ => None,
        }
    }
}
