//! Files written by the sink come back through the source, whatever the format and compression.

use ssectl_adapter::{
    Adapter, Error, ErrorKind, Fetched, Limit, Options, Range, Record, SinkSpec, SourceSpec,
};
use ssectl_adapter_file::FileAdapter;

fn options(pairs: &[(&str, serde_json::Value)]) -> Options {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect()
}

async fn write(path: &str, options: &Options, values: &[&str]) -> Result<(), Error> {
    let target = FileAdapter.target(options)?;
    let mut sink = target
        .sink(&SinkSpec {
            stream: path.to_owned(),
            ..SinkSpec::default()
        })
        .await?;
    let records: Vec<_> = values
        .iter()
        .map(|v| Record::from_value(v.to_string()))
        .collect();
    assert!(sink.write(&records).await?.rejected.is_empty());
    sink.close().await
}

async fn read(path: &str, options: &Options) -> Result<Vec<String>, Error> {
    let spec = SourceSpec {
        stream: path.to_owned(),
        range: Range::all(),
        ..SourceSpec::default()
    };
    let mut source = FileAdapter.target(options)?.source(&spec).await?;
    let mut values = Vec::new();
    loop {
        match source.fetch(Limit::default()).await? {
            Fetched::Batch(batch) => values.extend(batch.records.into_iter().map(|record| {
                String::from_utf8(record.value.unwrap_or_default().to_vec()).expect("text")
            })),
            Fetched::Idle => {}
            Fetched::End => return Ok(values),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_comes_back_through_every_compression() {
    let dir = tempfile::tempdir().expect("a directory");
    let rows = [r#"{"a":1,"b":"x"}"#, r#"{"a":2,"b":"y,z"}"#];
    for ending in ["ndjson", "csv", "txt"] {
        for packed in ["", ".gz", ".zst"] {
            let path = format!("{}/data.{ending}{packed}", dir.path().display());
            write(&path, &Options::new(), &rows).await.expect("written");
            assert_eq!(
                read(&path, &Options::new()).await.expect("read"),
                rows,
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn appending_keeps_what_is_there_and_refuses_a_torn_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = format!("{}/data.ndjson", dir.path().display());
    let append = options(&[("append", true.into())]);
    write(&path, &append, &["1"]).await.expect("new");
    write(&path, &append, &["2"]).await.expect("appended");
    assert_eq!(
        read(&path, &Options::new()).await.expect("read"),
        ["1", "2"]
    );
    std::fs::write(&path, "1\n2").expect("torn");
    let error = write(&path, &append, &["3"]).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Data);
    write(&path, &Options::new(), &["4"])
        .await
        .expect("replaced");
    assert_eq!(read(&path, &Options::new()).await.expect("read"), ["4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_gzip_gives_its_records_and_then_an_error_with_the_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = format!("{}/data.ndjson.gz", dir.path().display());
    let rows: Vec<String> = (0..200_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    write(
        &path,
        &Options::new(),
        &rows.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await
    .expect("written");
    let bytes = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &bytes[..bytes.len() - 1000]).expect("cut");
    let error = read(&path, &Options::new()).await.expect_err("cut");
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(
        error.to_string().contains("cut short") && error.to_string().contains("line"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_files_and_directories_are_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = format!("{}/none/x", dir.path().display());
    let error = read(&missing, &Options::new()).await.expect_err("missing");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = read(&dir.path().display().to_string(), &Options::new())
        .await
        .expect_err("a directory");
    assert!(
        error.to_string().starts_with("this is a directory"),
        "{error}"
    );
    let error = write(&missing, &Options::new(), &[])
        .await
        .expect_err("no directory");
    assert_eq!(error.hint_text(), Some("make its directory first"));
}
