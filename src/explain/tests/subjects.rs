//! Classes, groups of classes and differences, under both heads.

use super::{Seen, apart, grouped, offered, peak};
use crate::explain::{Attribution, ExplainError, Method, MethodSettings, Output, Subject};
use crate::model::manifest::Head;

const LAYER: &str = "features.10";
const GROUP: Subject = Subject::One(Output::Group(0));

fn each(subject: Subject, seen: &Seen) -> impl Iterator<Item = (Method, Attribution)> {
    offered(seen)
        .filter(|m| *m != Method::Cam)
        .map(move |method| (method, seen.maps(LAYER, &[subject], method).unwrap().remove(0)))
}

fn assert_same(found: &[f32], expected: &[f32], what: &str) {
    let off = apart(found, expected);
    assert!(off <= 1e-4 * peak(expected).max(1e-6), "{what}: {off} of {}", peak(expected));
}

#[test]
fn every_method_explains_groups_and_differences_under_both_heads() {
    let subjects = [
        GROUP,
        Subject::Difference(Output::Group(0), Output::Class(2)),
        Subject::Difference(Output::Class(1), Output::Class(0)),
    ];
    for head in [Head::Softmax, Head::Sigmoid] {
        let seen = grouped(head);
        for method in offered(&seen).filter(|m| *m != Method::Cam) {
            let together = seen.maps(LAYER, &subjects, method).unwrap();
            assert_eq!(together.iter().map(|m| m.subject).collect::<Vec<_>>(), subjects);
            for map in together {
                let alone = seen.maps(LAYER, &[map.subject], method).unwrap().remove(0);
                assert_same(&alone.raw.values, &map.raw.values, method.name());
                assert_eq!(map.logit, seen.scoring.score(map.subject, &seen.logits) as f32);
                assert_eq!((map.method, map.evaluations), (method, alone.evaluations));
            }
        }
    }
}

#[test]
fn a_group_of_one_has_the_maps_of_its_member() {
    for head in [Head::Softmax, Head::Sigmoid] {
        let seen = grouped(head);
        let members = each(Subject::class(2), &seen);
        for ((method, member), (_, group)) in members.zip(each(Subject::One(Output::Group(1)), &seen)) {
            assert_same(&group.raw.values, &member.raw.values, method.name());
        }
    }
}

/// The linear methods: those whose map of a sum of scores is the sum of the maps.
#[test]
fn the_map_of_a_difference_is_the_difference_of_the_maps_where_a_method_is_linear() {
    let seen = grouped(Head::Softmax);
    let (a, b) = (Output::Class(0), Output::Class(2));
    for method in [
        Method::GradCam,
        Method::HiResCam,
        Method::XGradCam,
        Method::IntegratedGradients,
        Method::KernelShap,
        Method::GradientShap,
        Method::DeepShap,
        Method::Occlusion,
        Method::Rise,
    ] {
        let subjects = [Subject::One(a), Subject::One(b), Subject::Difference(a, b)];
        let maps = seen.maps(LAYER, &subjects, method).unwrap();
        let values = maps[0].raw.values.iter().zip(&maps[1].raw.values).map(|(a, b)| a - b);
        assert_same(&maps[2].raw.values, &values.collect::<Vec<_>>(), method.name());
    }
}

#[test]
fn maps_that_add_up_to_the_score_do_so_for_groups_and_differences() {
    let many = MethodSettings { evaluations: Some(200), ..MethodSettings::default() };
    for head in [Head::Softmax, Head::Sigmoid] {
        let seen = grouped(head);
        for subject in [Subject::class(1), GROUP, Subject::Difference(Output::Group(0), Output::Class(2))] {
            // The gradient of a network of ReLUs jumps along the path, which no quadrature follows
            // exactly.
            for (method, allowed) in [(Method::IntegratedGradients, 3e-2), (Method::KernelShap, 1e-6)] {
                let map = seen.maps_with(LAYER, &[subject], method, &many).unwrap().remove(0);
                let residual = map.residual.unwrap();
                assert!(residual.share() < allowed, "{} of {subject:?}: {residual:?}", method.name());
            }
        }
    }
}

#[test]
fn a_residual_is_about_the_map_that_carries_it() {
    let seen = grouped(Head::Sigmoid);
    for (method, map) in each(GROUP, &seen) {
        let Some(residual) = map.residual else { continue };
        let sum: f64 = map.raw.values.iter().map(|v| f64::from(*v)).sum();
        let size: f64 = map.raw.values.iter().map(|v| f64::from(v.abs())).sum();
        // A superpixel's pixels all bear the value of the whole.
        if method != Method::KernelShap {
            assert!((sum - residual.found).abs() < 1e-5 * size.max(1e-6), "{}: {sum} {residual:?}", method.name());
        }
    }
}

#[test]
fn a_subject_that_the_model_does_not_have_is_refused_by_every_method() {
    let seen = grouped(Head::Softmax);
    for method in offered(&seen) {
        for subject in
            [Subject::class(3), Subject::One(Output::Group(2)), Subject::Difference(Output::Class(0), Output::Class(9))]
        {
            let found = seen.maps(LAYER, &[Subject::class(0), subject], method);
            assert!(matches!(found, Err(ExplainError::NoSuchSubject { known: 3 })), "{}", method.name());
        }
        assert!(seen.maps(LAYER, &[], method).unwrap().is_empty());
    }
}
