//! Shares with their 95 % intervals by patient.
//!
//! A bootstrap of a share that is 0 or 1 draws the same share every time: its interval has no
//! width, as if ten images without an error proved that there is none. Wilson's score interval
//! (JASA 22 (1927) 209) has a width everywhere. It counts independent trials, and several images of
//! a patient are less than that, so it is given their **effective number**: the number of images
//! divided by the design effect, which is the variance of the share between patients by that of as
//! many independent images (Kish 1965; with Wilson's interval: Dean and Pagano, J. Surv. Stat.
//! Methodol. 3 (2015) 484). With `n` images of `k` patients, patient `c` having `m_c` of them and
//! `y_c` in the share `p`:
//!
//! ```text
//! deff = (k / (k − 1)) · Σ_c (y_c − p·m_c)² / n²  :  p (1 − p) / (n − 1)
//! ```
//!
//! Where `p` is 0 or 1 no variance is seen, and a patient's images may all be alike: the number of
//! patients is taken. Of values between 0 and 1 (shares of an image, overlaps) the same gives the
//! interval of their mean; their variance is at most `p (1 − p)`, so it is no narrower than it
//! should be.
//!
//! The area under the ROC curve is a share of pairs; [`of_pairs`] is its interval where the
//! bootstrap collapses (Newcombe, Stat. Med. 25 (2006) 559, method 5, with the variance of Hanley
//! and `McNeil` 1982), of patients for images.
//!
//! What it does not do: intervals of other figures (F1, kappa …). Where resamples do not differ,
//! those have none.

use super::bootstrap::by_patient;
use crate::model::calibration::Proportion;

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The mean of `outcomes`, values from 0 to 1 (0 or 1 for a share), with its interval; `patients`
/// names the patient of each, an empty text one of its own. `None` without outcomes.
#[must_use]
pub fn of(outcomes: &[f64], patients: &[&str]) -> Option<Proportion> {
    of_groups(outcomes, &by_patient(patients))
}

/// The same with the indices of each patient's outcomes.
#[must_use]
pub fn of_groups(outcomes: &[f64], patients: &[Vec<usize>]) -> Option<Proportion> {
    let n = outcomes.len() as f64;
    let value = (outcomes.iter().sum::<f64>() / n).clamp(0.0, 1.0);
    (!outcomes.is_empty()).then(|| {
        let (low, high) = wilson(value, effective_number(outcomes, patients));
        Proportion { value, low, high }
    })
}

/// How many independent images tell as much about the mean of `outcomes` as these do, whose indices
/// `patients` groups.
#[must_use]
pub fn effective_number(outcomes: &[f64], patients: &[Vec<usize>]) -> f64 {
    let (n, k) = (outcomes.len() as f64, patients.len() as f64);
    let p = outcomes.iter().sum::<f64>() / n;
    let independent = p * (1.0 - p);
    if independent < 1e-12 || k < 2.0 {
        return k;
    }
    let residual = |images: &Vec<usize>| images.iter().map(|&i| outcomes[i] - p).sum::<f64>().powi(2);
    let between = k / (k - 1.0) * patients.iter().map(residual).sum::<f64>() / (n * n);
    let effect = between * (n - 1.0) / independent;
    // Patients who are more alike than chance would have it are no reason to claim more images than
    // there are.
    (n / effect.max(1.0)).max(1.0)
}

/// Wilson's 95 % interval of a share of `n` images, `(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 +
/// z²/n)`.
#[must_use]
pub fn wilson(share: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    // Rounding must put neither the share nor an end outside.
    let (low, high) = ((middle - half) / (1.0 + z2 / n), (middle + half) / (1.0 + z2 / n));
    (low.max(0.0).min(share), high.min(1.0).max(share))
}

/// The 95 % interval of an area under the ROC curve over `with` patients who have the finding and
/// `without` who do not: the areas `θ` from which `area` is no further than `z` standard errors
/// under `θ`.
#[must_use]
pub fn of_pairs(area: f64, with: usize, without: usize) -> Option<(f64, f64)> {
    if with == 0 || without == 0 {
        return None;
    }
    let (m, n) = (with as f64, without as f64);
    let variance = |t: f64| {
        let more = f64::midpoint(m, n) - 1.0;
        t * (1.0 - t) * (1.0 + more * ((1.0 - t) / (2.0 - t) + t / (1.0 + t))) / (m * n)
    };
    let fits = |t: f64| (area - t).powi(2) <= Z * Z * variance(t);
    // `area` fits itself (at 0 and 1 only just), the ends 0 and 1 do not unless they are it: one
    // border lies on either side.
    let border = |mut inside: f64, mut outside: f64| {
        for _ in 0..60 {
            let middle = f64::midpoint(inside, outside);
            if fits(middle) { inside = middle } else { outside = middle }
        }
        inside
    };
    Some((border(area, 0.0), border(area, 1.0)))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        wilson: Vec<[f64; 4]>,
        clustered: Vec<Clustered>,
        areas: Vec<Area>,
    }

    #[derive(Deserialize)]
    struct Clustered {
        outcomes: Vec<f64>,
        patients: Vec<String>,
        effective: f64,
        low: f64,
        high: f64,
    }

    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "the golden file says area, too")]
    struct Area {
        area: f64,
        with: usize,
        without: usize,
        low: f64,
        high: f64,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/proportion.json")).expect("the golden file fits")
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_interval_of_independent_images_is_that_of_statsmodels() {
        for [share, n, low, high] in golden().wilson {
            let ours = wilson(share, n);
            assert!(close(ours.0, low) && close(ours.1, high), "{share} of {n}: {ours:?}, but {low}–{high}");
        }
    }

    #[test]
    fn an_interval_lies_between_0_and_1_and_holds_its_share() {
        for n in 1..400 {
            for share in [0.0, 1.0 / f64::from(n), 0.5, 1.0] {
                let (low, high) = wilson(share, f64::from(n));
                assert!(0.0 <= low && low <= share && share <= high && high <= 1.0, "{share} of {n}: {low}–{high}");
            }
        }
    }

    #[test]
    fn images_of_one_patient_count_as_their_effective_number() {
        for set in golden().clustered {
            let patients: Vec<&str> = set.patients.iter().map(String::as_str).collect();
            let n = effective_number(&set.outcomes, &by_patient(&patients));
            assert!(close(n, set.effective), "{n}, but {}", set.effective);
            let ours = of(&set.outcomes, &patients).unwrap();
            assert!(close(ours.low, set.low) && close(ours.high, set.high), "{ours:?}");
        }
    }

    #[test]
    fn at_the_border_the_interval_is_as_wide_as_the_patients_are_few() {
        let of = |n: usize, patients: usize| {
            let names: Vec<String> = (0..n).map(|i| format!("p{}", i % patients)).collect();
            of(&vec![1.0; n], &names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
        };
        // n / (n + z²)
        assert!(close(of(10, 10).low, 10.0 / (10.0 + Z * Z)) && of(10, 10).high == 1.0);
        assert_eq!(of(40, 10), of(10, 10), "four images of each patient may all be alike");
        assert!(of(40, 1).low < 0.25);
        assert_eq!(super::of(&[], &[]), None);
        let none = super::of(&[0.0; 8], &[""; 8]).unwrap();
        assert!(none.low == 0.0 && none.high > 0.3);
    }

    #[test]
    fn an_area_without_a_wrong_pair_has_a_width_too() {
        for a in golden().areas {
            let (low, high) = of_pairs(a.area, a.with, a.without).unwrap();
            assert!((low - a.low).abs() < 1e-8 && (high - a.high).abs() < 1e-8, "{} {low} {high}", a.area);
        }
        let (low, high) = of_pairs(1.0, 20, 50).unwrap();
        assert!(low > 0.8 && low < 0.97 && high == 1.0, "{low} {high}");
        assert_eq!(of_pairs(1.0, 0, 5), None);
    }
}
