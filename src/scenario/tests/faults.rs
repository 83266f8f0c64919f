//! Every kind of fault, with the exact text a user sees.

use std::fs;
use std::path::{Path, PathBuf};

use crate::document::Env;
use crate::scenario::{Params, load};

/// Cases are `NAME.yaml` with `NAME.txt`: what `load` reports.
const FOLDER: &str = "fixtures/faults";

/// Set to write the reports anew; look at the difference before committing it.
const UPDATE: &str = "UPDATE_FIXTURES";

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).expect("the folder of cases");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    cases.sort();
    cases
}

fn report(path: &Path) -> String {
    let env = Env::from([("GREETING", "hello"), ("EMPTY", "")].map(|(k, v)| (k.into(), v.into())));
    match load(path, &env, &Params::new()) {
        Err(faults) => format!("{faults}\n"),
        Ok(loaded) => loaded
            .warnings
            .iter()
            .map(|fault| format!("{fault}\n"))
            .collect(),
    }
}

#[test]
fn reports_are_as_written_down() {
    let cases = cases();
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for path in cases {
        let expected = path.with_extension("txt");
        let report = report(&path);
        assert!(!report.is_empty(), "{} has no fault", path.display());
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&expected, &report).expect("written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if report != expected {
            wrong.push(format!(
                "== {}\n{report}-- expected\n{expected}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
