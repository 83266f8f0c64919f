//! The YAML of the documentation, loaded.

use std::fs;

use super::Case;
use crate::config::{Files, load};
use crate::document::Env;

/// Every block of YAML in a page.
fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(page).expect("a page");
    let blocks = text.split("```yaml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

fn has(block: &str, name: &str) -> bool {
    block
        .lines()
        .any(|line| line.starts_with(&format!("{name}:")))
}

/// A block that is a part of a scenario gets the rest.
fn completed(block: &str) -> String {
    let mut text = format!("{block}\n");
    for (name, rest) in [
        ("streams", "streams: {in: , out: }\n"),
        (
            "pipelines",
            "pipelines: {p: {source: {generate: words, count: 1}, sink: 'file:x'}}\n",
        ),
    ] {
        if !has(block, name) {
            text.push_str(rest);
        }
    }
    text
}

fn load_scenario(block: &str) {
    let body = block
        .lines()
        .filter(|line| !line.starts_with("apiVersion:") && !line.starts_with("name:"));
    let body: Vec<&str> = body.collect();
    let case = Case::new(&completed(&body.join("\n")));
    let case = case.file("expected.ndjson", "");
    case.scenario();
}

fn load_config(block: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ssectl.yaml");
    fs::write(&file, block).expect("written");
    let files = Files {
        project: Some(file),
        ..Files::default()
    };
    let config = load(&files, &Env::new(), &[]).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.warnings().is_empty());
}

#[test]
fn every_block_of_yaml_is_sound() {
    let mut pages = vec!["docs/scenarios.md".to_owned()];
    for folder in fs::read_dir("scenarios").expect("the scenarios") {
        let page = folder.expect("a folder").path().join("README.md");
        pages.extend(page.is_file().then(|| page.display().to_string()));
    }
    let blocks: Vec<String> = pages.iter().flat_map(|page| blocks(page)).collect();
    assert!(blocks.len() >= 9, "only {} blocks", blocks.len());
    for block in blocks {
        if has(&block, "targets") {
            load_config(&block);
        } else {
            load_scenario(&block);
        }
    }
}
