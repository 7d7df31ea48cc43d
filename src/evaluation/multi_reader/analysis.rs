//! The analysis of Obuchowski and Rockette in its three forms.
//!
//! With `MS(T)`, `MS(R)`, `MS(TR)` the mean squares of the two-way analysis of variance of the
//! figures of `I` modalities and `J` readers:
//!
//! - **Random readers, random cases**: what holds for other readers and other cases.
//!   `F = MS(T) / [MS(TR) + J max(Cov2 − Cov3, 0)]`, denominator degrees of freedom
//!   `[…]² / (MS(TR)² / ((I − 1)(J − 1)))` (Hillis 2007); a difference has the variance `2/J […]`, a
//!   single modality `[MS(R)_i + J max(Cov2_i, 0)] / J` from its own readings alone.
//! - **Fixed readers, random cases**: for these very readers and other cases.
//!   `χ² = (I − 1) MS(T) / [Var − Cov1 + (J − 1) max(Cov2 − Cov3, 0)]`.
//! - **Random readers, fixed cases**: for other readers and these very cases, an ordinary analysis of
//!   variance with repeated measures.
//!
//! Formulas as in Hillis, Stat. Med. 33 (2014) 330.

use super::covariance::{Covariances, Method, covariances, pairs};
use super::errors::MultiReaderError;
use super::figure::Figure;
use super::inference::{Difference, Inference, Spread, chi_square, f_test};

/// All that is said of readers in several modalities.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Analysis {
    pub method: Method,
    pub cases: usize,
    /// Figure of merit by modality and reader.
    pub figures: Vec<Vec<f64>>,
    pub mean_squares: MeanSquares,
    pub components: Components,
    /// Random readers, random cases: `None` with fewer than two readers.
    pub random: Option<Inference>,
    /// Fixed readers, random cases.
    pub fixed_readers: Inference,
    /// Random readers, fixed cases: `None` with fewer than two readers.
    pub fixed_cases: Option<Inference>,
    /// Differences of each reader, over other cases.
    pub readers: Vec<Vec<Difference>>,
}

/// Of the two-way analysis of variance; `None` where a degree of freedom is missing.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct MeanSquares {
    pub modality: Option<f64>,
    pub reader: Option<f64>,
    pub interaction: Option<f64>,
    /// Of the readers within each modality.
    pub reader_by_modality: Option<Vec<f64>>,
}

/// Parts of the variance, as planning another study needs them. Estimates of an analysis of
/// variance: those of readers can be negative.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Components {
    pub reader: Option<f64>,
    pub interaction: Option<f64>,
    pub error: f64,
    pub cov1: f64,
    pub cov2: f64,
    pub cov3: f64,
}

/// Analyses figures by modality and reader, all of the same cases.
pub fn analyse(figures: &[Vec<Figure>], method: Method) -> Result<Analysis, MultiReaderError> {
    let one = figures.first().and_then(|row| row.first()).ok_or(MultiReaderError::Nothing)?;
    if figures.iter().any(|row| row.len() != figures[0].len()) {
        return Err(MultiReaderError::NotCrossed);
    }
    if let Some(other) = figures.iter().flatten().find(|f| !f.fits(one)) {
        return Err(MultiReaderError::Unequal { readings: other.cases(), cases: one.cases() });
    }
    let values: Vec<Vec<f64>> = figures.iter().map(|row| row.iter().map(|f| f.value).collect()).collect();
    Ok(of_figures(values, &covariances(figures, method), one.is_share(), (one.cases(), method)))
}

/// What follows from the values of the figures and their covariances.
pub(super) fn of_figures(
    figures: Vec<Vec<f64>>,
    covariances: &Covariances,
    are_shares: bool,
    (cases, method): (usize, Method),
) -> Analysis {
    let table = Table::of(&figures, are_shares);
    Analysis {
        method,
        cases,
        mean_squares: table.mean_squares(),
        components: table.components(covariances),
        random: table.random(covariances),
        fixed_readers: table.fixed_readers(covariances),
        fixed_cases: table.fixed_cases(),
        readers: table.by_reader(covariances),
        figures,
    }
}

/// Figures by modality and reader, and their means.
struct Table<'a> {
    values: &'a [Vec<f64>],
    /// Of each modality.
    means: Vec<f64>,
    modalities: f64,
    readers: f64,
    are_shares: bool,
}

impl<'a> Table<'a> {
    fn of(values: &'a [Vec<f64>], are_shares: bool) -> Self {
        let (modalities, readers) = (values.len() as f64, values[0].len() as f64);
        Self {
            values,
            means: values.iter().map(|row| row.iter().sum::<f64>() / readers).collect(),
            modalities,
            readers,
            are_shares,
        }
    }

    fn mean(&self) -> f64 {
        self.means.iter().sum::<f64>() / self.modalities
    }

    fn mean_squares(&self) -> MeanSquares {
        let (i, j, all) = (self.modalities, self.readers, self.mean());
        let readers: Vec<f64> =
            (0..self.values[0].len()).map(|r| self.values.iter().map(|row| row[r]).sum::<f64>() / i).collect();
        let modality: f64 = self.means.iter().map(|m| (m - all).powi(2)).sum::<f64>() * j;
        let reader: f64 = readers.iter().map(|r| (r - all).powi(2)).sum::<f64>() * i;
        let interaction: f64 = (self.values.iter().zip(&self.means))
            .flat_map(|(row, m)| row.iter().zip(&readers).map(move |(v, r)| (v - m - r + all).powi(2)))
            .sum();
        let within = |(row, m): (&Vec<f64>, &f64)| row.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (j - 1.0);
        MeanSquares {
            modality: (i > 1.0).then(|| modality / (i - 1.0)),
            reader: (j > 1.0).then(|| reader / (j - 1.0)),
            interaction: (i > 1.0 && j > 1.0).then(|| interaction / ((i - 1.0) * (j - 1.0))),
            reader_by_modality: (j > 1.0).then(|| self.values.iter().zip(&self.means).map(within).collect()),
        }
    }

    fn components(&self, c: &Covariances) -> Components {
        let squares = self.mean_squares();
        let reader = squares.reader.zip(squares.interaction);
        Components {
            reader: reader.map(|(r, tr)| (r - tr) / self.modalities - c.cov1 + c.cov3),
            interaction: squares.interaction.map(|tr| tr - c.variance + c.cov1 + (c.cov2 - c.cov3).max(0.0)),
            error: c.variance,
            cov1: c.cov1,
            cov2: c.cov2,
            cov3: c.cov3,
        }
    }

    fn random(&self, c: &Covariances) -> Option<Inference> {
        let squares = self.mean_squares();
        let single = self.singles(squares.reader_by_modality.as_ref()?, |i| self.readers * c.by_modality[i][1]);
        let added = self.readers * (c.cov2 - c.cov3);
        Some(self.with_interaction(&squares, added, single))
    }

    fn fixed_cases(&self) -> Option<Inference> {
        let squares = self.mean_squares();
        let single = self.singles(squares.reader_by_modality.as_ref()?, |_| 0.0);
        Some(self.with_interaction(&squares, 0.0, single))
    }

    /// Spread of each modality's mean from its own readers, and from its cases.
    fn singles(&self, within: &[f64], added: impl Fn(usize) -> f64) -> Vec<Spread> {
        let j = self.readers;
        within.iter().enumerate().map(|(i, ms)| Spread::of_mean_square(*ms, j - 1.0, added(i), j)).collect()
    }

    /// Random readers; `added` is what the cases add to the interaction.
    fn with_interaction(&self, squares: &MeanSquares, added: f64, single: Vec<Spread>) -> Inference {
        let df = (self.modalities - 1.0) * (self.readers - 1.0);
        let spread = squares.interaction.map(|tr| Spread::of_mean_square(tr, df, added, self.readers / 2.0));
        let overall = squares
            .modality
            .zip(spread)
            .and_then(|(t, s)| f_test(t, self.modalities - 1.0, s.variance * self.readers / 2.0, s.degrees_of_freedom));
        self.inference(overall, single, spread)
    }

    fn fixed_readers(&self, c: &Covariances) -> Inference {
        let j = self.readers;
        let term = (c.variance - c.cov1 + (j - 1.0) * (c.cov2 - c.cov3).max(0.0)).max(0.0);
        let single = (c.by_modality.iter())
            .map(|[variance, cov2]| Spread::normal((variance + (j - 1.0) * cov2.max(0.0)) / j))
            .collect();
        let overall = self.mean_squares().modality.filter(|_| term > 1e-18).and_then(|t| {
            let df = self.modalities - 1.0;
            chi_square(df * t / term, df)
        });
        self.inference(overall, single, Some(Spread::normal(2.0 / j * term)))
    }

    fn inference(
        &self,
        overall: Option<super::inference::Overall>,
        single: Vec<Spread>,
        between: Option<Spread>,
    ) -> Inference {
        let of = if self.are_shares { Spread::estimate_of_share } else { Spread::estimate };
        let estimate = |(mean, spread): (&f64, Spread)| of(spread, *mean);
        let modalities = self.means.iter().zip(single).map(estimate).collect();
        let of = |spread: Spread| {
            let pair = |(a, b): (usize, usize)| spread.difference((a, b), self.means[b] - self.means[a]);
            pairs(self.means.len()).into_iter().map(pair).collect()
        };
        Inference { overall, modalities, differences: between.map(of).unwrap_or_default() }
    }

    fn by_reader(&self, c: &Covariances) -> Vec<Vec<Difference>> {
        let of = |r: usize| {
            (pairs(self.means.len()).into_iter().zip(&c.of_differences))
                .map(|((a, b), variances)| {
                    Spread::normal(variances[r]).difference((a, b), self.values[b][r] - self.values[a][r])
                })
                .collect()
        };
        (0..self.values[0].len()).map(of).collect()
    }
}
