//! Variances and covariances of the figures of merit, as the cases give them.
//!
//! By the jackknife, `(K − 1)/K Σ_k (θ₍₋ₖ₎ − θ̄)(θ'₍₋ₖ₎ − θ̄')` over the `K` cases, which is what OR-DBM
//! MRMC and `RJafroc` do by default, or by the structural components of DeLong et al. (Biometrics 44
//! (1988) 837), `Σ cov(v, v')/n` over the two samples.

use super::figure::Figure;

/// How covariances are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub enum Method {
    #[default]
    Jackknife,
    DeLong,
}

/// Means of the variances and covariances by what two figures share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Covariances {
    /// Of a figure with itself.
    pub variance: f64,
    /// Same reader, other modality.
    pub cov1: f64,
    /// Other reader, same modality.
    pub cov2: f64,
    /// Neither the same.
    pub cov3: f64,
    /// Variance and `cov2` of each modality.
    pub by_modality: Vec<[f64; 2]>,
    /// Variance of the difference of each reader between two modalities: `(first, second)` in the
    /// order of [`pairs`], by reader.
    pub of_differences: Vec<Vec<f64>>,
}

/// Indices of each two of `n`.
pub(super) fn pairs(n: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect()
}

/// Of figures by modality and reader.
pub(super) fn covariances(figures: &[Vec<Figure>], method: Method) -> Covariances {
    let (modalities, readers) = (figures.len(), figures[0].len());
    // Places of one matrix over all figures, each filled once.
    let deviations: Vec<Vec<Deviations>> =
        figures.iter().map(|row| row.iter().map(|f| Deviations::of(f, method)).collect()).collect();
    let of = |(i, j): (usize, usize), (k, l): (usize, usize)| deviations[i][j].product(&deviations[k][l]);
    let mut sums = [Mean::default(); 4];
    let mut by_modality = vec![[Mean::default(); 2]; modalities];
    let mut of_differences = vec![vec![0.0; readers]; pairs(modalities).len()];
    for (i, modality) in by_modality.iter_mut().enumerate() {
        for j in 0..readers {
            let variance = of((i, j), (i, j));
            sums[0].add(variance);
            modality[0].add(variance);
            (j + 1..readers).for_each(|l| {
                let c = of((i, j), (i, l));
                sums[2].add(c);
                modality[1].add(c);
            });
            for k in i + 1..modalities {
                sums[1].add(of((i, j), (k, j)));
                (0..readers).filter(|l| *l != j).for_each(|l| sums[3].add(of((i, j), (k, l))));
            }
        }
    }
    for ((a, b), row) in pairs(modalities).into_iter().zip(&mut of_differences) {
        for (j, place) in row.iter_mut().enumerate() {
            *place = of((a, j), (a, j)) + of((b, j), (b, j)) - 2.0 * of((a, j), (b, j));
        }
    }
    let [variance, cov1, cov2, cov3] = sums.map(Mean::value);
    let by_modality = by_modality.into_iter().map(|m| m.map(Mean::value)).collect();
    Covariances { variance, cov1, cov2, cov3, by_modality, of_differences }
}

/// Deviations of a figure by case, scaled so that products sum to a covariance.
struct Deviations(Vec<f64>);

impl Deviations {
    fn of(figure: &Figure, method: Method) -> Self {
        let centred = |values: &[f64], scale: f64| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|v| (v - mean) * scale).collect::<Vec<f64>>()
        };
        match method {
            Method::Jackknife => {
                let n = figure.cases() as f64;
                Self(centred(figure.without(), ((n - 1.0) / n).sqrt()))
            }
            Method::DeLong => Self(
                (figure.samples().iter())
                    .flat_map(|sample| {
                        let n = sample.len() as f64;
                        centred(sample, (1.0 / (n * (n - 1.0))).sqrt())
                    })
                    .collect(),
            ),
        }
    }

    fn product(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// A mean under way; 0 of nothing, as a covariance that no pair has takes no part.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    n: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1.0;
    }

    fn value(self) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { 0.0 }
    }
}
