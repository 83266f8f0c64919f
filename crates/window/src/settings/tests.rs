use super::{Amount, Settings, Type};
use crate::{Late, Time, WatermarkKind, Windows};

const SECOND: Time = 1_000_000_000;
const DAY: Time = 86_400 * SECOND;

fn wrong(settings: &Settings) -> Vec<String> {
    let errors = settings.spec().expect_err("the settings are wrong");
    errors
        .iter()
        .map(|error| format!("{} | {error}", error.setting))
        .collect()
}

fn tumbling() -> Settings {
    Settings {
        size: Some(Amount::Time(60 * SECOND)),
        ..Settings::default()
    }
}

#[test]
fn tumbling_windows_slide_by_their_size() {
    let spec = tumbling().spec().unwrap();
    let Windows::Sliding {
        size,
        slide,
        offset: 0,
        zone: None,
    } = spec.windows
    else {
        panic!("no tumbling windows");
    };
    assert_eq!((size, slide, spec.lateness), (60 * SECOND, 60 * SECOND, 0));
}

#[test]
fn what_is_missing_is_named_with_an_example() {
    for (kind, setting) in [
        (Type::Tumbling, "size"),
        (Type::Sliding, "size"),
        (Type::Cumulate, "size"),
        (Type::Session, "gap"),
        (Type::Count, "size"),
    ] {
        let errors = wrong(&Settings {
            kind,
            ..Settings::default()
        });
        assert!(
            errors[0].starts_with(&format!(
                "{setting} | `{setting}` is missing: set `{setting}`: "
            )),
            "{errors:?}"
        );
        assert!(errors[0].contains("such as `"), "{errors:?}");
    }
    assert!(
        Settings {
            kind: Type::Global,
            ..Settings::default()
        }
        .spec()
        .is_ok()
    );
}

#[test]
fn all_errors_come_at_once() {
    let errors = wrong(&Settings {
        kind: Type::Sliding,
        size: Some(Amount::Records(10)),
        gap: Some(SECOND),
        delay: Some(-1),
        ..Settings::default()
    });
    assert_eq!(
        errors,
        [
            "gap | `sliding` windows have no `gap`: leave it out, or use another `type`: `session`",
            "delay | `delay` must not be negative: use a duration such as `5s`",
            "size | the size `10` has no unit of time: write `10s` or another duration, or use `type: count`",
            "slide | `slide` is missing: set `slide`: how far apart windows begin, such as `10s`",
        ]
    );
}

#[test]
fn days_of_a_zone_are_whole_and_the_zone_exists() {
    let zone = |size, zone: &str| Settings {
        size: Some(Amount::Time(size)),
        zone: Some(zone.to_owned()),
        ..Settings::default()
    };
    assert!(zone(DAY, "Europe/Berlin").spec().is_ok());
    assert!(
        wrong(&zone(DAY + 1, "Europe/Berlin"))[0]
            .starts_with("size | with `zone`, `size` counts days")
    );
    assert!(
        wrong(&zone(DAY, "Europe/Atlantis"))[0]
            .starts_with("zone | there is no time zone `Europe/Atlantis`")
    );
}

#[test]
fn parts_of_windows_fit() {
    let sliding = |slide| Settings {
        kind: Type::Sliding,
        slide: Some(slide),
        ..tumbling()
    };
    assert!(wrong(&sliding(61 * SECOND))[0].contains("`slide` is greater than `size`"));
    assert!(wrong(&sliding(1))[0].contains("60000000000 windows"));
    assert!(sliding(7 * SECOND).spec().is_ok());
    let cumulate = Settings {
        kind: Type::Cumulate,
        step: Some(7 * SECOND),
        ..tumbling()
    };
    assert!(wrong(&cumulate)[0].contains("no multiple"));
}

#[test]
fn refire_without_lateness_is_for_ever() {
    let refire = Settings {
        late: Late::Refire,
        ..tumbling()
    };
    assert_eq!(refire.spec().unwrap().lateness, Time::MAX);
    let bounded = Settings {
        lateness: Some(SECOND),
        ..refire
    };
    assert_eq!(bounded.spec().unwrap().lateness, SECOND);
}

#[test]
fn late_panes_need_lateness_and_plain_watermarks_no_delay() {
    let late = Settings {
        late_count: Some(2),
        ..tumbling()
    };
    assert!(wrong(&late)[0].starts_with("trigger.late | no window takes late records"));
    let delay = Settings {
        watermark: WatermarkKind::Monotonic,
        delay: Some(1),
        ..tumbling()
    };
    assert!(wrong(&delay)[0].starts_with("delay | a `monotonic` watermark has no `delay`"));
}
