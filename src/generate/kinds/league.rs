//! `players` and `teams`: the tables of a small REST service, as a stream of their changes.
//!
//! Every event is the whole row as it is then. The first events create each row once; all later
//! ones update a row. What a row says follows from its number and the season, so it agrees with the
//! events before it without remembering them.

use super::{Body, Moment};
use crate::generate::json::{Record, push_int};
use crate::generate::rng::{Draws, Purpose, Seed};

static GIVEN: &[&str] = &[
    "Ada", "Amina", "Bruno", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Igor", "Jana",
    "Kofi", "Lena", "Mateo", "Nora", "Omar", "Petra", "Quentin", "Rosa", "Samir", "Tereza", "Uma",
    "Viktor", "Wanda", "Yara", "Zoltan",
];
static FAMILY: &[&str] = &[
    "Abara", "Berg", "Costa", "Dvorak", "Eriksen", "Ferrari", "Garcia", "Haddad", "Ivanov",
    "Jansen", "Kimani", "Lind", "Moreau", "Novak", "Okafor", "Papadaki", "Quinn", "Rossi", "Silva",
    "Tanaka", "Ueda", "Varga", "Walsh", "Yilmaz", "Zeman",
];
static POSITIONS: &[&str] = &["goalkeeper", "defender", "midfielder", "forward"];
static COLOURS: &[&str] = &[
    "Amber", "Azure", "Crimson", "Golden", "Indigo", "Ivory", "Olive", "Scarlet", "Silver",
    "Violet",
];
static ANIMALS: &[&str] = &[
    "Badgers", "Cranes", "Dolphins", "Eagles", "Foxes", "Herons", "Lynxes", "Otters", "Ravens",
    "Wolves",
];
static CITIES: &[&str] = &[
    "Athens", "Bergen", "Brno", "Cork", "Gdansk", "Ghent", "Graz", "Leipzig", "Lyon", "Malmo",
    "Mombasa", "Nairobi", "Oslo", "Porto", "Prague", "Seville", "Split", "Tampere", "Turin",
    "Utrecht",
];

/// How many teams the players are in; the kind `teams` has as many unless `keys.count` says
/// otherwise.
pub(in crate::generate) const TEAMS: u64 = 20;

/// Updates per row, on average, until a row may change its team or city.
const UPDATES_PER_SEASON: u64 = 5;

#[derive(Debug)]
pub(super) struct Players {
    pub(super) seed: Seed,
    pub(super) count: u64,
}

#[derive(Debug)]
pub(super) struct Teams {
    pub(super) seed: Seed,
    pub(super) count: u64,
}

fn season(seq: u64, count: u64) -> u64 {
    seq.saturating_sub(count) / count.saturating_mul(UPDATES_PER_SEASON)
}

fn begin(moment: &Moment, count: u64, record: &mut Record<'_>) {
    record.begin();
    record.int("seq", moment.seq);
    record.time("time", moment.at);
    record.text(
        "op",
        if moment.seq < count {
            "create"
        } else {
            "update"
        },
    );
}

impl Body for Players {
    fn write(&self, moment: &Moment, _: &mut Draws, record: &mut Record<'_>) {
        let mut player = self.seed.draws(Purpose::Entity, moment.entity);
        let (given, family) = (player.pick(GIVEN), player.pick(FAMILY));
        let season = season(moment.seq, self.count);
        let mut contract = self.seed.pair(Purpose::Episode, moment.entity, season);
        let team = contract.below(TEAMS);
        // Goals only grow: a fixed number of events, different for each player, lies between two of
        // them.
        let goals =
            moment.seq.saturating_sub(self.count) / self.count.saturating_mul(1 + player.below(9));
        begin(moment, self.count, record);
        record.int("id", moment.entity + 1);
        record.string("name", |out| {
            out.extend_from_slice(given.as_bytes());
            out.push(b' ');
            out.extend_from_slice(family.as_bytes());
        });
        record.string("team", |out| push_team(out, team));
        record.text("position", player.pick(POSITIONS));
        record.int("season", season + 1);
        record.int("goals", goals);
        record.end();
    }
}

impl Body for Teams {
    fn write(&self, moment: &Moment, _: &mut Draws, record: &mut Record<'_>) {
        let mut team = self.seed.draws(Purpose::Entity, moment.entity);
        let season = season(moment.seq, self.count);
        let mut lease = self.seed.pair(Purpose::Episode, moment.entity, season);
        begin(moment, self.count, record);
        record.int("id", moment.entity + 1);
        record.string("team", |out| push_team(out, moment.entity));
        record.text("city", lease.pick(CITIES));
        record.int("founded", team.between(1880, 2020));
        record.int("season", season + 1);
        record.end();
    }
}

/// Appends the name of team number `team`; no two are the same, whatever the seed.
fn push_team(out: &mut Vec<u8>, team: u64) {
    let (colours, animals) = (COLOURS.len() as u64, ANIMALS.len() as u64);
    let (animal, colour) = (team % animals, (team + team / animals) % colours);
    out.extend_from_slice(COLOURS[colour as usize].as_bytes());
    out.push(b' ');
    out.extend_from_slice(ANIMALS[animal as usize].as_bytes());
    if let Some(round @ 1..) = Some(team / (colours * animals)) {
        out.push(b' ');
        push_int(out, round + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::generate::{Generator, Kind, Spec};

    fn rows(kind: Kind, count: u64) -> Vec<serde_json::Value> {
        let generator = Generator::new(&Spec {
            seed: 7,
            ..Spec::new(kind)
        })
        .unwrap();
        (0..count)
            .map(|i| {
                let mut out = Vec::new();
                generator.write(i, &mut out);
                serde_json::from_slice(&out).unwrap()
            })
            .collect()
    }

    #[test]
    fn every_row_is_created_once_before_it_is_updated() {
        for (kind, count) in [(Kind::Players, 100), (Kind::Teams, 20)] {
            for (index, row) in rows(kind, 500).iter().enumerate() {
                assert_eq!(row["op"], if index < count { "create" } else { "update" });
                if index < count {
                    assert_eq!(row["id"], index + 1);
                }
            }
        }
    }

    #[test]
    fn rows_agree_with_the_rows_before_them() {
        let mut current: HashMap<u64, serde_json::Value> = HashMap::new();
        let (mut moves, mut scored) = (0, 0);
        for row in rows(Kind::Players, 5_000) {
            let id = row["id"].as_u64().unwrap();
            if let Some(before) = current.insert(id, row.clone()) {
                assert_eq!(
                    (&before["name"], &before["position"]),
                    (&row["name"], &row["position"])
                );
                assert!(before["goals"].as_u64() <= row["goals"].as_u64());
                if before["season"] == row["season"] {
                    assert_eq!(before["team"], row["team"], "no transfers within a season");
                }
                moves += u32::from(before["team"] != row["team"]);
                scored += u32::from(before["goals"] != row["goals"]);
            }
        }
        assert!(moves > 100 && scored > 100, "{moves} {scored}");
    }

    #[test]
    fn players_are_in_teams_that_exist() {
        let named = |kind, count| -> std::collections::BTreeSet<String> {
            rows(kind, count)
                .iter()
                .map(|row| row["team"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(named(Kind::Players, 1_000), named(Kind::Teams, TEAMS));
        assert_eq!(Kind::Teams.info().entities, TEAMS);
    }

    #[test]
    fn team_names_are_unique() {
        let names: std::collections::HashSet<Vec<u8>> = (0..1_000)
            .map(|team| {
                let mut name = Vec::new();
                push_team(&mut name, team);
                name
            })
            .collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.contains(&b"Amber Badgers"[..]) && names.contains(&b"Amber Badgers 2"[..]));
    }
}
