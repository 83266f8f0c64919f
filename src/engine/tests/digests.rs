//! Lines that an operator takes by their digest, or as records.

use std::sync::Arc;

use ssectl_adapter::{Batch, Lines, Partition, Record};

use super::script::{Bench, Do, batch, values};
use crate::engine::{
    Arrival, Control, Digest, Digester, Emitter, Encoding, Fate, OnError, Operator, OperatorError,
    Segment, Step, Steps,
};
use crate::expr::{Options, Program};

/// Says how what it got came. Of lines with `odd` there is no digest, one with `no` is refused.
struct Teller;

impl Digester for Teller {
    fn digest(&self, lines: &Lines, _: Encoding) -> Option<Digest> {
        let text = std::str::from_utf8(lines.bytes()).expect("text");
        (!text.contains("odd")).then(|| Box::new(text.to_owned()) as Digest)
    }
}

impl Operator for Teller {
    fn record(
        &mut self,
        record: &Record,
        _: Arrival,
        out: &mut Emitter,
    ) -> Result<Fate, OperatorError> {
        out.push(record.clone());
        Ok(Fate::Filtered)
    }

    fn digester(&self) -> Option<Arc<dyn Digester>> {
        Some(Arc::new(Self))
    }

    fn digest(
        &mut self,
        digest: Digest,
        _: Arrival,
        out: &mut Emitter,
    ) -> Result<bool, OperatorError> {
        let text = digest.downcast::<String>().expect("a text");
        if text.contains("no") {
            return Ok(false);
        }
        out.push(Record::from_value(format!("\"digest of {text}\"")));
        Ok(true)
    }

    fn end(&mut self, _: &mut Emitter) -> Result<(), OperatorError> {
        Ok(())
    }
}

fn lines(values: [&'static str; 2]) -> Batch {
    let mut lines = Lines::new(values.concat().into(), "in".into(), Partition::default());
    let middle = values[0].len();
    lines.push(0, middle, 1);
    lines.push(middle, middle + values[1].len(), 2);
    Batch {
        lines: Some(lines),
        ..Batch::default()
    }
}

fn telling(script: Vec<Do>, steps: Steps, on_error: OnError) -> Bench {
    let mut bench = Bench::new(script, steps, on_error, vec![]);
    bench.pipeline.then.push(Segment::Keyed {
        name: "teller".to_owned(),
        open: Box::new(|_| Ok(Box::new(Teller))),
    });
    bench
}

#[tokio::test(start_paused = true)]
async fn lines_come_as_a_digest_or_as_records_in_their_order() {
    let script = vec![
        Do::Give(lines(["1", "2"])),
        Do::Give(lines(["3", "\"no\""])),
        Do::Give(batch(0, &["5"])),
        Do::Give(lines(["\"odd\"", "6"])),
        Do::Give(lines(["7", "8"])),
    ];
    let bench = telling(script, Steps::default(), OnError::Skip);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(
        values(&bench.taken),
        [
            "\"digest of 12\"",
            "3",
            "\"no\"",
            "5",
            "\"odd\"",
            "6",
            "\"digest of 78\""
        ]
    );
    assert_eq!((counts.read, counts.used, counts.filtered), (9, 4, 5));
    assert!(bench.log.all().contains(&"may give lines".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn lines_are_not_asked_for_where_records_are_needed() {
    let program = || Program::compile("test", ".", &Options::default()).expect("a program");
    let map = || Steps::new(vec![Step::Map(program())], Encoding::Json, Encoding::Json);
    let before = telling(vec![], map(), OnError::Skip);
    // The first bad record is to end it, and the step behind could find one.
    let mut behind = telling(vec![], Steps::default(), OnError::Fail);
    behind.pipeline.then.push(Segment::Stateless(map()));
    for bench in [before, behind] {
        bench
            .pipeline
            .run(Control::detached())
            .await
            .expect("sound");
        assert!(!bench.log.all().contains(&"may give lines".to_owned()));
    }
}
