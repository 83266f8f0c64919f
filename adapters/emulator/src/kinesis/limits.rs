//! What one shard can take and give in a second.

/// Records that a shard takes.
const RECORDS_IN: u64 = 1000;

/// Bytes that a shard takes.
const BYTES_IN: u64 = 1 << 20;

/// Calls of GetRecords that a shard answers.
const READS: u64 = 5;

/// Bytes that a shard gives.
const BYTES_OUT: u64 = 2 << 20;

/// What was used of one shard's throughput.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    records_in: Bucket,
    bytes_in: Bucket,
    reads: Bucket,
    bytes_out: Bucket,
}

impl Throughput {
    /// Takes room for one record, or none if there is too little.
    pub(super) fn take_write(&mut self, bytes: u64, now_ms: i64) -> bool {
        let fits = self.records_in.has(RECORDS_IN, now_ms) && self.bytes_in.has(BYTES_IN, now_ms);
        if fits {
            self.records_in.used += 1;
            self.bytes_in.used += bytes;
        }
        fits
    }

    /// Takes one read, or none if there were too many or one gave too much.
    pub(super) fn take_read(&mut self, now_ms: i64) -> bool {
        let fits = self.reads.has(READS, now_ms) && self.bytes_out.has(BYTES_OUT, now_ms);
        if fits {
            self.reads.used += 1;
        }
        fits
    }

    /// Notes what a read gave; after 10 MiB there is nothing for the next five seconds.
    pub(super) fn note_read(&mut self, bytes: u64) {
        self.bytes_out.used += bytes;
    }
}

/// What was used and is not yet made good for.
#[derive(Debug, Default)]
struct Bucket {
    used: u64,
    second: i64,
}

impl Bucket {
    /// Whether less than a second's worth is used.
    fn has(&mut self, per_second: u64, now_ms: i64) -> bool {
        let second = now_ms / 1000;
        let passed = u64::try_from(second - self.second).unwrap_or_default();
        self.used = self.used.saturating_sub(passed.saturating_mul(per_second));
        self.second = self.second.max(second);
        self.used < per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_room_for_so_many_records() {
        let mut shard = Throughput::default();
        assert!((0..1000).all(|_| shard.take_write(1, 5000)));
        assert!(!shard.take_write(1, 5999));
        assert!(shard.take_write(1, 6000));
    }

    #[test]
    fn a_second_has_room_for_so_many_bytes() {
        let mut shard = Throughput::default();
        assert!(shard.take_write(BYTES_IN, 5000));
        assert!(!shard.take_write(1, 5999));
        assert!(shard.take_write(1, 6000));
    }

    #[test]
    fn a_great_read_is_made_good_for() {
        let mut shard = Throughput::default();
        assert!(shard.take_read(5000));
        shard.note_read(10 << 20);
        assert!(!shard.take_read(9999));
        assert!(shard.take_read(10_000));
        assert!((0..4).all(|_| shard.take_read(10_000)));
        assert!(!shard.take_read(10_000));
    }
}
