//! The examples of `docs/generate.md` show what is really written.

use super::*;

fn bad(share: f64, kinds: &[BadKind]) -> Option<Bad> {
    Some(Bad {
        share,
        kinds: kinds.to_vec(),
        size: None,
    })
}

/// The options that stand behind each command of the page, beside its kind, count and seed.
fn options(flags: &str, spec: Spec) -> Spec {
    match flags {
        "" => spec,
        "--from-index 1000000" => Spec {
            from: 1_000_000,
            ..spec
        },
        "--jitter 0 --late-share 0.2 --late-by 4s" => Spec {
            time: Some(Time {
                jitter: Some(0.0),
                ..Time::default()
            }),
            disorder: Some(Disorder {
                share: 0.2,
                by: duration("4s"),
            }),
            ..spec
        },
        "--bad-share 0.5 --bad-kinds truncated,missing-field" => Spec {
            bad: bad(0.5, &[BadKind::Truncated, BadKind::MissingField]),
            ..spec
        },
        other => match other
            .strip_prefix("--template '")
            .and_then(|rest| rest.strip_suffix('\''))
        {
            Some(template) => Spec {
                template: Some(template.to_owned()),
                ..spec
            },
            None => panic!("no spec is known for `{other}`"),
        },
    }
}

/// `words --count 3 --seed 7 ...` as a spec.
fn spec(command: &str) -> Spec {
    let mut words = command.splitn(6, ' ');
    let mut next = || words.next().unwrap_or_default();
    let (kind, count_flag, count, seed_flag, seed) = (next(), next(), next(), next(), next());
    assert_eq!((count_flag, seed_flag), ("--count", "--seed"), "{command}");
    let (count, seed) = (Some(count.parse().unwrap()), seed.parse().unwrap());
    options(
        next(),
        Spec {
            count,
            seed,
            ..Spec::new(kind.parse().unwrap())
        },
    )
}

fn output(spec: &Spec) -> String {
    let generator = Generator::new(spec).unwrap();
    let mut out = Vec::new();
    for i in generator.first()..generator.first() + generator.len().unwrap() {
        generator.write(i, &mut out);
        out.push(b'\n');
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn examples_of_the_page_are_true() {
    let page = include_str!("../../../docs/generate.md");
    let mut examples = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for example in block.split("$ ssectl generate ").skip(1) {
            let (command, shown) = example.split_once('\n').unwrap();
            assert_eq!(output(&spec(command)), shown, "{command}");
            examples += 1;
        }
    }
    assert_eq!(examples, 14);
}

#[test]
fn the_page_lists_every_kind_with_its_defaults() {
    let page = include_str!("../../../docs/generate.md");
    for info in kinds() {
        let entity = if info.keyed {
            format!("`{}`", info.entity)
        } else {
            format!("(`{}`)", info.entity)
        };
        let period = HumanDuration::from(info.period);
        let row = format!(
            "| `{}` | {} | {entity} | {} | {period} |\n",
            info.name, info.about, info.entities
        );
        assert!(page.contains(&row), "the page lacks this row:\n{row}");
    }
    for kind in BadKind::ALL {
        assert!(page.contains(&format!("\n| `{kind}` | ")), "{kind}");
    }
}
