//! Reading and changing parts of values, the way jq paths do.
//!
//! The engine keeps the path that a path expression has walked as a linked list, which it drops
//! link by link, each inside the drop of the one before. So a walk must not go on forever where a
//! value has no more levels: inside a path expression, going through `null` and slicing make the
//! result count as one level deeper.

use jaq_core::box_iter::box_once;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Exn, ValT};

use super::super::meter;
use super::{Error, List, Number, Text, ValR, Value};

type Exception<'a> = Exn<'a, Value>;
type Pairs = Box<dyn Iterator<Item = Result<(Value, Value), Error>>>;

impl ValT for Value {
    /// A number in a program: as written, but with an exponent a double, as jq prints it.
    fn from_num(text: &str) -> ValR {
        let written = Number::written(Text::from(text));
        Ok(Self::Num(if text.contains(['e', 'E']) {
            Number::Float(written.as_f64())
        } else {
            written
        }))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR {
        let entry = |(key, value)| match key {
            Self::Str(key) => Ok((key, value)),
            other => Err(Error::str(format_args!(
                "Cannot use {} ({other}) as object key",
                other.kind()
            ))),
        };
        entries
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Self::Obj)
    }

    fn key_values(self) -> Pairs {
        meter::work(meter::TERM);
        match self {
            Self::Arr(list) => {
                let items = list.into_items().into_iter().enumerate();
                Box::new(items.map(|(at, item)| Ok((Self::from(at), item))))
            }
            Self::Obj(object) => {
                let entries = object.into_entries().into_iter();
                Box::new(entries.map(|(key, value)| Ok((Self::Str(key), value))))
            }
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        meter::work(meter::TERM);
        match self {
            Self::Arr(list) => Box::new(list.into_items().into_iter().map(Ok)),
            Self::Obj(object) => Box::new(
                object
                    .into_entries()
                    .into_iter()
                    .map(|(_, value)| Ok(value)),
            ),
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn index(self, index: &Self) -> ValR {
        match (self, index) {
            (Self::Obj(object), Self::Str(key)) => {
                Ok(object.get(key.as_str()).cloned().unwrap_or(Self::NULL))
            }
            (Self::Null(hops), Self::Str(_) | Self::Num(_) | Self::Obj(_) | Self::Null(_)) => {
                Ok(Self::through_null(hops))
            }
            (Self::Arr(list), Self::Num(number)) => Ok(position(number, list.len())
                .and_then(|at| list.get(at))
                .cloned()
                .unwrap_or(Self::NULL)),
            (value @ (Self::Arr(_) | Self::Str(_)), Self::Obj(bounds)) => {
                value.range(bounds.get("start")..bounds.get("end"))
            }
            (Self::Arr(list), Self::Arr(part)) => Ok(indices(&list, part)),
            (value, index) => Err(not_indexable(&value, index)),
        }
    }

    fn range(self, range: Range<&Self>) -> ValR {
        match self {
            Self::Null(hops) => Ok(Self::through_null(hops)),
            Self::Arr(list) => {
                let (start, end) = bounds(&range, list.len())?;
                Ok(Self::Arr(list.slice(start, end, meter::is_in_path())))
            }
            Self::Str(text) => {
                let (start, end) = text_bounds(&range, text.as_str())?;
                Ok(Self::Str(if meter::is_in_path() {
                    text.copy(start, end)
                } else {
                    text.slice(start, end)
                }))
            }
            other => Err(not_indexable(
                &other,
                &Self::from(range.start.cloned()..range.end.cloned()),
            )),
        }
    }

    fn map_values<'a, I: Iterator<Item = Result<Self, Exception<'a>>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> Result<Self, Exception<'a>> {
        match self {
            Self::Arr(list) => {
                let items = list
                    .into_items()
                    .into_iter()
                    .filter_map(|item| f(item).next());
                items.collect::<Result<List, _>>().map(Self::Arr)
            }
            Self::Obj(object) => {
                let entries = object.into_entries().into_iter();
                let changed = entries
                    .filter_map(|(key, value)| f(value).next().map(|value| Ok((key, value?))));
                changed.collect::<Result<_, Exception<'a>>>().map(Self::Obj)
            }
            other => opt.fail(other, |other| Exn::from(not_iterable(&other))),
        }
    }

    fn map_index<'a, I: Iterator<Item = Result<Self, Exception<'a>>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> Result<Self, Exception<'a>> {
        match (self, index) {
            (Self::Null(_), Self::Str(_)) => Self::Obj(Default::default()).map_index(index, opt, f),
            (Self::Null(_), Self::Num(_)) => Self::Arr(List::default()).map_index(index, opt, f),
            (Self::Obj(mut object), Self::Str(key)) => {
                let old = object.take(key.as_str());
                match f(old.unwrap_or(Self::NULL)).next().transpose()? {
                    Some(new) => object.insert(key.clone(), new),
                    None => object.remove(key.as_str()),
                }
                Ok(Self::Obj(object))
            }
            (Self::Arr(list), Self::Num(number)) => map_item(list, number, opt, f),
            (value @ (Self::Arr(_) | Self::Null(_)), Self::Obj(bounds)) => {
                value.map_range(bounds.get("start")..bounds.get("end"), opt, f)
            }
            (value, index) => opt.fail(value, |value| Exn::from(not_indexable(&value, index))),
        }
    }

    fn map_range<'a, I: Iterator<Item = Result<Self, Exception<'a>>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> Result<Self, Exception<'a>> {
        let mut list = match self {
            Self::Null(_) => List::default(),
            Self::Arr(list) => list,
            other => {
                return opt.fail(other, |other| {
                    Exn::from(Error::str(format_args!(
                        "Cannot update field at object index of {}",
                        other.kind()
                    )))
                });
            }
        };
        let (start, end) = match bounds(&range, list.len()) {
            Ok(bounds) => bounds,
            Err(error) => return opt.fail(Self::Arr(list), |_| Exn::from(error)),
        };
        let middle = match f(Self::Arr(list.slice(start, end, false)))
            .next()
            .transpose()?
        {
            None => Vec::new(),
            Some(Self::Arr(middle)) => middle.into_items(),
            Some(_) => {
                return Err(Exn::from(Error::str(
                    "A slice of an array can only be assigned another array",
                )));
            }
        };
        list.splice(start, end, middle);
        Ok(Self::Arr(list))
    }

    fn as_bool(&self) -> bool {
        self.is_truthy()
    }

    fn into_string(self) -> Self {
        match self {
            Self::Str(text) => Self::Str(text),
            other => Self::Str(other.to_json()),
        }
    }
}

impl Value {
    fn through_null(hops: u32) -> Self {
        if !meter::is_in_path() {
            return Self::NULL;
        }
        meter::admit_depth(hops + 1);
        Self::Null(hops + 1)
    }
}

/// The path of a slice.
impl From<Range<Value>> for Value {
    fn from(range: Range<Self>) -> Self {
        let bound = |bound: Option<Self>| bound.unwrap_or(Self::NULL);
        Self::object([("start", bound(range.start)), ("end", bound(range.end))])
    }
}

/// Where `number` points to in an array: whole, from the end if negative, `None` before the start.
pub(crate) fn position(number: &Number, len: usize) -> Option<usize> {
    let at = match number {
        Number::Int(at) => *at,
        _ => number.floor()?,
    };
    let from_end = || len.checked_sub(usize::try_from(at.unsigned_abs()).ok()?);
    if at >= 0 {
        usize::try_from(at).ok()
    } else {
        from_end()
    }
}

fn map_item<'a, I: Iterator<Item = Result<Value, Exception<'a>>>>(
    mut list: List,
    number: &Number,
    opt: Opt,
    f: impl Fn(Value) -> I,
) -> Result<Value, Exception<'a>> {
    let Some(at) = position(number, list.len()) else {
        let reason = if number.is_nan() {
            "Cannot set array element at NaN index"
        } else {
            "Out of bounds negative array index"
        };
        return opt.fail(Value::Arr(list), |_| Exn::from(Error::str(reason)));
    };
    let old = if at < list.len() {
        list.take(at)
    } else {
        Value::NULL
    };
    match f(old).next().transpose()? {
        Some(new) => list.put(at, new),
        None if at < list.len() => list.splice(at, at + 1, Vec::new()),
        None => {}
    }
    Ok(Value::Arr(list))
}

/// The bounds of a slice of `len` items: whole numbers, from the end if negative, cut to fit.
pub(crate) fn bounds(range: &Range<&Value>, len: usize) -> Result<(usize, usize), Error> {
    let bound = |value: Option<&Value>, default: usize, round_up: bool| match value {
        None | Some(Value::Null(_)) => Ok(default),
        Some(Value::Num(number)) => {
            let at = if round_up {
                number.ceil()
            } else {
                number.floor()
            };
            let at = at.unwrap_or(default as i64);
            let at = if at < 0 {
                at.saturating_add(len as i64)
            } else {
                at
            };
            Ok(usize::try_from(at.max(0)).unwrap_or(len).min(len))
        }
        Some(_) => Err(Error::str(
            "Start and end indices of an array slice must be numbers",
        )),
    };
    let start = bound(range.start, 0, false)?;
    let end = bound(range.end, len, true)?;
    Ok((start, end.max(start)))
}

/// As [`bounds`], counted in characters, in bytes of `text`.
fn text_bounds(range: &Range<&Value>, text: &str) -> Result<(usize, usize), Error> {
    meter::work(text.len());
    if text.is_ascii() {
        return bounds(range, text.len());
    }
    let (start, end) = bounds(range, text.chars().count())?;
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let start_byte = ends.nth(start).unwrap_or(text.len());
    let end_byte = match end.checked_sub(start + 1) {
        None => start_byte,
        Some(more) => ends.nth(more).unwrap_or(text.len()),
    };
    Ok((start_byte, end_byte))
}

/// Where `part` occurs in `list`.
pub(crate) fn indices(list: &[Value], part: &[Value]) -> Value {
    if part.is_empty() {
        return Value::NULL;
    }
    let windows = list.windows(part.len()).enumerate();
    windows
        .filter(|(_, window)| *window == part)
        .map(|(at, _)| Value::from(at))
        .collect()
}

fn not_iterable(value: &Value) -> Error {
    match value {
        Value::Null(_) => Error::str("Cannot iterate over null"),
        other => Error::str(format_args!(
            "Cannot iterate over {} ({other})",
            other.kind()
        )),
    }
}

fn not_indexable(value: &Value, index: &Value) -> Error {
    match index {
        Value::Str(key) => Error::str(format_args!(
            "Cannot index {} with string \"{}\"",
            value.kind(),
            key.as_str()
        )),
        other => Error::str(format_args!(
            "Cannot index {} with {}",
            value.kind(),
            other.kind()
        )),
    }
}
