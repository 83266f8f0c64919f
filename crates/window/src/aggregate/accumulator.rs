//! The state of all aggregates of a key in a window, and its bytes.

use ssectl_state::{Corrupt, Value};

use super::codec::{Reader, put_number};
use super::state::State;

/// What the aggregates of a step remember of a key in a window.
///
/// Its bytes are the same for the same events, whatever their order and however it was merged; but for `reduce`.
#[derive(Debug, Clone)]
pub struct Accumulator(pub(super) Box<[State]>);

/// The version of the bytes, which stand first. Others are refused.
const VERSION: u8 = 1;

impl Value for Accumulator {
    const KIND: &'static str = "aggregates";

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_number(self.0.len() as u64, out);
        self.0.iter().for_each(|state| state.encode(out));
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader(bytes);
        if reader.byte()? != VERSION {
            return Err(Corrupt("aggregates of another version"));
        }
        let states: Vec<State> = reader.list(State::decode)?;
        if !reader.0.is_empty() {
            return Err(Reader::corrupt());
        }
        Ok(Self(states.into()))
    }

    fn size(&self) -> usize {
        let heap = self.0.iter().map(State::heap);
        size_of::<Self>() + size_of_val(&*self.0) + heap.sum::<usize>()
    }

    /// An array of what each aggregate has so far, in the order in which they are written.
    fn describe(&self) -> String {
        let mut out = vec![b'['];
        for (at, state) in self.0.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            state.describe(&mut out);
        }
        out.push(b']');
        String::from_utf8_lossy(&out).into_owned()
    }
}
