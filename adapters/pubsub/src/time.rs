//! Times as the client has them, and as we have them.

use std::time::SystemTime;

use google_cloud_wkt::Timestamp as Wkt;
use ssectl_adapter::Timestamp;

const NANOS: i128 = 1_000_000_000;

/// By the clock of this machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))
}

/// For the client, whose times are those of the years 1 to 9999.
pub(crate) fn to_client(time: Timestamp) -> Wkt {
    let seconds = time.as_nanos().div_euclid(NANOS);
    let seconds = i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX });
    Wkt::clamp(
        seconds,
        i32::try_from(time.as_nanos().rem_euclid(NANOS)).unwrap_or(0),
    )
}

/// From the client.
pub(crate) fn from_client(time: &Wkt) -> Timestamp {
    Timestamp::from_nanos(i128::from(time.seconds()) * NANOS + i128::from(time.nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_to_the_client() {
        let time = Timestamp::from_nanos(1_715_254_403_007_507_001);
        assert_eq!(from_client(&to_client(time)), time);
        for absurd in [i128::MIN, i128::MAX] {
            let clamped = from_client(&to_client(Timestamp::from_nanos(absurd)));
            assert_eq!(clamped.as_nanos() < 0, absurd < 0);
        }
    }
}
