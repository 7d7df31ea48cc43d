//! Whether the analysis is the one that was fixed before the cases were read, and what was changed
//! where it is not.
//!
//! Three hashes are compared ([`super::commitment`]): that of the plan as it is now, that which was
//! written into it when the study was made, and those that the readings carry. Where they differ, the
//! kept copies of the plans ([`super::kept_plans`]) say in what; the truth of each case is compared with the hash that the plan
//! has of it. Nothing is refused here: the report says it, before any figure.
//!
//! What it does not do: tell why something was changed. A mistake that was corrected and a result that
//! was wished for look alike.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{self, Chains, ReaderChain};
use super::commitment::{of_plan, of_truth};
use super::kept_plans::KeptPlans;
use super::plan::{Arm, Case, Plan};
use super::record::Readings;
use super::truth::CaseTruth;

/// Codes that a sentence lists at most.
const LISTED: usize = 20;

/// What became of the plan and the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Integrity {
    /// Plan and truth are those that were fixed when the study was made, every reading was made under
    /// them, and none breaks the chain of its reader.
    pub holds: bool,
    /// Hash of the plan when the study was made, and now.
    pub registered: String,
    pub now: String,
    /// Under which plans readings were made.
    pub readings: Vec<ReadUnder>,
    /// Plans that the study had and has no longer, with what was changed.
    pub changed: Vec<ChangedPlan>,
    /// Codes of the cases whose truth is not the one that the plan was made with.
    pub truth_changed: Vec<String>,
    /// Whether readings were changed after they were made, reader by reader.
    pub chains: Vec<ReaderChain>,
}

/// Readings that were made under one plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadUnder {
    /// Its hash.
    pub plan: String,
    pub readings: usize,
    /// Codes of those who made them.
    pub readers: Vec<String>,
}

/// A plan that is no longer the study's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedPlan {
    /// Its hash.
    pub plan: String,
    /// It is the one with which the study was made.
    pub at_making: bool,
    /// What is otherwise now; `None` where no copy of it is kept.
    pub changes: Option<Vec<Change>>,
}

/// One thing that is otherwise now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub what: &'static str,
    pub then: String,
    pub now: String,
}

/// Compares; `truth` is of the cases of the plan, in its order.
#[must_use]
pub fn check(plan: &Plan, truth: &[CaseTruth], readings: &Readings, kept: &KeptPlans) -> Integrity {
    let now = of_plan(plan);
    let mut under: BTreeMap<&str, ReadUnder> = BTreeMap::new();
    for (reader, record) in readings.iter().flat_map(|(reader, records)| records.iter().map(move |r| (reader, r))) {
        let made = under.entry(&record.plan).or_insert_with(|| ReadUnder {
            plan: record.plan.clone(),
            readings: 0,
            readers: Vec::new(),
        });
        made.readings += 1;
        let code = &plan.readers[*reader];
        if !made.readers.contains(code) {
            made.readers.push(code.clone());
        }
    }
    let readings: Vec<ReadUnder> = under.into_values().collect();
    let mut others: Vec<&str> = readings.iter().map(|made| made.plan.as_str()).collect();
    others.push(&plan.registered);
    others.retain(|hash| *hash != now);
    others.sort_unstable();
    others.dedup();
    let changed = |hash: &str| ChangedPlan {
        plan: hash.to_owned(),
        at_making: hash == plan.registered,
        changes: kept.get(hash).map(|then| changes(then, plan)),
    };
    let changed: Vec<ChangedPlan> = others.into_iter().map(changed).collect();
    let truth_changed: Vec<String> = (plan.cases.iter().zip(truth))
        .filter(|(case, truth)| of_truth(&case.id, truth) != case.truth_sha256)
        .map(|(case, _)| case.id.clone())
        .collect();
    Integrity {
        holds: changed.is_empty() && truth_changed.is_empty(),
        registered: plan.registered.clone(),
        now,
        readings,
        changed,
        truth_changed,
        chains: Vec::new(),
    }
}

/// What is otherwise in a plan than it was then.
fn changes(then: &Plan, now: &Plan) -> Vec<Change> {
    let mut found = Vec::new();
    let mut compare = |what: &'static str, then: String, now: String| {
        if then != now {
            found.push(Change { what, then, now });
        }
    };
    compare("question", then.question.clone(), now.question.clone());
    compare("finding", then.finding.clone(), now.finding.clone());
    compare("model", then.model.clone(), now.model.clone());
    compare("weights of the model", short(&then.weights_sha256), short(&now.weights_sha256));
    compare("design", in_word(&then.design), in_word(&now.design));
    compare("seed", then.seed.to_string(), now.seed.to_string());
    compare("days of the washout", then.washout_days.to_string(), now.washout_days.to_string());
    compare("decision", then.decision.to_string(), now.decision.to_string());
    compare("marks", yes_or_no(then.marks), yes_or_no(now.marks));
    compare("readers", then.readers.join(", "), now.readers.join(", "));
    let arms = |plan: &Plan| plan.arms.iter().map(arm).collect::<Vec<_>>().join("; ");
    compare("arms", arms(then), arms(now));
    let ids = |plan: &Plan| plan.cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
    if ids(then) != ids(now) {
        compare("cases", listed(&ids(then)), listed(&ids(now)));
    }
    let same: Vec<(&Case, &Case)> = then.cases.iter().zip(&now.cases).filter(|(a, b)| a.id == b.id).collect();
    let differ = |of: fn(&Case) -> &str| -> Vec<String> {
        same.iter().filter(|(a, b)| of(a) != of(b)).map(|(_, now)| now.id.clone()).collect()
    };
    for (what, cases) in [("images", differ(|c| &c.sha256)), ("truth", differ(|c| &c.truth_sha256))] {
        if !cases.is_empty() {
            found.push(Change { what, then: "as fixed".into(), now: format!("another one of {}", listed(&cases)) });
        }
    }
    found
}

fn arm(arm: &Arm) -> String {
    let method = arm.method.map(|method| format!(", {}", method.key())).unwrap_or_default();
    format!("{} ({}{method})", arm.name, in_word(&arm.shows))
}

/// As it is written in a plan.
fn in_word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Codes, the first of them where there are many.
fn listed(codes: &[String]) -> String {
    let first = codes.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if codes.len() > LISTED { format!("{first} and {} more", codes.len() - LISTED) } else { first }
}

impl Integrity {
    /// Adds what the tables of the readers say of changes.
    pub fn add_chains(&mut self, plan: &Plan, chains: &Chains) {
        self.chains = chains.iter().map(|(reader, chain)| chain.of(&plan.readers[*reader])).collect();
        self.holds &= self.chains.iter().all(|chain| chain.broken_at.is_none());
    }

    /// What is to be said of it: of plan and truth, the most important first, then of the readings.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut said = self.of_plan_and_truth();
        said.extend(chain::sentences(&self.chains));
        said
    }

    fn of_plan_and_truth(&self) -> Vec<String> {
        let all: usize = self.readings.iter().map(|made| made.readings).sum();
        if self.changed.is_empty() && self.truth_changed.is_empty() {
            return vec![format!(
                "Plan and truth are those that were fixed when the study was made, and all {all} readings were made \
                 under them. Hash of the plan: {}.",
                self.now
            )];
        }
        let later: Vec<&ReadUnder> = self.readings.iter().filter(|made| made.plan != self.now).collect();
        let mut said = vec![if later.is_empty() && self.truth_changed.is_empty() {
            "The plan was changed after the study was made, and before the first reading: no reading was made under \
             another one."
                .to_owned()
        } else {
            "This is not the analysis that was fixed before the cases were read: it was changed afterwards, as \
             follows."
                .to_owned()
        }];
        for made in later {
            said.push(format!(
                "{} of {all} readings ({}) were made under the plan {}, and not under that of now.",
                made.readings,
                made.readers.join(", "),
                made.plan
            ));
        }
        for changed in &self.changed {
            let of = if changed.at_making { "Since the study was made" } else { "Since those readings" };
            said.push(match &changed.changes {
                Some(changes) => {
                    let each: Vec<String> =
                        changes.iter().map(|c| format!("{}: {} then, {} now", c.what, c.then, c.now)).collect();
                    format!("{of} (plan {}): {}.", changed.plan, each.join("; "))
                }
                None => format!(
                    "{of} (plan {}): no copy of that plan is kept, so what was changed cannot be told.",
                    changed.plan
                ),
            });
        }
        if !self.truth_changed.is_empty() {
            let cases = match self.truth_changed.len() {
                1 => "one case".to_owned(),
                n => format!("{n} cases"),
            };
            said.push(format!(
                "The truth of {cases} is not the one that the plan was made with: {}.",
                listed(&self.truth_changed)
            ));
        }
        said.push(format!("Hash of the plan when the study was made: {}; now: {}.", self.registered, self.now));
        said
    }
}
