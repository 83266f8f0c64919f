//! Which partition a key belongs to, as the service itself decides it.
//!
//! The service hashes partition keys with Bob Jenkins' lookup3 (`hashlittle2`), and its clients do the
//! same where they choose the partition themselves, so that a key lands in the same place whoever
//! sends it.

/// The index of a key's partition among `count` of them; `count` is at least 1.
pub(crate) fn partition_of(key: &[u8], count: usize) -> usize {
    let (c, b) = lookup3(key);
    let folded = (c ^ b) as u16 as i16;
    let count = i32::try_from(count.max(1)).unwrap_or(i32::MAX);
    (i32::from(folded) % count).unsigned_abs() as usize
}

/// `hashlittle2` with both seeds 0: the primary and the secondary hash.
fn lookup3(key: &[u8]) -> (u32, u32) {
    let length = key.len() as u32;
    let start = 0xdead_beef_u32.wrapping_add(length);
    let mut state = [start; 3];
    let mut rest = key;
    while rest.len() > 12 {
        let (block, tail) = rest.split_at(12);
        add(&mut state, block);
        mix(&mut state);
        rest = tail;
    }
    if !rest.is_empty() {
        add(&mut state, rest);
        finish(&mut state);
    }
    (state[2], state[1])
}

/// Adds up to 12 bytes, little-endian; missing ones count as zero.
fn add(state: &mut [u32; 3], bytes: &[u8]) {
    for (word, four) in state.iter_mut().zip(bytes.chunks(4)) {
        let mut padded = [0; 4];
        padded[..four.len()].copy_from_slice(four);
        *word = word.wrapping_add(u32::from_le_bytes(padded));
    }
}

/// The reversible mixing between two blocks.
fn mix([a, b, c]: &mut [u32; 3]) {
    for (x, y, z, turn) in [
        (0, 2, 1, 4),
        (1, 0, 2, 6),
        (2, 1, 0, 8),
        (0, 2, 1, 16),
        (1, 0, 2, 19),
        (2, 1, 0, 4),
    ] {
        let mut words = [*a, *b, *c];
        words[x] = words[x].wrapping_sub(words[y]);
        words[x] ^= words[y].rotate_left(turn);
        words[y] = words[y].wrapping_add(words[z]);
        [*a, *b, *c] = words;
    }
}

/// The mixing after the last block.
fn finish(words: &mut [u32; 3]) {
    for (x, y, turn) in [
        (2, 1, 14),
        (0, 2, 11),
        (1, 0, 25),
        (2, 1, 16),
        (0, 2, 4),
        (1, 0, 14),
        (2, 1, 24),
    ] {
        words[x] ^= words[y];
        words[x] = words[x].wrapping_sub(words[y].rotate_left(turn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in the comments of Jenkins' own `lookup3.c` (`driver5`).
    #[test]
    fn the_hash_is_lookup3() {
        assert_eq!(lookup3(b""), (0xdead_beef, 0xdead_beef));
        assert_eq!(
            lookup3(b"Four score and seven years ago"),
            (0x1777_0551, 0xce72_26e6)
        );
    }

    #[test]
    fn every_partition_gets_keys() {
        let mut seen = [0; 7];
        for number in 0..700 {
            seen[partition_of(format!("key-{number}").as_bytes(), seen.len())] += 1;
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }
}
