//! Progress bars on stderr, with lines above them.

use std::io::{self, IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, TermLike};

/// How often a second the bars are drawn at most.
const RATE: u8 = 20;

/// All bars of the program.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    all: MultiProgress,
    over: Arc<AtomicBool>,
}

impl Bars {
    /// None yet.
    pub(super) fn new() -> Self {
        let over = Arc::<AtomicBool>::default();
        let target = match stderr().is_terminal() {
            true => ProgressDrawTarget::term_like_with_hz(
                Box::new(Canvas {
                    terminal: Term::buffered_stderr(),
                    over: over.clone(),
                    drawn: AtomicBool::new(false),
                }),
                RATE,
            ),
            false => ProgressDrawTarget::hidden(),
        };
        Self {
            all: MultiProgress::with_draw_target(target),
            over,
        }
    }

    /// Adds a bar below those that are there.
    pub(super) fn add(&self, bar: ProgressBar) -> ProgressBar {
        self.all.add(bar)
    }

    /// Prints something above the bars.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }

    /// Takes all bars away; none comes back.
    pub(super) fn end(&self) {
        // Their threads go on, and may draw between the next two steps.
        self.over.store(true, Relaxed);
        // A closed stderr is no reason to stop.
        let _ = self.all.clear();
        self.all.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// A terminal whose cursor rests at the start of the last bar. A bar fills its line, and `indicatif` leaves the cursor
/// behind it: the `^C` that a terminal shows by itself would move the cursor to a new line, which then is the one that is
/// cleared, and the bar stays.
#[derive(Debug)]
struct Canvas {
    terminal: Term,
    /// Clears only.
    over: Arc<AtomicBool>,
    /// Whether the cursor stands behind a bar.
    drawn: AtomicBool,
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        self.terminal.size().1
    }

    fn height(&self) -> u16 {
        self.terminal.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        match self.over.load(Relaxed) {
            true => Ok(()),
            false => self.terminal.write_line(text),
        }
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.is_empty() || self.over.load(Relaxed) {
            return Ok(());
        }
        self.drawn.store(true, Relaxed);
        self.terminal.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.terminal.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        if self.drawn.swap(false, Relaxed) {
            self.terminal.write_str("\r")?;
        }
        self.terminal.flush()
    }
}
