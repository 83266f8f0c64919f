//! A Markdown page: its fenced blocks, the commands in them and what they are said to print.

use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{Assert, IntoData};

/// A page as it is on disk.
pub(super) struct Page {
    path: PathBuf,
    lines: Vec<String>,
}

/// A `console` block.
pub(super) struct Block {
    /// Number of its first line, from 1.
    pub(super) line: usize,
    pub(super) mark: Mark,
    pub(super) steps: Vec<Step>,
}

/// What the first line of a block says about running it.
pub(super) enum Mark {
    None,
    Needs(Vec<String>),
    NotRun,
}

/// A command and the lines below it.
pub(super) struct Step {
    /// Number of the line where the command starts, from 1.
    pub(super) line: usize,
    /// The command; several lines if it goes on with `> `.
    pub(super) command: String,
    /// The lines that are said to be printed, each with its line feed.
    pub(super) expected: String,
    /// Index of the first of these lines in the page.
    printed_at: usize,
}

impl Step {
    /// Compares; an error holds the difference, and what the page should say instead.
    pub(super) fn compare(&self, printed: &str) -> Result<(), (String, String)> {
        let assert = Assert::new().normalize_paths(false);
        let (actual, expected) = (printed.into_data(), self.expected.as_str().into_data());
        let (written, _) = assert.normalize(actual.clone(), expected.clone());
        assert
            .try_eq(Some(&"printed"), actual, expected)
            .map_err(|error| (error.to_string(), written.to_string()))
    }
}

impl Page {
    pub(super) fn read(path: &Path) -> Self {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// The path below the project's root.
    pub(super) fn name(&self) -> String {
        self.path
            .strip_prefix(super::root())
            .unwrap_or(&self.path)
            .display()
            .to_string()
    }

    pub(super) fn folder(&self) -> &Path {
        self.path.parent().expect("a file is in a folder")
    }

    /// Every line within a fence: the fence's language, the line's number and the line.
    pub(super) fn fenced_lines(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        let mut language: Option<&str> = None;
        self.lines.iter().enumerate().filter_map(move |(i, line)| {
            match (line.strip_prefix("```"), language) {
                (Some(info), None) => language = Some(info.trim()),
                (Some(_), Some(_)) => language = None,
                (None, Some(info)) => return Some((info, i + 1, line.as_str())),
                (None, None) => {}
            }
            None
        })
    }

    /// The `console` blocks.
    pub(super) fn consoles(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut last = 0;
        for (info, number, line) in self.fenced_lines() {
            if info != "console" {
                continue;
            }
            if number != last + 1 || blocks.is_empty() {
                blocks.push(Block {
                    line: number,
                    mark: Mark::of(line),
                    steps: Vec::new(),
                });
            }
            last = number;
            let block = blocks.last_mut().expect("pushed above");
            block.take(number, line, &self.name());
        }
        blocks
    }

    /// The targets of links, with the numbers of their lines. Fences have none.
    pub(super) fn links(&self) -> Vec<(usize, &str)> {
        let fenced: Vec<usize> = self.fenced_lines().map(|(_, number, _)| number).collect();
        let mut links = Vec::new();
        for (i, line) in self
            .lines
            .iter()
            .enumerate()
            .filter(|(i, _)| !fenced.contains(&(i + 1)))
        {
            let targets = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            links.extend(targets.map(|target| (i + 1, target)));
        }
        links
    }

    /// Writes the page with other printed lines below some of its steps.
    pub(super) fn rewrite(&self, news: &[(&Step, String)]) {
        if news.is_empty() {
            return;
        }
        let mut lines = self.lines.clone();
        for (step, written) in news.iter().rev() {
            let old = step.expected.lines().count();
            lines.splice(
                step.printed_at..step.printed_at + old,
                written.lines().map(str::to_owned),
            );
        }
        fs::write(&self.path, lines.join("\n") + "\n").expect("the page can be written");
    }
}

impl Mark {
    fn of(line: &str) -> Self {
        if line.starts_with("# Not run by the tests: ") {
            return Self::NotRun;
        }
        match line.strip_prefix("# Needs ") {
            Some(programs) => Self::Needs(programs.split(", ").map(str::to_owned).collect()),
            None => Self::None,
        }
    }
}

impl Block {
    fn take(&mut self, number: usize, line: &str, page: &str) {
        let printed_so_far = self
            .steps
            .last()
            .is_some_and(|step| !step.expected.is_empty());
        match (line.split_at_checked(2), self.steps.last_mut()) {
            (Some(("$ ", command)), _) => self.steps.push(Step {
                line: number,
                command: command.to_owned(),
                expected: String::new(),
                printed_at: number,
            }),
            (Some(("> ", more)), Some(step)) if !printed_so_far => {
                step.command.push('\n');
                step.command.push_str(more);
                step.printed_at = number;
            }
            (_, Some(step)) => {
                step.expected.push_str(line);
                step.expected.push('\n');
            }
            (_, None) => assert!(
                line.starts_with("# "),
                "{page}:{number}: `{line}` stands before any command"
            ),
        }
    }
}
