//! What a study is held to: hashes of all that its analysis rests on, taken before the first case is
//! read.
//!
//! Why: whoever may choose the truth, the threshold of a decision or the arms after the readings are
//! in can choose the result (Simmons et al., Psychol. Sci. 22 (2011) 1359). A hash does not keep anyone
//! from it, but it shows.
//!
//! - The **truth of a case** is SHA-256 of its code, its answer, its boxes and a random salt. The salt
//!   stands in the table of truth alone: without it nobody who has the plan finds the truth by trying.
//! - The **plan** is SHA-256 of everything in it but its name, the paths of images and the hash itself,
//!   so also of the truths; its first half is kept. It stands in the plan, in every reading, and as the
//!   name of a copy in the folder `plans`, from which can be told later what was changed
//!   ([`super::kept_plans`]).
//!
//! What it does not do: find out someone who makes plan, copies and readings anew. A hash that was
//! deposited elsewhere before the first reading does.

use super::plan::{HASH, Plan};
use super::truth::CaseTruth;
use crate::files::sha256;

/// The hash of all in a plan that its analysis rests on.
#[must_use]
pub fn of_plan(plan: &Plan) -> String {
    let cases: Vec<[&str; 3]> =
        plan.cases.iter().map(|c| [c.id.as_str(), c.sha256.as_str(), c.truth_sha256.as_str()]).collect();
    let fixed = serde_json::json!([
        plan.format,
        plan.question,
        plan.finding,
        plan.model,
        plan.weights_sha256,
        plan.design,
        plan.seed,
        plan.washout_days,
        plan.decision,
        plan.marks,
        plan.readers,
        plan.arms,
        cases,
    ]);
    sha256(fixed.to_string().as_bytes())[..HASH].to_owned()
}

/// The hash of what is true of a case.
#[must_use]
pub fn of_truth(case: &str, truth: &CaseTruth) -> String {
    let boxes: Vec<[String; 4]> =
        truth.lesions.iter().map(|l| [l.x, l.y, l.width, l.height].map(|side| side.to_string())).collect();
    let fixed = serde_json::json!([case, truth.positive, boxes, truth.salt]);
    sha256(fixed.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::lesion::Lesion;
    use super::super::plan::Design;
    use super::super::plan::is_hash;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn all_that_decides_the_result_is_in_the_hash_and_names_and_places_are_not() {
        let good = plan(Design::Crossover);
        let hash = of_plan(&good);
        assert!(is_hash(&hash) && !is_hash("../../truth") && !is_hash(&hash.to_uppercase()));
        let mut moved = Plan { name: "Other".into(), registered: String::new(), ..good.clone() };
        moved.cases[0].path = "/elsewhere/1.png".into();
        assert_eq!(of_plan(&moved), hash);
        let mut truth = good.clone();
        truth.cases[2].truth_sha256 = "0".into();
        let mut image = good.clone();
        image.cases[2].sha256 = "0".into();
        let mut arms = good.clone();
        arms.arms.pop();
        for other in [
            truth,
            image,
            arms,
            Plan { decision: 60, ..good.clone() },
            Plan { washout_days: 1, ..good.clone() },
            Plan { question: "Is it ill?".into(), ..good.clone() },
            Plan { finding: "Normal".into(), ..good.clone() },
            Plan { weights_sha256: "0".into(), ..good.clone() },
            Plan { seed: 2, ..good.clone() },
            Plan { marks: false, ..good.clone() },
            Plan { readers: vec!["R1".into()], ..good.clone() },
            plan(Design::Sequential),
        ] {
            assert_ne!(of_plan(&other), hash, "{other:?}");
        }
    }

    #[test]
    fn the_hash_of_a_truth_is_of_its_boxes_and_cannot_be_guessed_without_its_salt() {
        let lesion = Lesion { x: 1.5, y: 2.0, width: 3.0, height: 4.0 };
        let truth = CaseTruth { positive: true, lesions: vec![lesion], salt: "ab".into() };
        let hash = of_truth("c1", &truth);
        assert_ne!(of_truth("c2", &truth), hash);
        assert_ne!(of_truth("c1", &CaseTruth { salt: "ac".into(), ..truth.clone() }), hash);
        assert_ne!(of_truth("c1", &CaseTruth { lesions: Vec::new(), ..truth.clone() }), hash);
        assert_ne!(of_truth("c1", &CaseTruth { positive: false, lesions: Vec::new(), ..truth }), hash);
    }
}
