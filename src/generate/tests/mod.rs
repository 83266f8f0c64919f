//! Tests over all kinds at once.

mod bad;
mod docs;
mod golden;
mod options;
mod phone;
mod purity;

use super::*;
use crate::duration::HumanDuration;

fn duration(text: &str) -> HumanDuration {
    text.parse().unwrap()
}

/// One spec per kind, with a template for the kind that needs one.
fn all_kinds() -> impl Iterator<Item = Spec> {
    let template = concat!(
        r#"{"n":{{seq}},"at":{{time ns}},"iso":"{{time}}","who":"{{key}}","i":{{int -5 5}},"f":{{float 0 1 6}},"#,
        r#""g":{{normal 20 2}},"b":{{bool 0.2}},"p":"{{pick red green "light blue"}}","w":"{{word}}","s":"{{sentence}}","#,
        r#""u":"{{uuid}}","h":"{{hex 5}}"}"#
    );
    kinds().iter().map(move |info| {
        let template = (info.kind == Kind::Template).then(|| template.to_owned());
        Spec {
            seed: 7,
            template,
            ..Spec::new(info.kind)
        }
    })
}

/// A spec with every option that changes events.
fn with_all_options(spec: Spec) -> Spec {
    Spec {
        keys: Some(Keys {
            count: Some(50),
            skew: 1.1,
            field: None,
        }),
        time: Some(Time {
            start: None,
            period: Some(duration("100ms")),
            jitter: Some(1.0),
        }),
        disorder: Some(Disorder {
            share: 0.2,
            by: duration("10s"),
        }),
        bad: Some(Bad {
            share: 0.1,
            kinds: vec![],
            size: None,
        }),
        ..spec
    }
}

/// The bytes and the account of event `i`.
fn event(generator: &Generator, i: u64) -> (Vec<u8>, Event) {
    let mut out = Vec::new();
    let event = generator.write(i, &mut out);
    (out, event)
}
