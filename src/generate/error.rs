//! What can be wrong with a [`Spec`](super::Spec).

/// A fault in what was asked of the generator: where it is, what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {problem}")]
pub struct SpecError {
    path: &'static str,
    problem: String,
}

impl SpecError {
    pub(super) fn new(path: &'static str, problem: impl Into<String>) -> Self {
        Self {
            path,
            problem: problem.into(),
        }
    }

    /// The option at fault as it is written in a scenario, for example `disorder.share`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What is wrong and how to fix it, without the path.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// `; did you mean ...?` if one of `names` is close to `wrong`, else nothing.
pub(super) fn did_you_mean<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    let wrong = wrong.to_lowercase();
    names
        .map(|name| {
            (
                strsim::damerau_levenshtein(&wrong, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map_or(String::new(), |(_, name)| {
            format!("; did you mean `{name}`?")
        })
}
