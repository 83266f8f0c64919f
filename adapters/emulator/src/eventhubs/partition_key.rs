//! Which partition a key belongs to.
//!
//! The service spreads keys with Bob Jenkins' lookup3 (hashlittle2) over their UTF-8 bytes; clients that buffer per partition
//! compute the same, so it has to be this function.

/// The partition of `key` among `partitions`.
pub(crate) fn partition_of(key: &str, partitions: u32) -> u32 {
    let (first, second) = lookup3(key.as_bytes());
    let hash = (first ^ second) as i16;
    i32::from(hash).unsigned_abs() % partitions.max(1)
}

/// Both 32-bit results, with seeds of 0.
fn lookup3(bytes: &[u8]) -> (u32, u32) {
    let start = 0xDEAD_BEEF_u32.wrapping_add(bytes.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = bytes;
    while rest.len() > 12 {
        let (block, behind) = rest.split_at(12);
        a = a.wrapping_add(word(block, 0));
        b = b.wrapping_add(word(block, 4));
        c = c.wrapping_add(word(block, 8));
        (a, b, c) = mix(a, b, c);
        rest = behind;
    }
    if rest.is_empty() {
        return (c, b);
    }
    a = a.wrapping_add(word(rest, 0));
    b = b.wrapping_add(word(rest, 4));
    c = c.wrapping_add(word(rest, 8));
    last(a, b, c)
}

/// Up to four bytes at `at`, little-endian; missing ones are 0.
fn word(bytes: &[u8], at: usize) -> u32 {
    let present = bytes.iter().skip(at).take(4).enumerate();
    present.fold(0, |word, (index, byte)| {
        word | u32::from(*byte) << (8 * index)
    })
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

/// The final mix; gives c and b.
fn last(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32) {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    (c, b)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    /// What azure-eventhub 5.15.1 computes for the same keys and 32 partitions.
    #[test]
    fn keys_go_where_the_clients_think() {
        let known = [
            ("", 0),
            ("a", 28),
            ("key", 27),
            ("alpha", 9),
            ("order-1", 7),
            ("twelve bytes", 14),
            ("thirteen bytes", 30),
            ("a rather longer partition key of several blocks", 29),
            ("Müller", 20),
            (
                "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
                5,
            ),
        ];
        for (key, partition) in known {
            assert_eq!(partition_of(key, 32), partition, "{key}");
        }
    }
}
