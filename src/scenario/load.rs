//! From a file to a scenario.

use std::path::{Path, PathBuf};

use super::decode::Decoder;
use super::format;
use super::params::{self, Params, Variables};
use super::{Param, Scenario, graph};
use crate::document::{
    Env, Fault, Faults, Node, Place, Shape, Text, Value, interpolate, parse, read,
    schema_with_interpolation,
};

/// The name of a scenario's file in its folder.
const FILE: &str = "scenario.yaml";

/// A scenario that can be run.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// What hardly is meant as it is written.
    pub warnings: Vec<Fault>,
}

/// Loads a scenario: a file, or a folder with a `scenario.yaml`.
///
/// `env` is what `${VAR}` finds, `params` what `${param.NAME}` finds before its default. Reads the
/// file, and looks whether the files it names are there. Nothing is opened, made or run.
///
/// # Errors
/// All faults of the file, warnings included.
pub fn load(path: &Path, env: &Env, params: &Params) -> Result<Loaded, Faults> {
    let mut faults = Faults::default();
    let scenario = read_scenario(path, env, params, &mut faults);
    let warnings = faults.into_result()?;
    let scenario = scenario.expect("a scenario without errors is whole");
    Ok(Loaded { scenario, warnings })
}

/// The parameters that a scenario declares, to prompt for them before [`load`].
///
/// # Errors
/// The faults of the parameters, or that the file is no YAML.
pub fn declared_params(path: &Path, env: &Env) -> Result<Vec<Param>, Faults> {
    let mut faults = Faults::default();
    let root = root(&find(path)?, &mut faults);
    let params = root.map(|mut root| params::declared(&mut root, env, &mut faults));
    faults.into_result()?;
    Ok(params.unwrap_or_default())
}

/// The JSON Schema of scenario files, for editors.
pub fn schema() -> serde_json::Value {
    schema_with_interpolation(schemars::schema_for!(format::Scenario))
}

fn read_scenario(path: &Path, env: &Env, params: &Params, faults: &mut Faults) -> Option<Scenario> {
    let file = match find(path) {
        Ok(file) => file,
        Err(found) => {
            faults.extend(found);
            return None;
        }
    };
    let mut root = root(&file, faults)?;
    let declared = params::declared(&mut root, env, faults);
    let params = params::assign(declared, params, faults);
    let variables = Variables {
        env,
        params: &params,
    };
    interpolate(&mut root, &variables, faults);
    Shape::of::<format::Scenario>().check(&mut root, "", faults);
    let mut decoder = Decoder::new(&file, &root, faults);
    let scenario = decoder.scenario(&root, params);
    let links = decoder.links;
    graph::check(&links, root.field("expect").is_some(), faults);
    if let Some(scenario) = scenario.as_ref().filter(|_| !faults.has_errors()) {
        graph::warn(scenario, &links, faults);
    }
    scenario
}

/// The file that a path stands for.
fn find(path: &Path) -> Result<PathBuf, Faults> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let file = path.join(FILE);
    if file.is_file() {
        return Ok(file);
    }
    let mut faults = Faults::default();
    let text = Text::value(path.display().to_string(), "");
    let yaml = yaml_files(path);
    faults
        .error(&Place::start_of(&text), format!("has no `{FILE}`"))
        .hint_with(|| (!yaml.is_empty()).then(|| format!("name the file itself; there is {yaml}")));
    Err(faults)
}

fn yaml_files(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path().display().to_string())
        .filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
        .collect();
    names.sort();
    crate::document::list(names.iter().map(String::as_str))
}

fn root(file: &Path, faults: &mut Faults) -> Option<Node> {
    let text = match read(file) {
        Ok(text) => text,
        Err(found) => {
            faults.extend(found);
            return None;
        }
    };
    let root = parse(&text, faults);
    if root.is_none() && !faults.has_errors() {
        faults
            .error(&Place::start_of(&text), "the file is empty")
            .hint("a scenario starts with `apiVersion: ssectl/v1`, `name` and `pipelines`");
    }
    let is_mapping = |root: &Node| matches!(root.value, Value::Map(_));
    if let Some(root) = root.as_ref().filter(|root| !is_mapping(root)) {
        let message = format!("expected a scenario, found {}", root.describe());
        faults
            .error(&root.place, message)
            .hint("a scenario starts with `apiVersion: ssectl/v1`, `name` and `pipelines`");
    }
    root.filter(is_mapping)
}
