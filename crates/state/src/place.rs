//! Where a value stands in the store: bytes whose order is the order of table, group and key.

use crate::Group;

/// The longest key of a value: the store takes 65,535 bytes, and table and group are part of them.
pub(crate) const LONGEST_KEY: usize = 65_000;

/// Bytes before the key.
const HEAD: usize = 4 + 8 + 8;

/// The place of a key.
pub(crate) fn place(table: u32, group: Group, key: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&table.to_be_bytes());
    out.extend_from_slice(&ordered(group.0));
    out.extend_from_slice(&ordered(group.1));
    out.extend_from_slice(key);
}

/// What stands at a place.
pub(crate) fn parse(place: &[u8]) -> Option<(u32, Group, &[u8])> {
    let (table, rest) = place.split_first_chunk()?;
    let (end, rest) = rest.split_first_chunk()?;
    let (start, key) = rest.split_first_chunk()?;
    let group = (number(*end), number(*start));
    Some((u32::from_be_bytes(*table), group, key))
}

/// Where a group begins.
pub(crate) fn of_group(table: u32, group: Group) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD);
    place(table, group, &[], &mut out);
    out
}

/// The first place behind a group.
pub(crate) fn behind_group(table: u32, (end, start): Group) -> Vec<u8> {
    let next = match start.checked_add(1) {
        Some(start) => Some((end, start)),
        None => end.checked_add(1).map(|end| (end, i64::MIN)),
    };
    match next {
        Some(group) => of_group(table, group),
        None => behind_table(table),
    }
}

/// The first place behind a table.
pub(crate) fn behind_table(table: u32) -> Vec<u8> {
    (table + 1).to_be_bytes().to_vec()
}

/// Bytes in the order of the numbers.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn number(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_in_the_order_of_what_stands_there(
            a in any::<(u32, Group, Vec<u8>)>(), b in any::<(u32, Group, Vec<u8>)>()
        ) {
            let mut places = [Vec::new(), Vec::new()];
            place(a.0, a.1, &a.2, &mut places[0]);
            place(b.0, b.1, &b.2, &mut places[1]);
            prop_assert_eq!(places[0].cmp(&places[1]), a.cmp(&b));
            prop_assert_eq!(parse(&places[0]), Some((a.0, a.1, &a.2[..])));
        }
    }

    #[test]
    fn the_place_behind_a_group_is_before_the_next_one() {
        for group in [
            (0, 0),
            (5, i64::MAX),
            (i64::MAX, i64::MIN),
            (i64::MAX, i64::MAX),
        ] {
            let mut last = Vec::new();
            place(7, group, &[255; 40], &mut last);
            assert!(last < behind_group(7, group), "{group:?}");
            assert!(behind_group(7, group) <= behind_table(7), "{group:?}");
        }
    }
}
