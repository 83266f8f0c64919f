//! Running one case, or saying why it does not apply.

use std::io::Write;
use std::pin::Pin;
use std::time::Duration;

use ssectl_adapter::Capabilities;

use crate::{CASES, Harness, Need, Rig};

/// A case that hangs is a failure, told with its name. That of a hundred thousand records has much to do: in a debug build, on
/// a slow machine that is busy, it takes minutes.
const DEADLINE: Duration = Duration::from_secs(600);

/// The body of a case; it panics when the adapter fails it.
type Body = for<'a> fn(&'a Rig) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One requirement of the contract, as code.
pub struct Case {
    /// The name, which is also the name of its test.
    pub name: &'static str,
    /// The capabilities without which it means nothing.
    pub needs: &'static [Need],
    pub(crate) body: Body,
}

impl Case {
    /// Why it does not apply to such an adapter; `None` when it does.
    pub fn not_applicable(&self, has: &Capabilities) -> Option<&'static str> {
        self.needs.iter().find_map(|need| need.unmet(has))
    }
}

/// Runs the case of that name, or says on stderr why it does not apply.
pub fn run<H: Harness>(name: &str, harness: impl Future<Output = H>) {
    let case = CASES
        .iter()
        .find(|case| case.name == name)
        .expect("the macro that makes the tests makes the list too");
    runtime().block_on(async {
        let harness = harness.await;
        if let Some(reason) = case.not_applicable(&harness.capabilities()) {
            // Straight to stderr, because the test runner would swallow what `eprintln` prints.
            let said = writeln!(std::io::stderr(), "case {name}: not applicable: {reason}");
            said.expect("stderr takes a line");
            return;
        }
        let rig = Rig::new(Box::new(harness)).await;
        let outcome = tokio::time::timeout(DEADLINE, (case.body)(&rig)).await;
        outcome.unwrap_or_else(|_| panic!("case {name} did not end within {DEADLINE:?}"));
        rig.tidy().await;
    });
}

/// Checks that exactly these cases do not apply to the adapter.
pub fn check_list<H: Harness>(harness: impl Future<Output = H>, expected: &[&str]) {
    let has = runtime().block_on(async { harness.await.capabilities() });
    let ruled_out: Vec<_> = CASES
        .iter()
        .filter(|case| case.not_applicable(&has).is_some())
        .map(|case| case.name)
        .collect();
    assert_eq!(
        ruled_out, expected,
        "the capabilities rule out the cases on the left, the suite's list says those on the right"
    );
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}
