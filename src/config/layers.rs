//! Where configuration comes from: files that are found, variables, flags.

use std::path::{Path, PathBuf};

use crate::document::{
    Entry, Env, Faults, Key, Node, Place, Text, Value, meant, parse, quote, read,
};

/// The name of a project's file.
const PROJECT: &str = "ssectl.yaml";
/// The machine's file.
const SYSTEM: &str = "/etc/ssectl/config.yaml";
/// The variable that names a file to use instead of the project's.
const FILE_VARIABLE: &str = "SSECTL_CONFIG";
/// What the variables of the configuration start with.
const PREFIX: &str = "SSECTL_";

/// Variables that are read elsewhere and set nothing here.
const NO_SETTINGS: [&str; 3] = [FILE_VARIABLE, EMULATOR_USERS, GATEWAY_TOKEN];

/// The variable with the users of emulators: a flag would show their passwords in the list of processes.
pub const EMULATOR_USERS: &str = "SSECTL_EMULATOR_USERS";

/// The token that requests to the gateway have to carry; a secret, so not in a file.
pub const GATEWAY_TOKEN: &str = "SSECTL_GATEWAY_TOKEN";

/// What holds if nobody says otherwise.
const BUILT_IN: &str = "
target: local
targets:
  local: {adapter: kafka, emulator: true}
color: auto
on-error: fail
";

/// Targets for the emulators of this build. Topics of Pub/Sub have ordering keys, streams of Kinesis are written in strict order
/// and with times, queues are FIFO and consumed, so that they keep what other targets keep: the order of a key, times, and a
/// record for each reader.
const EMULATED: [(bool, &str); 5] = [
    (
        cfg!(feature = "kafka"),
        "\n  local-kafka: {adapter: kafka, emulator: true}",
    ),
    (
        cfg!(feature = "kinesis"),
        "\n  local-kinesis: {adapter: kinesis, emulator: true, strict-order: true, envelope: with-times}",
    ),
    (
        cfg!(feature = "pubsub"),
        "\n  local-pubsub: {adapter: pubsub, emulator: true, ordering: true}",
    ),
    (
        cfg!(feature = "sqs"),
        "\n  local-sqs: {adapter: sqs, emulator: true, fifo: true, consume: true}",
    ),
    (
        cfg!(feature = "eventhubs"),
        "\n  local-eventhubs: {adapter: eventhubs, emulator: true}",
    ),
];

/// All of it.
fn built_in() -> String {
    let there = EMULATED.iter().filter(|(there, _)| *there);
    let targets: String = there.map(|(_, target)| *target).collect();
    let local = "\n  local: {adapter: kafka, emulator: true}";
    BUILT_IN.replacen(local, &format!("{local}{targets}"), 1)
}

/// The configuration files in use, each of them optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The machine's.
    pub system: Option<PathBuf>,
    /// The user's.
    pub user: Option<PathBuf>,
    /// The project's, or the one that was named.
    pub project: Option<PathBuf>,
}

/// A setting given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// How the user wrote it, such as `--target`.
    pub flag: String,
    /// What it sets, such as `target` or `targets.local.brokers`.
    pub path: String,
    /// The value.
    pub value: String,
}

impl Files {
    /// Finds the files: the machine's, the user's by `XDG_CONFIG_HOME` or `HOME`, and the project's
    /// in `folder` or the nearest folder above it. `SSECTL_CONFIG` names another one for the last.
    pub fn find(folder: &Path, env: &Env) -> Self {
        let set = |name: &str| env.get(name).filter(|value| !value.is_empty());
        let home = set("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")));
        let user = home.map(|home| home.join("ssectl/config.yaml"));
        let in_folder = |folder: &Path| Some(folder.join(PROJECT)).filter(|file| file.is_file());
        Self {
            system: Some(PathBuf::from(SYSTEM)).filter(|file| file.is_file()),
            user: user.filter(|file| file.is_file()),
            project: match set(FILE_VARIABLE) {
                Some(named) => Some(folder.join(named)),
                None => folder.ancestors().find_map(in_folder),
            },
        }
    }

    /// The layers of the built-in defaults and of the files that are there, the weakest first.
    pub(super) fn layers(&self, faults: &mut Faults) -> Vec<Node> {
        let built_in = Text::value("built-in default", built_in());
        let mut layers: Vec<Node> = parse(&built_in, faults).into_iter().collect();
        for file in [&self.system, &self.user, &self.project]
            .into_iter()
            .flatten()
        {
            match read(file) {
                Ok(text) => layers.extend(parse(&text, faults)),
                Err(found) => faults.extend(found),
            }
        }
        layers
    }
}

/// A layer of the variables `SSECTL_*`. `SSECTL_TARGETS__LOCAL__BROKERS` sets `targets.local.brokers`;
/// names that `below` has already may be written with `_` for any other sign.
pub(super) fn variables(env: &Env, below: &Node, known: &[&str], faults: &mut Faults) -> Node {
    let mut layer = empty("variables");
    for (variable, value) in env {
        let Some(name) = variable
            .strip_prefix(PREFIX)
            .filter(|_| !NO_SETTINGS.contains(&variable.as_str()))
        else {
            continue;
        };
        let text = Text::value(format!("${variable}"), value.clone());
        let place = Place::start_of(&text);
        let mut path = Vec::new();
        let mut under = Some(below);
        for part in name.split("__") {
            let entries = under.map_or(&[] as &[Entry], Node::entries);
            let same = entries
                .iter()
                .find(|entry| plain(&entry.key.name) == plain(part));
            path.push(match same {
                Some(entry) => entry.key.name.clone(),
                None => part.to_lowercase().replace('_', "-"),
            });
            under = same.map(|entry| &entry.node);
        }
        if !known.contains(&path[0].as_str()) {
            let message = format!("there is no setting {}", quote(&path.join(".")));
            faults.warning(&place, message).hint_with(|| {
                let near = meant(&path[0], known.iter().copied())?;
                Some(format!(
                    "did you mean `{PREFIX}{}`?",
                    near.to_uppercase().replace('-', "_")
                ))
            });
            continue;
        }
        set(&mut layer, &path, Node::plain(place, value.clone()));
    }
    layer
}

/// A layer of the flags.
pub(super) fn flags(flags: &[Flag]) -> Node {
    let mut layer = empty("flags");
    for Flag { flag, path, value } in flags {
        let text = Text::value(flag.clone(), value.clone());
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let node = Node::plain(Place::start_of(&text), value.clone());
        set(&mut layer, &path, node);
    }
    layer
}

/// Small letters and digits only, to compare a variable's name with a setting's.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

fn empty(name: &str) -> Node {
    Node {
        place: Place::start_of(&Text::value(name, "")),
        value: Value::Map(Vec::new()),
        secret: false,
    }
}

/// Puts a value under a path of names.
fn set(node: &mut Node, path: &[String], value: Node) {
    let Some((name, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    let index = match entries.iter().position(|entry| entry.key.name == *name) {
        Some(index) => index,
        None => {
            let place = value.place.clone();
            let key = Key {
                name: name.clone(),
                place: place.clone(),
            };
            let node = Node {
                place,
                value: Value::Map(Vec::new()),
                secret: false,
            };
            entries.push(Entry { key, node });
            entries.len() - 1
        }
    };
    set(&mut entries[index].node, rest, value);
}
