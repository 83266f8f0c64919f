//! How fast this adapter writes and reads, and how long opening and closing take.
//!
//! `cargo run --release -p ssectl-adapter-kafka --example throughput -- [HOST:PORT|emulator] [RECORDS] [BYTES] [OPTION=VALUE ...]`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::Instant;

use ssectl_adapter::{
    Adapter, Fetched, Limit, Range, Record, Result, SinkSpec, SourceSpec, StreamSpec, Target,
};
use ssectl_emulator::kafka::{Config, Emulator};

/// As many records as the engine writes at once.
const BATCH: usize = 8192;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut address = arguments.next().unwrap_or_else(|| "emulator".into());
    let emulator = Emulator::start(Config::default()).expect("the emulator starts");
    if address == "emulator" {
        address = emulator.address().to_string();
    }
    let mut number = |default| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (count, size) = (number(1_000_000), number(100));
    let query = arguments.collect::<Vec<_>>().join("&");
    let adapter = ssectl_adapter_kafka::adapter();
    let name = format!("throughput-{}", std::process::id());
    let location = adapter.locate(&format!("kafka://{address}/{name}?{query}").parse()?)?;
    let target = adapter.target(&location.options)?;
    let admin = target.admin()?;
    let spec = StreamSpec {
        name: name.clone(),
        partitions: Some(4),
        ..StreamSpec::default()
    };
    timed("create", admin.create(&spec)).await?;
    write(target.as_ref(), &name, count, size).await?;
    read(target.as_ref(), &name, count, size).await?;
    timed("delete", admin.delete(&name)).await
}

async fn write(target: &dyn Target, stream: &str, count: usize, size: usize) -> Result<()> {
    let spec = SinkSpec {
        stream: stream.to_owned(),
        ..SinkSpec::default()
    };
    let mut sink = timed("open sink", target.sink(&spec)).await?;
    let records: Vec<_> = (0..BATCH)
        .map(|number| Record {
            key: Some(format!("key-{}", number % 1000).into()),
            ..Record::from_value(vec![b'x'; size])
        })
        .collect();
    timed("write one", sink.write(&records[..1])).await?;
    timed("write one more", sink.write(&records[..1])).await?;
    let start = Instant::now();
    for first in (0..count).step_by(BATCH) {
        sink.write(&records[..BATCH.min(count - first)]).await?;
    }
    rate("write", count, size, start);
    timed("close sink", sink.close()).await
}

async fn read(target: &dyn Target, stream: &str, count: usize, size: usize) -> Result<()> {
    let spec = SourceSpec {
        stream: stream.to_owned(),
        range: Range::all(),
        ..SourceSpec::default()
    };
    let mut source = timed("open source", target.source(&spec)).await?;
    let mut read = 0;
    let start = Instant::now();
    loop {
        match source.fetch(Limit::default()).await? {
            Fetched::Batch(batch) => {
                if read == 0 {
                    println!(
                        "first record   {:8.1} ms",
                        start.elapsed().as_secs_f64() * 1e3
                    );
                }
                read += batch.records.len();
            }
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    rate("read", read, size, start);
    assert_eq!(read, count + 2, "records are lost or repeated");
    timed("close source", source.close()).await
}

async fn timed<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let start = Instant::now();
    let outcome = work.await;
    println!("{what:14} {:8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    outcome
}

fn rate(what: &str, count: usize, size: usize, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    let rate = count as f64 / seconds;
    let megabytes = rate * size as f64 / 1e6;
    println!("{what:14} {count} records in {seconds:.2} s: {rate:.0}/s, {megabytes:.0} MB/s");
}
