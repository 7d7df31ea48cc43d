//! The receiver operating characteristic, the precision–recall curve, and the areas under them.

/// Area under the ROC curve: the chance that a positive image scores higher than a negative one,
/// ties counted half (Mann–Whitney: `(R⁺ − n⁺(n⁺+1)/2) / (n⁺ n⁻)` with mid-ranks `R`).
///
/// `None` without a positive or without a negative image, or when a score is not a number.
#[must_use]
pub fn auroc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let ordered = descending(scores, positive)?;
    let positives = ordered.iter().filter(|(_, p)| *p).count();
    let negatives = ordered.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    // Pairs won, going down through blocks of equal scores.
    let (mut won, mut above) = (0.0, 0);
    for block in ordered.chunk_by(|a, b| a.0 == b.0) {
        let here = block.iter().filter(|(_, p)| *p).count();
        won += (block.len() - here) as f64 * (above as f64 + here as f64 / 2.0);
        above += here;
    }
    Some(won / (positives as f64 * negatives as f64))
}

/// A point of the curve: at `threshold` and above, images are called positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// 1 − specificity.
    pub false_positive_rate: f64,
    /// Sensitivity.
    pub true_positive_rate: f64,
    pub threshold: f64,
}

/// The curve from (0, 0), one point for each distinct score, to (1, 1); empty where [`auroc`] is
/// `None`.
#[must_use]
pub fn curve(scores: &[f64], positive: &[bool]) -> Vec<Point> {
    let Some(ordered) = descending(scores, positive) else { return Vec::new() };
    let positives = ordered.iter().filter(|(_, p)| *p).count();
    let negatives = ordered.len() - positives;
    if positives == 0 || negatives == 0 {
        return Vec::new();
    }
    let mut points = vec![Point { false_positive_rate: 0.0, true_positive_rate: 0.0, threshold: f64::INFINITY }];
    let (mut hits, mut alarms) = (0, 0);
    for block in ordered.chunk_by(|a, b| a.0 == b.0) {
        let here = block.iter().filter(|(_, p)| *p).count();
        hits += here;
        alarms += block.len() - here;
        points.push(Point {
            false_positive_rate: alarms as f64 / negatives as f64,
            true_positive_rate: hits as f64 / positives as f64,
            threshold: block[0].0,
        });
    }
    points
}

/// A point of the precision–recall curve: at `threshold` and above, images are called positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Sensitivity.
    pub recall: f64,
    pub precision: f64,
    pub threshold: f64,
}

/// One point for each distinct score, the highest first; empty without a positive image or where a
/// score is not a number.
#[must_use]
pub fn precision_recall(scores: &[f64], positive: &[bool]) -> Vec<Precision> {
    let ordered = descending(scores, positive).unwrap_or_default();
    let positives = ordered.iter().filter(|(_, p)| *p).count();
    if positives == 0 {
        return Vec::new();
    }
    let (mut hits, mut called) = (0, 0);
    let blocks = ordered.chunk_by(|a, b| a.0 == b.0);
    blocks
        .map(|block| {
            hits += block.iter().filter(|(_, p)| *p).count();
            called += block.len();
            Precision {
                recall: hits as f64 / positives as f64,
                precision: hits as f64 / called as f64,
                threshold: block[0].0,
            }
        })
        .collect()
}

/// Average precision, `Σ (Rₙ − Rₙ₋₁) Pₙ`: the area under the steps, not interpolated (an
/// interpolated one flatters, Davis and Goadrich 2006). `None` without a positive image or where a
/// score is not a number.
#[must_use]
pub fn average_precision(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = precision_recall(scores, positive);
    let mut before = 0.0;
    let area = curve.iter().map(|p| (p.recall - std::mem::replace(&mut before, p.recall)) * p.precision).sum();
    (!curve.is_empty()).then_some(area)
}

fn descending(scores: &[f64], positive: &[bool]) -> Option<Vec<(f64, bool)>> {
    if scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let mut ordered: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    ordered.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    Some(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::{close, read};

    #[test]
    fn the_area_is_that_of_scikit_learn_with_ties() {
        let golden = read();
        for class in 0..3 {
            let scores: Vec<f64> = golden.probabilities.iter().map(|p| p[class]).collect();
            let positive: Vec<bool> = golden.truth.iter().map(|t| *t == class).collect();
            assert!(close(auroc(&scores, &positive).unwrap(), golden.auroc[class]));
        }
        assert!(close(auroc(&golden.binary.score, &golden.binary.positive).unwrap(), golden.binary.auroc));
    }

    #[test]
    fn the_points_are_those_of_scikit_learn() {
        let golden = read().binary;
        let points = curve(&golden.score, &golden.positive);
        assert_eq!(points.len(), golden.true_positive_rate.len());
        for (i, point) in points.iter().enumerate() {
            assert!(close(point.false_positive_rate, golden.false_positive_rate[i]));
            assert!(close(point.true_positive_rate, golden.true_positive_rate[i]));
        }
    }

    #[test]
    fn the_average_precision_is_that_of_scikit_learn_with_ties() {
        let golden = read().binary;
        assert!(close(average_precision(&golden.score, &golden.positive).unwrap(), golden.average_precision));
        assert_eq!(average_precision(&[0.3], &[false]), None);
    }

    #[test]
    fn equal_scores_are_worth_one_half() {
        assert_eq!(auroc(&[0.5, 0.5, 0.5], &[true, false, false]), Some(0.5));
        assert_eq!(auroc(&[0.5, 0.5], &[true, true]), None);
        assert_eq!(auroc(&[f64::NAN, 0.5], &[true, false]), None);
    }
}
