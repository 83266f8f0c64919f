//! Control records: how a transaction ended.

use super::build::finish;
use super::records::write_varint;
use super::{BatchHeader, HEADER_LEN, Records, bits};

/// The end of a transaction in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Abort,
    Commit,
}

impl Marker {
    fn code(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
        }
    }

    /// A batch that ends the transaction of a producer.
    pub(crate) fn batch(self, producer_id: i64, producer_epoch: i16, now_ms: i64) -> Vec<u8> {
        let mut batch = vec![0; HEADER_LEN];
        batch[16] = 2;
        batch[21..23].copy_from_slice(&(bits::TRANSACTIONAL | bits::CONTROL).to_be_bytes());
        batch[27..35].copy_from_slice(&now_ms.to_be_bytes());
        batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
        batch[43..51].copy_from_slice(&producer_id.to_be_bytes());
        batch[51..53].copy_from_slice(&producer_epoch.to_be_bytes());
        batch[53..57].copy_from_slice(&(-1_i32).to_be_bytes());
        batch[57..61].copy_from_slice(&1_i32.to_be_bytes());
        let body = self.record();
        write_varint(&mut batch, body.len() as i64);
        batch.extend_from_slice(&body);
        finish(batch)
    }

    fn record(self) -> Vec<u8> {
        // Attributes, timestamp delta and offset delta are 0. The key is a version and a type, the value a version and
        // the coordinator's epoch; the versions and the epoch are 0. There are no headers.
        let mut body = vec![0, 0, 0];
        write_varint(&mut body, 4);
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(&self.code().to_be_bytes());
        write_varint(&mut body, 6);
        body.extend_from_slice(&[0; 6]);
        body.push(0);
        body
    }
}

/// The marker that a control batch holds, if it is one.
pub(crate) fn marker_of(batch: &[u8]) -> Option<Marker> {
    BatchHeader::read(batch).filter(BatchHeader::is_control)?;
    let mut records = Records::of(batch).ok()?;
    let record = records.next().ok()??;
    match record.key? {
        [_, _, 0, 0] => Some(Marker::Abort),
        [_, _, 0, 1] => Some(Marker::Commit),
        _ => None,
    }
}
