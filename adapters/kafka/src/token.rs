//! Bearer tokens for `OAUTHBEARER` (RFC 7628).

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use serde::Deserialize;

use crate::config::TokenSource;

/// How long a token command may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// After this time a token that does not tell its end is asked for again.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(600);

/// Why there is no token. Holds no part of one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The variable is not set.
    #[error("environment variable `{0}` holds no token")]
    Env(String),
    /// The file cannot be read.
    #[error("cannot read the token file `{path}`")]
    File {
        path: String,
        source: std::io::Error,
    },
    /// The command does not start, or its output cannot be read.
    #[error("cannot run the token command `{program}`")]
    Command {
        program: String,
        source: std::io::Error,
    },
    /// The command failed.
    #[error("token command `{program}` ended with {status}")]
    Failed { program: String, status: ExitStatus },
    /// The command hangs.
    #[error("token command `{0}` took longer than 30 s")]
    Slow(String),
    /// There was nothing where the token should be.
    #[error("the token is empty")]
    Empty,
}

/// The claims of a JSON Web Token (RFC 7519 section 4.1) that matter here.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    exp: Option<f64>,
}

/// Gets a token and says until when and for whom it holds.
pub(crate) fn obtain(source: &TokenSource) -> Result<OAuthToken, TokenError> {
    let text = match source {
        TokenSource::Env(name) => std::env::var(name).map_err(|_| TokenError::Env(name.clone()))?,
        TokenSource::File(path) => {
            std::fs::read_to_string(path).map_err(|source| TokenError::File {
                path: path.display().to_string(),
                source,
            })?
        }
        TokenSource::Command(words) => output(words)?,
    };
    let token = text.lines().next().unwrap_or_default().trim();
    if token.is_empty() {
        return Err(TokenError::Empty);
    }
    Ok(describe(token))
}

/// Reads the claims; a token that is none of JSON holds for some minutes.
fn describe(token: &str) -> OAuthToken {
    let claims = token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok())
        .and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let unknown = (now + UNKNOWN_LIFETIME).as_millis() as i64;
    let (subject, end) = claims.map_or((None, None), |claims| (claims.sub, claims.exp));
    OAuthToken {
        token: token.to_owned(),
        principal_name: subject.unwrap_or_else(|| "ssectl".to_owned()),
        lifetime_ms: end.map_or(unknown, |seconds| (seconds * 1000.0) as i64),
    }
}

fn output(words: &[String]) -> Result<String, TokenError> {
    let (program, arguments) = words.split_first().ok_or(TokenError::Empty)?;
    let broken = |source| TokenError::Command {
        program: program.clone(),
        source,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(broken)?;
    let mut pipe = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.as_mut()
            .map(|pipe| pipe.read_to_string(&mut text))
            .transpose()?;
        Ok(text)
    });
    let Some(status) = wait(&mut child).map_err(broken)? else {
        // It may have ended just now; then there is nothing to kill.
        child.kill().ok();
        return Err(TokenError::Slow(program.clone()));
    };
    if !status.success() {
        return Err(TokenError::Failed {
            program: program.clone(),
            status,
        });
    }
    let text = reader.join().unwrap_or_else(|_| Ok(String::new()));
    text.map_err(broken)
}

/// Waits for the end of a process, not longer than patience lasts.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() > deadline => return Ok(None),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_web_token_tells_its_end_and_subject() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"alice","exp":1900000000}"#);
        let token = describe(&format!("e30.{claims}."));
        assert_eq!(token.principal_name, "alice");
        assert_eq!(token.lifetime_ms, 1_900_000_000_000);
    }

    #[test]
    fn any_other_token_holds_for_some_minutes() {
        let token = describe("opaque");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let left = token.lifetime_ms - now.as_millis() as i64;
        assert!((500_000..=600_000).contains(&left), "{left}");
    }

    #[test]
    fn a_command_prints_the_token() {
        let words = ["printf", "abc\\nrest"].map(str::to_owned).to_vec();
        assert_eq!(
            obtain(&TokenSource::Command(words)).expect("a token").token,
            "abc"
        );
    }

    #[test]
    fn what_goes_wrong_is_named() {
        let command = |words: &[&str]| {
            TokenSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
        };
        for (source, says) in [
            (
                TokenSource::Env("SSECTL_NO_SUCH".into()),
                "`SSECTL_NO_SUCH`",
            ),
            (TokenSource::File("/no/such".into()), "`/no/such`"),
            (command(&["false"]), "`false` ended with"),
            (command(&["no-such-program"]), "cannot run"),
            (command(&["true"]), "empty"),
            (command(&[]), "empty"),
        ] {
            let error = obtain(&source).err().expect("no token").to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
