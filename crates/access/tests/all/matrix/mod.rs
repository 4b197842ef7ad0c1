//! The golden matrix: every action of `tests/matrix.txt` for every kind of bearer and relation.

mod cast;
mod stage;

use std::collections::BTreeSet;
use std::fmt;

use cast::Cast;
use keyway_access::worlds::NOW;
use keyway_access::{Action, Principal, authorize, matches, visible};

const LETTERS: &str = "ADSTREPULN";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Allowed,
    Forbidden,
    Absent,
    Unauthenticated,
}

/// One cell of the table.
struct Cell {
    action: Action,
    relation: String,
    expected: [Answer; 10],
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action.as_str(), self.relation)
    }
}

fn cells() -> Vec<Cell> {
    let lines = include_str!("../../matrix.txt").lines();
    let rows = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    rows.flat_map(|row| {
        let (actions, relations) = row.split_once('|').expect(row);
        let relations: Vec<&str> = relations.split_whitespace().collect();
        actions
            .split_whitespace()
            .map(action)
            .flat_map(move |action| relations.clone().into_iter().map(move |relation| cell(action, relation)))
    })
    .collect()
}

fn action(name: &str) -> Action {
    *Action::ALL.iter().find(|action| action.as_str() == name).unwrap_or_else(|| panic!("no action {name}"))
}

fn cell(action: Action, text: &str) -> Cell {
    let (relation, roles) = text.split_once(':').expect(text);
    let (allowed, forbidden) = roles.split_once('/').unwrap_or((roles, ""));
    assert!(roles.chars().all(|c| c == '/' || LETTERS.contains(c)), "{text}");
    let expected = |letter: char| match letter {
        _ if allowed.contains(letter) => Answer::Allowed,
        _ if forbidden.contains(letter) => Answer::Forbidden,
        'N' if !is_public(action) => Answer::Unauthenticated,
        _ => Answer::Absent,
    };
    let mut answers = [Answer::Absent; 10];
    LETTERS.chars().zip(&mut answers).for_each(|(letter, answer)| *answer = expected(letter));
    Cell { action, relation: relation.to_owned(), expected: answers }
}

/// What is open to callers without a credential (`distribution.md` §7, `licensing.md` §8.4, §11).
fn is_public(action: Action) -> bool {
    let name = action.as_str();
    let read = name.ends_with("Show") || name.ends_with("List");
    let catalogue = ["Package", "Release", "Artifact", "Engine", "Platform", "Arch", "Channel"];
    let hard = ["ReleaseProductShow", "ReleaseEntitlementsList", "ReleaseConstraintsList"];
    let soft = [
        "ReleaseUpgrade",
        "ReleaseDownload",
        "ArtifactDownload",
        "LicenseValidateKey",
        "UserCreate",
        "UserPasswordReset",
    ];
    (read && catalogue.iter().any(|noun| name.starts_with(noun)) && !hard.contains(&name))
        || soft.contains(&name)
}

/// What happens, as the JSON:API does it: credential, scope, rule.
fn answer(cast: &Cast, caller: &Principal, cell: &Cell, letter: char) -> Option<Answer> {
    let subject = cast.subject(cell.action, &cell.relation, letter)?;
    if keyway_access::admit(caller, cell.action).is_err() {
        return Some(Answer::Unauthenticated);
    }
    if let Some(record) = &subject.record {
        let scope = visible(caller, record.resource, &caller.view, NOW);
        if !matches(&scope, record, &cast.world) {
            return Some(Answer::Absent);
        }
    }
    let decided = authorize(caller, cell.action, &subject.target());
    Some(if decided.is_ok() { Answer::Allowed } else { Answer::Forbidden })
}

#[test]
fn every_role_on_every_relation() {
    let (global, inside) = (Cast::global(), Cast::inside());
    let mut wrong = Vec::new();
    for cell in cells() {
        for (letter, expected) in LETTERS.chars().zip(cell.expected) {
            let cast = if letter == 'E' { &inside } else { &global };
            let Some(caller) = cast.caller(letter, &cell.relation) else { continue };
            let Some(found) = answer(cast, &caller, &cell, letter) else { continue };
            if found != expected {
                wrong.push(format!("{cell}: {letter} is {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_action_is_missing() {
    let covered: BTreeSet<Action> = cells().iter().map(|cell| cell.action).collect();
    let uncovered: Vec<&Action> = Action::ALL.iter().filter(|action| !covered.contains(action)).collect();
    assert_eq!(uncovered, Vec::<&Action>::new());
}
