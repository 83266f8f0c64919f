//! Parameters of a scenario: from flags, from a prompt, or their defaults.

use std::io::{BufRead, Write, stderr, stdin};
use std::path::Path;

use colored::Colorize;

use crate::cli::error::{CliError, CliResult};
use crate::cli::lint::report;
use crate::cli::session::Session;
use crate::scenario::{Param, Params, declared_params};

/// `NAME=VALUE`.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "use NAME=VALUE".to_owned())
}

/// Takes what flags say and asks for the rest, if somebody is there to answer.
pub(in crate::cli) fn ask(
    path: &Path,
    set: &[(String, String)],
    session: &Session,
) -> CliResult<Params> {
    let mut params: Params = set.iter().cloned().collect();
    let declared =
        declared_params(path, &session.env).map_err(|faults| report(&faults, &session.ui))?;
    if !session.ui.can_ask() {
        return Ok(params);
    }
    for param in declared {
        if let Some(prompt) = &param.prompt
            && !params.contains_key(&param.name)
        {
            params.insert(param.name.clone(), answer(prompt, &param)?);
        }
    }
    Ok(params)
}

/// As Click does it: the default in brackets, an empty line takes it.
fn answer(prompt: &str, param: &Param) -> CliResult<String> {
    loop {
        let default = param
            .default
            .as_ref()
            .map_or(String::new(), |default| format!(" [{default}]"));
        let mut terminal = stderr().lock();
        let _ = write!(terminal, "{}{}: ", prompt.bold(), default.dimmed());
        let _ = terminal.flush();
        drop(terminal);
        let mut line = String::new();
        let read = stdin().lock().read_line(&mut line);
        if !matches!(read, Ok(1..)) {
            return Err(CliError::usage(format!("no value for `{}`", param.name))
                .hint(format!("give one with `--set {}=...`", param.name)));
        }
        match (line.trim(), &param.default) {
            ("", Some(default)) => return Ok(default.clone()),
            ("", None) => {}
            (line, _) => return Ok(line.to_owned()),
        }
    }
}
