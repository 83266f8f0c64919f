//! Whatever a scenario file holds: it ends in faults or in a scenario, of which can be said what it needs and how it is exported.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ssectl::document::Env;
use ssectl::scenario::{Params, load};

fuzz_target!(|text: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, text).expect("written");
    match load(&file, &Env::new(), &Params::new()) {
        Ok(loaded) => {
            loaded.scenario.needs();
            loaded.scenario.check_schemes(&["file"]);
        }
        Err(faults) => assert!(faults.has_errors() && !faults.to_string().is_empty()),
    }
});
