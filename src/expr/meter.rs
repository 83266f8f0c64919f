//! The budget of the evaluation that runs on this thread.
//!
//! jq programs can loop, recurse and grow without end, and a jq `try` must not catch that. The
//! language engine calls [`step`] for every term it runs, and values report every byte they
//! allocate. Whoever finds the budget spent unwinds the evaluation up to [`run`]. The budget is
//! thread-local because the engine gives the operators of values no context to carry it in.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use super::Limits;

#[cfg(panic = "abort")]
compile_error!(
    "expressions leave a run that is over its limits by unwinding: panic must be `unwind`"
);

/// Why an evaluation was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The deadline passed.
    Time,
    /// Values alive, or one value written out, take too many bytes.
    Bytes,
    /// A value or the calls are nested too deeply.
    Depth,
    /// As `Depth`, but only for the stack of this thread; more is left on a bigger one.
    Stack,
}

/// Why [`run`] has no result.
pub(super) enum Ended {
    /// The budget is spent.
    Stopped(Stop),
    /// Something in the engine panicked: its message.
    Panicked(String),
}

/// Work between two looks at the clock; a unit is about the cost of one term, 10 to 50 ns.
const LOOK: u32 = 1 << 15;

/// Allocated bytes that count as one unit of work.
const BYTES_PER_UNIT: usize = 64;

/// What one term costs, for [`work`].
pub(super) const TERM: usize = BYTES_PER_UNIT;

/// Levels of values that every thread has the stack for.
const SHALLOW: u32 = 128;

/// Size of the stack for what does not fit on the thread's own. Only pages that are touched cost.
const BIG_STACK: usize = 256 << 20;

/// A thread with less stack left than this goes to the big stack at once.
const LEAST_STACK: usize = 256 << 10;

/// The part of a stack that terms may use. The rest is for what cannot ask: iterators that are
/// pulled through or dropped as deep as they were nested, and values down to the depth limit.
const STACK_SHARE: usize = 3;

/// The deepest nesting that the reserve of the big stack carries, whatever the limit says.
const DEEPEST: usize = 100_000;

struct Meter {
    work: Cell<u32>,
    deadline: Cell<Option<Instant>>,
    /// Terms do not run below this address.
    floor: Cell<usize>,
    big: Cell<bool>,
    live: Cell<usize>,
    bytes: Cell<usize>,
    depth: Cell<u32>,
    paths: Cell<u32>,
    /// The last place that a traced program passed.
    place: Cell<Option<usize>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            work: Cell::new(LOOK),
            deadline: Cell::new(None),
            floor: Cell::new(0),
            big: Cell::new(false),
            live: Cell::new(0),
            bytes: Cell::new(usize::MAX),
            depth: Cell::new(u32::MAX),
            paths: Cell::new(0),
            place: Cell::new(None),
        }
    };
}

/// Runs `evaluate` within `limits`: on the stack of the thread and, should that not be deep
/// enough, once more from the start on a big one.
pub(super) fn run<T>(limits: &Limits, mut evaluate: impl FnMut() -> T) -> Result<T, Ended> {
    let deadline = Instant::now().checked_add(limits.time);
    let free = stacker::remaining_stack().unwrap_or(0);
    if free >= LEAST_STACK {
        match attempt(limits, deadline, free, false, &mut evaluate) {
            Err(Ended::Stopped(Stop::Stack)) => {}
            ended => return ended,
        }
    }
    let on_big_stack = || {
        stacker::grow(BIG_STACK, || {
            attempt(limits, deadline, BIG_STACK, true, &mut evaluate)
        })
    };
    // There may be no memory for the stack.
    catch_unwind(AssertUnwindSafe(on_big_stack))
        .unwrap_or_else(|panic| Err(Ended::Panicked(panic_message(&*panic))))
}

fn attempt<T>(
    limits: &Limits,
    deadline: Option<Instant>,
    free: usize,
    big: bool,
    evaluate: &mut impl FnMut() -> T,
) -> Result<T, Ended> {
    let depth = u32::try_from(limits.depth.min(DEEPEST)).unwrap_or(u32::MAX);
    METER.with(|meter| {
        meter.work.set(LOOK);
        meter.deadline.set(deadline);
        meter
            .floor
            .set(stack_pointer().saturating_sub(free / STACK_SHARE));
        meter.big.set(big);
        meter.live.set(0);
        meter.bytes.set(limits.bytes);
        meter
            .depth
            .set(if big { depth } else { depth.min(SHALLOW) });
        meter.paths.set(0);
        meter.place.set(None);
    });
    let ended = catch_unwind(AssertUnwindSafe(evaluate));
    METER.with(|meter| {
        meter.deadline.set(None);
        meter.floor.set(0);
        meter.bytes.set(usize::MAX);
        meter.depth.set(u32::MAX);
    });
    ended.map_err(|payload| match payload.downcast::<Stop>() {
        Ok(stop) if *stop == Stop::Depth && !big && depth > SHALLOW => Ended::Stopped(Stop::Stack),
        Ok(stop) => Ended::Stopped(*stop),
        Err(panic) => Ended::Panicked(panic_message(&*panic)),
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panic".to_owned())
}

/// Unwinds to [`run`], past every jq `try`. Unlike `panic!`, this does not call the panic hook.
fn stop(reason: Stop) -> ! {
    resume_unwind(Box::new(reason))
}

/// About the address that the stack has grown down to.
#[inline(always)]
fn stack_pointer() -> usize {
    let here = 0u8;
    std::hint::black_box(&raw const here).addr()
}

/// Accounts for one term: looks at the clock now and then, and at the stack always.
#[inline]
pub(super) fn step() {
    METER.with(|meter| {
        meter.burn(1);
        if stack_pointer() < meter.floor.get() {
            stop(if meter.big.get() {
                Stop::Depth
            } else {
                Stop::Stack
            });
        }
    });
}

/// Accounts for work on `bytes` bytes, or on as many things that cost as little as a byte.
#[inline]
pub(super) fn work(bytes: usize) {
    METER.with(|meter| meter.burn(bytes / BYTES_PER_UNIT));
}

/// Accounts for `bytes` more that live until they are [`release`]d.
#[inline]
pub(super) fn charge(bytes: usize) {
    hold(bytes);
    work(bytes);
}

/// As [`charge`], for what takes no time to allocate.
#[inline]
pub(super) fn hold(bytes: usize) {
    METER.with(|meter| {
        let live = meter.live.get().saturating_add(bytes);
        if live > meter.bytes.get() {
            stop(Stop::Bytes);
        }
        meter.live.set(live);
    });
}

/// Gives back what [`charge`] took. Never stops the evaluation, so it may run in `drop`.
#[inline]
pub(super) fn release(bytes: usize) {
    METER.with(|meter| meter.live.set(meter.live.get().saturating_sub(bytes)));
}

/// Checks that there may be something of `bytes` bytes.
pub(super) fn admit_bytes(bytes: usize) {
    METER.with(|meter| {
        if bytes > meter.bytes.get() {
            stop(Stop::Bytes);
        }
    });
}

/// Checks that there may be something `depth` levels deep.
#[inline]
pub(super) fn admit_depth(depth: u32) {
    METER.with(|meter| {
        if depth > meter.depth.get() {
            stop(Stop::Depth);
        }
    });
}

/// Stops for a value that is too big to be represented at all.
#[cold]
pub(super) fn too_big() -> ! {
    stop(Stop::Bytes)
}

/// Marks what runs inside `search` as the search of a jq path expression.
pub(super) fn in_path<T>(search: impl FnOnce() -> T) -> T {
    METER.with(|meter| meter.paths.set(meter.paths.get() + 1));
    let found = search();
    METER.with(|meter| meter.paths.set(meter.paths.get() - 1));
    found
}

/// Whether a path expression is being searched.
pub(super) fn is_in_path() -> bool {
    METER.with(|meter| meter.paths.get() > 0)
}

/// Notes that a traced program is at `place`.
pub(super) fn pass(place: usize) {
    METER.with(|meter| meter.place.set(Some(place)));
}

/// The last place that a traced program passed.
pub(super) fn last_place() -> Option<usize> {
    METER.with(|meter| meter.place.get())
}

/// Bytes charged and not yet released on this thread.
#[cfg(test)]
pub(super) fn live() -> usize {
    METER.with(|meter| meter.live.get())
}

impl Meter {
    #[inline]
    fn burn(&self, units: usize) {
        match (self.work.get() as usize).checked_sub(units) {
            Some(left) => self.work.set(left as u32),
            None => self.look(),
        }
    }

    #[cold]
    fn look(&self) {
        self.work.set(LOOK);
        if self
            .deadline
            .get()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            stop(Stop::Time);
        }
    }
}
