//! The first events of each kind, as files: they must not change from one version to the next.
//!
//! `UPDATE_FIXTURES=1 cargo test golden` writes them anew, which is a breaking change and belongs
//! into the changelog.

use std::path::PathBuf;

use super::*;

fn check(name: &str, spec: &Spec) {
    let generator = Generator::new(spec).unwrap();
    let mut found = Vec::new();
    for i in 0..20 {
        generator.write(i, &mut found);
        found.push(b'\n');
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/generate")
        .join(name);
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = |text: &[u8]| {
        String::from_utf8_lossy(text)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&found), lines(&expected), "{name}");
    assert!(
        found == expected,
        "{name} differs in bytes that are not text"
    );
}

#[test]
fn golden_events_of_every_kind() {
    for spec in all_kinds() {
        let ending = if spec.generate == Kind::Combined {
            "log"
        } else {
            "ndjson"
        };
        check(&format!("{}.{ending}", spec.generate), &spec);
    }
}

#[test]
fn golden_events_with_all_options() {
    let spec = with_all_options(Spec {
        seed: 7,
        ..Spec::new(Kind::Orders)
    });
    let bad = Bad {
        share: 0.3,
        kinds: vec![],
        size: None,
    };
    check(
        "orders-options.ndjson",
        &Spec {
            bad: Some(bad),
            ..spec
        },
    );
}
