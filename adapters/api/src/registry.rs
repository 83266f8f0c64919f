//! Which adapters a build has. A value that is passed down, not a global.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Adapter, Error, ErrorKind, Result};

/// Adapters by name.
#[derive(Default)]
pub struct Registry {
    adapters: BTreeMap<&'static str, Arc<dyn Adapter>>,
    left_out: Vec<&'static str>,
}

impl Registry {
    /// Adds an adapter; a second one of the same name replaces the first.
    pub fn add(&mut self, adapter: impl Adapter + 'static) {
        self.adapters.insert(adapter.name(), Arc::new(adapter));
    }

    /// Notes an adapter that exists but was not compiled in.
    pub fn leave_out(&mut self, name: &'static str) {
        self.left_out.push(name);
    }

    /// All adapters in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Adapter>> {
        self.adapters.values()
    }

    /// Finds an adapter; the error lists what there is and what the name may have meant.
    pub fn get(&self, name: &str) -> Result<Arc<dyn Adapter>> {
        if let Some(adapter) = self.adapters.get(name) {
            return Ok(adapter.clone());
        }
        let have = self
            .adapters
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .join("`, `");
        if self.left_out.contains(&name) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("adapter `{name}` is not in this build"),
            )
            .hint(format!(
                "build with `--features {name}`; this build has `{have}`"
            )));
        }
        let error = Error::new(ErrorKind::Config, format!("unknown adapter `{name}`"));
        Err(match closest(name, self.adapters.keys().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`? this build has `{have}`")),
            None => error.hint(format!("this build has `{have}`")),
        })
    }
}

/// The known name nearest to a misspelt one, if any is near enough to be meant.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
