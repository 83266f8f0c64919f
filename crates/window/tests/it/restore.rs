//! All that an operator knows is in its tables: it goes on from a checkpoint as if nothing had been.

use std::path::Path;

use proptest::prelude::*;
use ssectl_state::{Marks, Store, StoreSpec};
use ssectl_window::{Fate, Settings};

use crate::against_model::{input, settings};
use crate::harness::{Log, Run};
use crate::model::{Given, Said, evaluate};

/// Little enough for state to leave the memory.
const MEMORY: usize = 2_000;

fn open(dir: &Path) -> Store {
    let spec = StoreSpec {
        pipeline: "p".to_owned(),
        fingerprint: "f".to_owned(),
        memory: MEMORY,
    };
    Store::open(dir, &spec).expect("a checkpoint can be opened")
}

/// Runs the operator over the partitions in turns; every few events it is thrown away after a checkpoint.
fn run(settings: &Settings, log: Log, input: &[Vec<Given>], turns: &[usize]) -> Said {
    let dir = tempfile::tempdir().expect("a directory");
    let ids: Vec<u32> = (0..input.len() as u32).collect();
    let mut store = open(dir.path());
    let mut run = Run::over(settings, log, &store.space("window")).partitions(&ids);
    let mut fates: Vec<Vec<Fate>> = vec![Vec::new(); input.len()];
    for turn in turns {
        let left: Vec<usize> = (0..input.len())
            .filter(|of| fates[*of].len() < input[*of].len())
            .collect();
        let Some(&of) = left.get(turn % left.len().max(1)) else {
            break;
        };
        let given = &input[of][fates[of].len()];
        let fate = run
            .try_at(of as u32, given.key, given.time, &given.input)
            .expect("the event is right");
        fates[of].push(fate);
        if turn / 7 % 4 == 0 {
            run.save();
            store
                .checkpoint(Marks::default())
                .expect("a checkpoint can be written");
            let panes = std::mem::take(&mut run.panes);
            drop(run);
            drop(store);
            store = open(dir.path());
            run = Run::over(settings, log, &store.space("window"));
            run.panes = panes;
        }
    }
    run.end();
    Said {
        panes: run.panes,
        fates,
    }
}

proptest! {
    // Each case opens a store many times.
    #![proptest_config(ProptestConfig { cases: 25, ..ProptestConfig::default() })]

    #[test]
    fn checkpoints_and_restores_change_nothing(
        settings in settings(),
        ordered in any::<bool>(),
        input in input(),
        turns in prop::collection::vec(any::<usize>(), 42),
    ) {
        let log = Log { ordered };
        prop_assert_eq!(run(&settings, log, &input, &turns), evaluate(&settings, ordered, &input));
    }
}
