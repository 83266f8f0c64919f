//! The mathematical functions of C. Where Rust calls the machine's own, results are those of jq to
//! the last digit; the others are from the `libm` crate.

use jaq_core::{Cv, ValXs};

use super::{Lang, Native, plain, refuse, v};
use crate::expr::value::{Error, ValR, Value};

/// Natives of the input.
macro_rules! of_input {
    ($($name:ident: $function:expr),* $(,)?) => {{
        let natives: Vec<Native> = vec![$((stringify!($name), v(0), |cv| {
            plain(cv, |value| Ok(Value::from($function(float(&value)?))))
        })),*];
        natives
    }};
}

/// Natives of two arguments, which ignore the input.
macro_rules! of_two {
    ($($name:ident: $function:expr),* $(,)?) => {{
        let natives: Vec<Native> = vec![$((stringify!($name), v(2), |cv| {
            two(cv, |x, y| Ok(Value::from($function(float(&x)?, float(&y)?))))
        })),*];
        natives
    }};
}

pub(super) fn natives() -> Vec<Native> {
    let mut natives = of_input! {
        acos: f64::acos, acosh: libm::acosh, asin: f64::asin, asinh: libm::asinh,
        atan: f64::atan, atanh: libm::atanh, cbrt: f64::cbrt, cos: f64::cos, cosh: f64::cosh,
        erf: libm::erf, erfc: libm::erfc, exp: f64::exp, exp10: libm::exp10, exp2: f64::exp2,
        expm1: f64::exp_m1, fabs: f64::abs, j0: libm::j0, j1: libm::j1, lgamma: libm::lgamma,
        log: f64::ln, log10: f64::log10, log1p: f64::ln_1p, log2: f64::log2,
        nearbyint: f64::round_ties_even, rint: f64::round_ties_even, sin: f64::sin,
        sinh: f64::sinh, sqrt: f64::sqrt, tan: f64::tan, tanh: f64::tanh, tgamma: libm::tgamma,
        trunc: f64::trunc, y0: libm::y0, y1: libm::y1,
    };
    natives.extend(of_two! {
        atan2: f64::atan2, copysign: f64::copysign, fdim: libm::fdim, fmax: libm::fmax,
        fmin: libm::fmin, fmod: libm::fmod, hypot: f64::hypot, nextafter: libm::nextafter,
        pow: f64::powf, remainder: libm::remainder,
    });
    natives.extend(with_integers());
    natives
}

/// Natives with integers among arguments or results.
fn with_integers() -> Vec<Native> {
    vec![
        ("frexp", v(0), |cv| {
            plain(cv, |value| {
                let (fraction, exponent) = libm::frexp(float(&value)?);
                Ok(Value::array(vec![
                    Value::from(fraction),
                    Value::int(exponent.into()),
                ]))
            })
        }),
        ("modf", v(0), |cv| {
            plain(cv, |value| {
                let (fraction, whole) = libm::modf(float(&value)?);
                Ok(Value::array(vec![
                    Value::from(fraction),
                    Value::from(whole),
                ]))
            })
        }),
        ("ilogb", v(0), |cv| {
            plain(cv, |value| {
                Ok(Value::int(libm::ilogb(float(&value)?).into()))
            })
        }),
        ("ldexp", v(2), |cv| {
            two(cv, |x, exponent| {
                Ok(Value::from(libm::ldexp(float(&x)?, integer(&exponent)?)))
            })
        }),
        ("scalbln", v(2), |cv| {
            two(cv, |x, exponent| {
                Ok(Value::from(libm::scalbn(float(&x)?, integer(&exponent)?)))
            })
        }),
        ("jn", v(2), |cv| {
            two(cv, |steps, x| {
                Ok(Value::from(libm::jn(order(&steps)?, float(&x)?)))
            })
        }),
        ("yn", v(2), |cv| {
            two(cv, |steps, x| {
                Ok(Value::from(libm::yn(order(&steps)?, float(&x)?)))
            })
        }),
        ("fma", v(3), |mut cv| {
            let (z, y, x) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            plain(cv, |_| {
                Ok(Value::from(f64::mul_add(
                    float(&x)?,
                    float(&y)?,
                    float(&z)?,
                )))
            })
        }),
    ]
}

fn two(mut cv: Cv<'_, Lang>, f: impl FnOnce(Value, Value) -> ValR) -> ValXs<'_, Value> {
    let (y, x) = (cv.0.pop_var(), cv.0.pop_var());
    plain(cv, |_| f(x, y))
}

fn float(value: &Value) -> Result<f64, Error> {
    match value {
        Value::Num(number) => Ok(number.as_f64()),
        other => Err(refuse(other, "number required")),
    }
}

/// The order of a Bessel function, which takes that many steps to calculate.
fn order(value: &Value) -> Result<i32, Error> {
    const LARGEST: i32 = 1_000_000;
    match integer(value)? {
        order if order.abs() <= LARGEST => Ok(order),
        _ => Err(refuse(value, "is too large an order")),
    }
}

/// An integer for C: cut, and saturating far beyond the exponents of doubles.
fn integer(value: &Value) -> Result<i32, Error> {
    match value {
        Value::Num(number) => {
            let whole = number.truncated().unwrap_or(0);
            Ok(whole.clamp((-i32::MAX).into(), i32::MAX.into()) as i32)
        }
        other => Err(refuse(other, "number required")),
    }
}
