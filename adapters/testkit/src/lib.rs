//! One conformance suite that every ssectl adapter passes.
//!
//! An adapter's test gives a [`Harness`] and calls [`suite!`]; that makes one test per case. A case
//! whose needs the adapter's [`Capabilities`](ssectl_adapter::Capabilities) do not meet says on
//! stderr that it is not applicable and why, and one more test compares those cases with the list
//! the adapter's author wrote down, so that a case that did not run never reads as a pass.
//!
//! ```text
//! ssectl_testkit::suite! {
//!     harness: MemoryHarness::default(),
//!     not_applicable: [],
//! }
//! ```
#![deny(missing_docs)]

mod case;
pub mod cases;
mod harness;
mod list;
mod need;
mod read;
mod records;
mod rig;
pub mod support;

pub use case::{Case, check_list, run};
pub use harness::Harness;
pub use list::CASES;
pub use need::Need;
pub use rig::Rig;

/// Makes one test per case of the suite, and one that checks which cases apply.
///
/// `harness` is an expression, evaluated in an async context once per test. `not_applicable` names
/// the cases that the adapter's capabilities rule out, in the order of [`CASES`].
#[macro_export]
macro_rules! suite {
    (harness: $harness:expr, not_applicable: [$($case:ident),* $(,)?] $(,)?) => {
        $crate::each_case!(suite_tests, $harness);

        #[test]
        fn the_cases_that_do_not_apply_are_the_listed_ones() {
            $crate::check_list(async { $harness }, &[$(stringify!($case)),*]);
        }
    };
}

/// The tests of [`suite!`].
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    (($harness:expr) $($module:ident::$case:ident [$($need:ident),*],)*) => {
        $(
            #[test]
            fn $case() {
                $crate::run(stringify!($case), async { $harness });
            }
        )*
    };
}
