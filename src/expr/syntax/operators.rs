//! The operators of jq: how tightly they bind, and to which side.

use jaq_core::load::parse::BinaryOp;
use jaq_core::ops::{Cmp, Math};

use super::tree::Operator;

/// The level of the loosest operator that `as` takes to its left.
pub(super) const BINDING: u8 = 2;

/// The level of `*`, and of the operand of a minus sign.
pub(super) const MULTIPLICATION: u8 = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Associativity {
    Left,
    Right,
    None,
}

/// The operators of jq, how tightly they bind, and to which side.
pub(super) fn operator(symbol: &str) -> Option<(Operator<'_>, u8, Associativity)> {
    use Associativity::{Left, None, Right};
    Some(match symbol {
        "|" => (BinaryOp::Pipe(Option::None), 0, Right),
        "," => (BinaryOp::Comma, 1, Left),
        "//" => (BinaryOp::Alt, 2, Right),
        "=" => (BinaryOp::Assign, 3, None),
        "|=" => (BinaryOp::Update, 3, None),
        "+=" => (BinaryOp::UpdateMath(Math::Add), 3, None),
        "-=" => (BinaryOp::UpdateMath(Math::Sub), 3, None),
        "*=" => (BinaryOp::UpdateMath(Math::Mul), 3, None),
        "/=" => (BinaryOp::UpdateMath(Math::Div), 3, None),
        "%=" => (BinaryOp::UpdateMath(Math::Rem), 3, None),
        "//=" => (BinaryOp::UpdateAlt, 3, None),
        "or" => (BinaryOp::Or, 4, Left),
        "and" => (BinaryOp::And, 5, Left),
        "==" => (BinaryOp::Cmp(Cmp::Eq), 6, None),
        "!=" => (BinaryOp::Cmp(Cmp::Ne), 6, None),
        "<" => (BinaryOp::Cmp(Cmp::Lt), 6, None),
        "<=" => (BinaryOp::Cmp(Cmp::Le), 6, None),
        ">" => (BinaryOp::Cmp(Cmp::Gt), 6, None),
        ">=" => (BinaryOp::Cmp(Cmp::Ge), 6, None),
        "+" => (BinaryOp::Math(Math::Add), 7, Left),
        "-" => (BinaryOp::Math(Math::Sub), 7, Left),
        "*" => (BinaryOp::Math(Math::Mul), MULTIPLICATION, Left),
        "/" => (BinaryOp::Math(Math::Div), MULTIPLICATION, Left),
        "%" => (BinaryOp::Math(Math::Rem), MULTIPLICATION, Left),
        _ => return Option::None,
    })
}
