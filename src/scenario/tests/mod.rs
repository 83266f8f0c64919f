//! Tests of whole scenario files.

mod docs;
mod faults;
mod judge;
mod model;
mod mutations;
mod needs;
mod params;
mod schema;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Loaded, Params, Scenario, load};
use crate::document::{Env, Faults};

/// A scenario in a folder of its own, with records to name.
struct Case {
    folder: TempDir,
    env: Env,
    params: Params,
}

impl Case {
    /// `body` is what follows `apiVersion` and `name`.
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("apiVersion: ssectl/v1\nname: case\n{body}");
        fs::write(folder.path().join("scenario.yaml"), text).expect("written");
        Self {
            folder,
            env: Env::new(),
            params: Params::new(),
        }
    }

    fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), content).expect("written");
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.params.insert(name.to_owned(), value.to_owned());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Result<Loaded, Faults> {
        load(self.folder.path(), &self.env, &self.params)
    }

    fn scenario(&self) -> Scenario {
        match self.load() {
            Ok(loaded) => loaded.scenario,
            Err(faults) => panic!("{faults}"),
        }
    }

    /// What is reported, the folder left out.
    fn faults(&self) -> String {
        let faults = self.load().expect_err("faults").to_string();
        faults.replace(&format!("{}/", self.folder.path().display()), "")
    }
}
