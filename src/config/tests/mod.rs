//! Layers, origins, targets, and that secrets stay secret.

mod targets;

use std::fs;
use std::path::Path;

use ssectl_adapter::{
    Adapter, Capabilities, Location, MemoryAdapter, Options, Registry, Result, StreamUri, Target,
};
use tempfile::TempDir;

use super::*;
use crate::document::{Env, Faults};

/// The targets of this build that need no file.
fn built_in_targets() -> Vec<&'static str> {
    let all = [
        (true, "local"),
        (cfg!(feature = "kafka"), "local-kafka"),
        (cfg!(feature = "kinesis"), "local-kinesis"),
        (cfg!(feature = "pubsub"), "local-pubsub"),
        (cfg!(feature = "sqs"), "local-sqs"),
        (cfg!(feature = "eventhubs"), "local-eventhubs"),
    ];
    let there = all.iter().filter(|(there, _)| *there);
    there.map(|(_, name)| *name).collect()
}

/// A broker's adapter as far as configuration goes.
struct Broker;

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct BrokerOptions {
    /// Where the brokers are.
    brokers: Option<String>,
    /// How many of them must agree.
    replicas: Option<u16>,
    /// How to log in.
    sasl: Option<Sasl>,
}

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Sasl {
    mechanism: String,
    username: Option<String>,
    password: Option<String>,
}

impl Adapter for Broker {
    fn name(&self) -> &'static str {
        "kafka"
    }
    fn summary(&self) -> &'static str {
        "a broker"
    }
    fn capabilities(&self) -> Capabilities {
        MemoryAdapter::default().capabilities()
    }
    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(BrokerOptions)
    }
    fn locate(&self, _: &StreamUri) -> Result<Location> {
        unreachable!("not part of these tests")
    }
    fn target(&self, _: &Options) -> Result<std::sync::Arc<dyn Target>> {
        unreachable!("not part of these tests")
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(Broker);
    registry.add(MemoryAdapter::default());
    registry.leave_out("pubsub");
    registry
}

/// Configuration files in a folder of their own.
struct Setup {
    folder: TempDir,
    files: Files,
    env: Env,
    flags: Vec<Flag>,
}

impl Setup {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            files: Files::default(),
            env: Env::new(),
            flags: Vec::new(),
        }
    }

    fn write(&self, name: &str, content: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).expect("written");
        path
    }

    fn system(mut self, content: &str) -> Self {
        self.files.system = Some(self.write("system.yaml", content));
        self
    }

    fn user(mut self, content: &str) -> Self {
        self.files.user = Some(self.write("user.yaml", content));
        self
    }

    fn project(mut self, content: &str) -> Self {
        self.files.project = Some(self.write("ssectl.yaml", content));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flag(mut self, flag: &str, path: &str, value: &str) -> Self {
        let [flag, path, value] = [flag, path, value].map(str::to_owned);
        self.flags.push(Flag { flag, path, value });
        self
    }

    fn load(&self) -> std::result::Result<Config, Faults> {
        load(&self.files, &self.env, &self.flags)
    }

    fn config(&self) -> Config {
        self.load().unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn resolve(&self, name: &str) -> ResolvedTarget {
        let resolved = self.config().resolve_target(Some(name), &registry());
        resolved.unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn refused(&self, name: Option<&str>) -> String {
        let faults = self.config().resolve_target(name, &registry());
        self.short(&faults.expect_err("refused").to_string())
    }

    fn faults(&self) -> String {
        self.short(&self.load().expect_err("faults").to_string())
    }

    /// Settings as `path = value (origin)`, without the targets that depend on the features.
    fn shown(&self) -> Vec<String> {
        let shown = self.config().shown().into_iter();
        shown
            .filter(|s| !s.path.starts_with("targets.local-"))
            .map(|s| self.short(&format!("{} = {} ({})", s.path, s.value, s.origin)))
            .collect()
    }
}

#[test]
fn without_files_there_is_a_local_emulator() {
    let setup = Setup::new();
    assert_eq!(
        setup.shown(),
        [
            "target = local (built-in default)",
            "targets.local.adapter = kafka (built-in default)",
            "targets.local.emulator = true (built-in default)",
            "color = auto (built-in default)",
            "on-error = fail (built-in default)",
        ]
    );
    let target = setup
        .config()
        .resolve_target(None, &registry())
        .expect("local");
    assert_eq!(
        (target.name.as_str(), target.adapter.as_str()),
        ("local", "kafka")
    );
    assert!(target.emulator && target.options.is_empty());
}

#[test]
fn stronger_layers_win_name_by_name_and_origins_are_remembered() {
    let setup = Setup::new()
        .system("color: never\ntimeout: 30s\ntargets: {a: {adapter: kafka, brokers: system, replicas: 1}}\n")
        .user("targets:\n  a: {brokers: user, replicas: 2}\n  mine: {adapter: memory}\n")
        .project("target: a\ntargets: {a: {replicas: 3}}\n")
        .env("SSECTL_ON_ERROR", "skip")
        .env("SSECTL_TARGETS__A__SASL__MECHANISM", "PLAIN")
        .env("SSECTL_COLOR", "auto")
        .flag("--color", "color", "always");
    assert_eq!(
        setup.shown(),
        [
            "target = a (ssectl.yaml:1:9)",
            "targets.local.adapter = kafka (built-in default)",
            "targets.local.emulator = true (built-in default)",
            "targets.a.adapter = kafka (system.yaml:3:24)",
            "targets.a.brokers = user (user.yaml:2:16)",
            "targets.a.replicas = 3 (ssectl.yaml:2:25)",
            "targets.a.sasl.mechanism = PLAIN ($SSECTL_TARGETS__A__SASL__MECHANISM)",
            "targets.mine.adapter = memory (user.yaml:3:19)",
            "color = always (--color)",
            "on-error = skip ($SSECTL_ON_ERROR)",
            "timeout = 30s (system.yaml:2:10)",
        ]
    );
    let config = setup.config();
    assert_eq!(
        (config.color(), config.on_error()),
        (Color::Always, OnError::Skip)
    );
    assert_eq!(config.timeout(), Some(std::time::Duration::from_secs(30)));
    assert_eq!(
        (config.target(), config.targets()),
        ("a", [built_in_targets(), vec!["a", "mine"]].concat())
    );
    let target = setup.resolve("a");
    assert_eq!(
        serde_json::Value::Object(target.options),
        serde_json::json!({"brokers": "user", "replicas": 3, "sasl": {"mechanism": "PLAIN"}})
    );
    assert!(!target.emulator);
}

#[test]
fn variables_reach_names_with_other_signs() {
    let setup = Setup::new()
        .project("targets: {my.target: {adapter: kafka, sasl: {mechanism: PLAIN, password: x}}}")
        .env("SSECTL_TARGETS__MY_TARGET__SASL__PASSWORD", "12345")
        .env("SSECTL_TARGETS__NEW_ONE__ADAPTER", "memory");
    assert_eq!(
        setup.resolve("my.target").options["sasl"]["password"],
        "12345"
    );
    assert_eq!(setup.resolve("new-one").adapter, "memory");
}

#[test]
fn values_of_variables_are_not_interpolated_again() {
    let setup = Setup::new()
        .project("targets: {x: {adapter: kafka, sasl: {mechanism: P, password: '${PW}'}}}")
        .env("PW", "${HOME}$${");
    assert_eq!(setup.resolve("x").options["sasl"]["password"], "${HOME}$${");
    let direct = setup.env("SSECTL_TARGETS__X__SASL__PASSWORD", "a${b");
    assert_eq!(direct.resolve("x").options["sasl"]["password"], "a${b");
}

#[test]
fn faults_of_all_files_are_reported_at_once() {
    let setup = Setup::new()
        .user("colour: always\ntimeout: soon\n")
        .project("color: blue\ntargets: [a]\ntarget: ${UNSET}\n")
        .env("SSECTL_ON_ERROR", "explode");
    let expected = "$SSECTL_ON_ERROR: expected one of `fail`, `skip`, found text `explode`\n\
         ssectl.yaml:1:8: expected one of `auto`, `always`, `never`, found text `blue`\n  1 | color: blue\n    |        ^^^^\n\
         ssectl.yaml:2:10: expected a mapping, found a list\n  2 | targets: [a]\n    |          ^^^\n\
         ssectl.yaml:3:9: environment variable `UNSET` is not set\n  3 | target: ${UNSET}\n    |         ^\n  hint: set it, or give a default: `${UNSET:-...}`\n\
         user.yaml:1:1: unknown field `colour`\n  1 | colour: always\n    | ^^^^^^\n  hint: did you mean `color`? the fields are `color`, `on-error`, `target`, `targets`, `timeout`\n\
         user.yaml:2:10: `soon` ";
    let faults = setup.faults();
    assert!(faults.starts_with(expected), "{faults}");
}

#[test]
fn a_misspelt_variable_is_a_warning() {
    let setup = Setup::new()
        .env("SSECTL_COLOUR", "always")
        .env("SSECTL_CONFIG", "x");
    let warnings: Vec<String> = setup
        .config()
        .warnings()
        .iter()
        .map(|w| w.to_string())
        .collect();
    assert_eq!(
        warnings,
        [
            "$SSECTL_COLOUR: warning: there is no setting `colour`\n  hint: did you mean `SSECTL_COLOR`?"
        ]
    );
}

#[test]
fn secrets_are_never_shown() {
    let setup = Setup::new()
        .project(
            "targets:\n  x: {adapter: kafka, brokers: 'kafka://me:hunter2@h', sasl: {mechanism: PLAIN, username: me, password: hunter2}}\n  y: {adapter: other, key: hunter2, connection-string: '${S}', list: [{api-token: hunter2}]}\n",
        )
        .env("S", "hunter2")
        .env("SSECTL_TARGETS__X__TOKEN", "hunter2");
    let config = setup.config();
    let shown = setup.shown().join("\n");
    assert!(
        shown.contains("targets.x.sasl.username = me") && shown.contains("targets.y.key = ***")
    );
    let debug = format!("{config:?} {:?}", setup.env);
    assert!(!format!("{config:?}").contains("hunter2") && debug.contains("hunter2"));
    assert!(!shown.contains("hunter2"), "{shown}");
    let faults = format!("{:?}", config.check(&registry()));
    assert!(
        !faults.is_empty() && !faults.contains("hunter2"),
        "{faults}"
    );
}

#[test]
fn files_are_found_from_the_folder_upwards() {
    let top = tempfile::tempdir().expect("a folder");
    let deep = top.path().join("a/b");
    let home = top.path().join("home/ssectl");
    fs::create_dir_all(&deep).expect("made");
    fs::create_dir_all(&home).expect("made");
    let env = |pairs: &[(&str, &Path)]| -> Env {
        let text = |path: &Path| path.display().to_string();
        pairs
            .iter()
            .map(|(name, path)| ((*name).to_owned(), text(path)))
            .collect()
    };
    let xdg = env(&[("XDG_CONFIG_HOME", &top.path().join("home"))]);
    assert_eq!(Files::find(&deep, &xdg).user, None);
    fs::write(home.join("config.yaml"), "").expect("written");
    fs::write(top.path().join("ssectl.yaml"), "").expect("written");
    let files = Files::find(&deep, &xdg);
    assert_eq!(files.user, Some(home.join("config.yaml")));
    assert_eq!(files.project, Some(top.path().join("ssectl.yaml")));
    fs::write(top.path().join("a/ssectl.yaml"), "").expect("written");
    assert_eq!(
        Files::find(&deep, &xdg).project,
        Some(top.path().join("a/ssectl.yaml"))
    );
    let named = env(&[("SSECTL_CONFIG", Path::new("other.yaml"))]);
    assert_eq!(
        Files::find(&deep, &named).project,
        Some(deep.join("other.yaml"))
    );
    let missing = load(&Files::find(&deep, &named), &named, &[]).expect_err("missing");
    assert!(
        missing.to_string().contains("other.yaml: cannot be read"),
        "{missing}"
    );
}

#[test]
fn an_empty_file_says_nothing() {
    let setup = Setup::new().project("# nothing yet\n").user("");
    assert_eq!(setup.config().target(), "local");
}
