//! One statement of the states of all labels and groups, so that none contradicts another.
//!
//! Each label and each group is tested by itself ([`super::conformal`]). Read together, such states
//! can contradict each other: a label present whose group is undecided, two present where only one
//! can be, the most probable class undecided while a lesser one is present. A contradiction tells
//! the reader that one of the two is wrong and not which, so what is not borne out by the others is
//! **held back**: it becomes *undecided*. Nothing is ever made present or absent by the others.
//! Hence
//!
//! - the promise is kept: who is not called present by the test of a label is not called so here,
//!   so at most `α` of the images without it are, and likewise for absent. To raise a group because
//!   a member is present would not do: of `m` members each may be wrong for another `α` of the
//!   images without any of them, `m·α` in all;
//! - states stay monotone in the risk: every condition below asks for further states to be decided,
//!   and what is decided at a risk is so at every larger one. Which label is the most probable, and
//!   which was rejected last, does not depend on the risk.
//!
//! **Exclusive classes** (softmax): exactly one holds. The classes are put in an order: the most
//! probable one, then the others, those that are rejected latest as the risk rises first. What is
//! said is the smallest set of classes from the front of this order such that every label and every
//! group bears it out by its own test: those outside the set absent, groups that hold all of the
//! set present, groups that hold none of it absent, and the class present if it is alone. A set of
//! all classes says nothing. So at most one class is present, and it is the most probable one; its
//! groups are present with it; not all classes are absent.
//!
//! **Independent findings** (sigmoid) may coincide, and a probable one may be undecided beside a
//! less probable one that is present: each has its own cuts. A member is present only if its groups
//! are; a group is absent only if all members are; and the member that is rejected last is absent
//! only if the group is, lest a group be there without a member.
//!
//! What it does not do: draw conclusions. That a group is present and all members but one are
//! absent does not make that one present.

use super::conformal::Verdict;

/// A label or a group as its own test judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub probability: f32,
    /// One a risk, the risks rising.
    pub verdicts: Vec<Verdict>,
}

impl Tested {
    /// The number of the risk from which on it is called absent.
    fn rejected_at(&self) -> usize {
        self.verdicts.iter().position(|v| *v == Verdict::Absent).unwrap_or(self.verdicts.len())
    }
}

/// A group: its members, indices into the labels, and its own test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestedGroup {
    pub members: Vec<usize>,
    pub tested: Tested,
}

/// What is said of labels and groups of exclusive classes at risk number `at`, in their order.
#[must_use]
pub fn exclusive(labels: &[Tested], groups: &[TestedGroup], at: usize) -> (Vec<Verdict>, Vec<Verdict>) {
    let order = most_probable_first(labels);
    let left = (1..labels.len()).map(|n| &order[..n]).find(|set| is_borne_out(set, labels, groups, at));
    let set = left.unwrap_or(&order);
    let label = |(k, tested): (usize, &Tested)| keep(tested, at, stated(set, &[k]));
    let group = |group: &TestedGroup| keep(&group.tested, at, stated(set, &group.members));
    (labels.iter().enumerate().map(label).collect(), groups.iter().map(group).collect())
}

/// The most probable class, then the others, the last rejected first.
fn most_probable_first(labels: &[Tested]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| labels[b].probability.total_cmp(&labels[a].probability));
    if let Some((_, others)) = order.split_first_mut() {
        others.sort_by_key(|&k| std::cmp::Reverse(labels[k].rejected_at()));
    }
    order
}

/// Whether every label and group says by itself what the set of classes says of it.
fn is_borne_out(set: &[usize], labels: &[Tested], groups: &[TestedGroup], at: usize) -> bool {
    let agrees =
        |members: &[usize], tested: &Tested| stated(set, members).is_none_or(|said| tested.verdicts[at] == said);
    labels.iter().enumerate().all(|(k, tested)| agrees(&[k], tested))
        && groups.iter().all(|group| agrees(&group.members, &group.tested))
}

/// What it means for a group of classes that the true one is in `set`.
fn stated(set: &[usize], members: &[usize]) -> Option<Verdict> {
    if set.iter().all(|k| members.contains(k)) {
        Some(Verdict::Present)
    } else if !set.iter().any(|k| members.contains(k)) {
        Some(Verdict::Absent)
    } else {
        None
    }
}

/// The verdict of its own test, held back where it is decided and not said.
fn keep(tested: &Tested, at: usize, said: Option<Verdict>) -> Verdict {
    match tested.verdicts[at] {
        own @ (Verdict::Present | Verdict::Absent) if said != Some(own) => Verdict::HeldBack,
        own => own,
    }
}

/// What is said of labels and groups of independent findings at risk number `at`, in their order.
#[must_use]
pub fn independent(labels: &[Tested], groups: &[TestedGroup], at: usize) -> (Vec<Verdict>, Vec<Verdict>) {
    let mut said: Vec<Verdict> = labels.iter().map(|t| t.verdicts[at]).collect();
    let mut of_groups: Vec<Verdict> = groups.iter().map(|g| g.tested.verdicts[at]).collect();
    let last: Vec<Option<usize>> = groups.iter().map(|g| last_rejected(&g.members, labels)).collect();
    let holds = |outer: usize, inner: usize| groups[inner].members.iter().all(|m| groups[outer].members.contains(m));
    // What is held back may leave something else without support; each round holds back more or is
    // the last.
    loop {
        let (before, before_groups) = (said.clone(), of_groups.clone());
        for (k, own) in said.iter_mut().enumerate() {
            let mut own_groups = (0..groups.len()).filter(|&g| groups[g].members.contains(&k));
            let supported = match *own {
                Verdict::Present => own_groups.all(|g| before_groups[g] == Verdict::Present),
                Verdict::Absent => own_groups.all(|g| last[g] != Some(k) || before_groups[g] == Verdict::Absent),
                _ => true,
            };
            if !supported {
                *own = Verdict::HeldBack;
            }
        }
        for (g, own) in of_groups.iter_mut().enumerate() {
            let others = || (0..groups.len()).filter(|&other| other != g);
            let supported = match *own {
                Verdict::Present => {
                    others().filter(|&other| holds(other, g)).all(|other| before_groups[other] == Verdict::Present)
                }
                Verdict::Absent => groups[g].members.iter().all(|&m| before[m] == Verdict::Absent),
                _ => true,
            };
            if !supported {
                *own = Verdict::HeldBack;
            }
        }
        if (&said, &of_groups) == (&before, &before_groups) {
            return (said, of_groups);
        }
    }
}

/// The member that stays possible for longest as the risk rises; the more probable one of equals.
fn last_rejected(members: &[usize], labels: &[Tested]) -> Option<usize> {
    let key = |m: usize| (labels[m].rejected_at(), labels[m].probability);
    members.iter().copied().max_by(|&a, &b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::conformal::{Cuts, RISKS, State};
    use crate::model::manifest::Head;
    use crate::model::output_head::OutputHead;

    const P: Verdict = Verdict::Present;
    const A: Verdict = Verdict::Absent;
    const U: Verdict = Verdict::FitsBoth;
    const H: Verdict = Verdict::HeldBack;

    /// A label of this probability and this verdict at the only risk.
    fn tested(probability: f32, verdict: Verdict) -> Tested {
        Tested { probability, verdicts: vec![verdict] }
    }

    fn group(members: &[usize], verdict: Verdict) -> TestedGroup {
        TestedGroup { members: members.to_vec(), tested: tested(0.5, verdict) }
    }

    /// Normal, bacterial, viral; pneumonia.
    fn chest(labels: [(f32, Verdict); 3], pneumonia: Verdict) -> (Vec<Verdict>, Vec<Verdict>) {
        exclusive(&labels.map(|(p, v)| tested(p, v)), &[group(&[1, 2], pneumonia)], 0)
    }

    #[test]
    fn a_class_is_present_with_its_group_and_the_others_absent_or_not_at_all() {
        assert_eq!(chest([(0.02, A), (0.95, P), (0.03, A)], P), (vec![A, P, A], vec![P]));
        // The group does not bear it out.
        assert_eq!(chest([(0.02, A), (0.95, P), (0.03, A)], U), (vec![H, H, H], vec![U]));
        // A sister class is not excluded: pneumonia, of either kind.
        assert_eq!(chest([(0.02, A), (0.75, P), (0.23, U)], P), (vec![A, H, U], vec![P]));
    }

    #[test]
    fn a_lesser_class_is_not_present_while_the_most_probable_is_undecided() {
        assert_eq!(chest([(0.42, P), (0.5, U), (0.08, A)], U), (vec![H, U, A], vec![U]));
    }

    #[test]
    fn of_exclusive_classes_not_two_are_present_and_not_all_are_absent() {
        assert_eq!(chest([(0.1, A), (0.5, P), (0.4, P)], P), (vec![A, H, H], vec![P]));
        // What is rejected last stays possible beside the most probable one.
        assert_eq!(chest([(0.3, A), (0.4, A), (0.3, A)], A), (vec![H, H, A], vec![H]));
    }

    #[test]
    fn of_independent_findings_a_member_is_present_with_its_group_and_a_group_absent_with_its_members() {
        let said = |a, b, g| {
            let labels = [tested(0.8, a), tested(0.3, b)];
            independent(&labels, &[group(&[0, 1], g)], 0)
        };
        assert_eq!(said(P, A, P), (vec![P, A], vec![P]));
        assert_eq!(said(P, A, U), (vec![H, A], vec![U]));
        assert_eq!(said(U, A, A), (vec![U, A], vec![H]));
        // A group without a member: the likelier one stays open.
        assert_eq!(said(A, A, P), (vec![H, A], vec![P]));
        assert_eq!(said(A, A, A), (vec![A, A], vec![A]));
        // Findings coincide, and a lesser one may be present beside a likelier one that is
        // undecided.
        assert_eq!(said(U, P, P), (vec![U, P], vec![P]));
    }

    /// Of labels and of groups.
    type Scores = (Vec<f32>, Vec<f32>);

    /// One image of a model with random classes, groups, scores and calibration sets, judged at
    /// every risk.
    struct Drawn {
        head: Head,
        labels: Vec<Tested>,
        groups: Vec<TestedGroup>,
    }

    impl Drawn {
        fn of(seed: u64) -> Self {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let head = if seed.is_multiple_of(2) { Head::Softmax } else { Head::Sigmoid };
            let n = rng.random_range(2..6);
            let members = |rng: &mut ChaCha8Rng| {
                let some: Vec<usize> = (0..n).filter(|_| rng.random::<bool>()).collect();
                if some.is_empty() { vec![rng.random_range(0..n)] } else { some }
            };
            let groups: Vec<Vec<usize>> = (0..rng.random_range(0..3)).map(|_| members(&mut rng)).collect();
            let readout = OutputHead { head, temperature: 1.0, groups: groups.clone() };
            let sharp = rng.random_range(0.5..6.0_f32);
            let mut scores = |truth: Option<usize>| {
                let logit = |k| (rng.random::<f32>() + if truth == Some(k) { 0.7 } else { 0.0 }) * sharp;
                let logits: Vec<f32> = (0..n).map(logit).collect();
                let labels = readout.labels(&logits);
                let of_groups = readout.groups(&labels);
                (labels, of_groups)
            };
            let kept: Vec<(usize, Scores)> = (0..120).map(|i| (i % n, scores(Some(i % n)))).collect();
            let (labels, of_groups) = scores(None);
            let verdicts = |p: f32, members: &[usize], score: &dyn Fn(&Scores) -> f32| {
                let side = |inside: bool| -> Vec<f32> {
                    kept.iter().filter(|(k, _)| members.contains(k) == inside).map(|(_, s)| score(s)).collect()
                };
                RISKS.map(|risk| Cuts::of(&side(true), &side(false), risk).judge(p)).to_vec()
            };
            let label = |(k, p): (usize, &f32)| Tested { probability: *p, verdicts: verdicts(*p, &[k], &|s| s.0[k]) };
            let group = |(g, p): (usize, &f32)| TestedGroup {
                members: groups[g].clone(),
                tested: Tested { probability: *p, verdicts: verdicts(*p, &groups[g], &|s| s.1[g]) },
            };
            Self {
                head,
                labels: labels.iter().enumerate().map(label).collect(),
                groups: of_groups.iter().enumerate().map(group).collect(),
            }
        }

        fn at(&self, risk: usize) -> (Vec<State>, Vec<State>) {
            let (labels, groups) = match self.head {
                Head::Softmax => exclusive(&self.labels, &self.groups, risk),
                Head::Sigmoid => independent(&self.labels, &self.groups, risk),
            };
            let states = |all: Vec<Verdict>| all.into_iter().map(Verdict::state).collect();
            (states(labels), states(groups))
        }

        /// A world in which every decided state holds.
        fn is_possible(&self, (labels, groups): &(Vec<State>, Vec<State>)) -> bool {
            let worlds = 0_u32..1 << labels.len();
            let mut worlds = worlds.filter(|w| self.head == Head::Sigmoid || w.is_power_of_two());
            let agrees = |state: State, holds: bool| match state {
                State::Present => holds,
                State::Absent => !holds,
                _ => true,
            };
            worlds.any(|world| {
                let has = |k: usize| world >> k & 1 == 1;
                labels.iter().enumerate().all(|(k, s)| agrees(*s, has(k)))
                    && self.groups.iter().zip(groups).all(|(g, s)| agrees(*s, g.members.iter().any(|m| has(*m))))
            })
        }
    }

    #[test]
    fn states_are_coherent_monotone_and_never_more_than_their_own_tests_say() {
        let mut decided = [0; 2];
        for seed in 0..3000 {
            let drawn = Drawn::of(seed);
            let all: Vec<_> = (0..RISKS.len()).map(|risk| drawn.at(risk)).collect();
            for (risk, said) in all.iter().enumerate() {
                let (labels, groups) = said;
                assert!(drawn.is_possible(said), "seed {seed}: {said:?}");
                let own = drawn.labels.iter().chain(drawn.groups.iter().map(|g| &g.tested));
                for (tested, state) in own.zip(labels.iter().chain(groups)) {
                    let alone = tested.verdicts[risk].state();
                    assert!(*state == alone || *state == State::Undecided, "seed {seed}");
                    decided[usize::from(drawn.head == Head::Sigmoid)] += usize::from(*state != State::Undecided);
                }
                for (group, state) in drawn.groups.iter().zip(groups) {
                    let members: Vec<State> = group.members.iter().map(|m| labels[*m]).collect();
                    assert!(*state == State::Present || !members.contains(&State::Present), "seed {seed}");
                    assert!(*state != State::Absent || members.iter().all(|m| *m == State::Absent), "seed {seed}");
                    assert!(*state == State::Absent || members.iter().any(|m| *m != State::Absent), "seed {seed}");
                }
                if drawn.head == Head::Softmax && labels.contains(&State::Present) {
                    let top = most_probable_first(&drawn.labels)[0];
                    let others = (0..labels.len()).filter(|k| *k != top);
                    assert!(others.map(|k| labels[k]).all(|s| s == State::Absent), "seed {seed}: {labels:?}");
                }
            }
            for pair in all.windows(2) {
                let states = |said: &(Vec<State>, Vec<State>)| [said.0.clone(), said.1.clone()].concat();
                for (smaller, larger) in states(&pair[0]).into_iter().zip(states(&pair[1])) {
                    assert!(smaller == larger || smaller == State::Undecided, "seed {seed}: {all:?}");
                }
            }
        }
        assert!(decided.into_iter().all(|n| n > 3000), "it says something: {decided:?}");
    }
}
