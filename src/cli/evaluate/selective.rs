//! Risk and coverage in `pellucid evaluate`: what is asked for, and the table of it.

use std::fmt::Write as _;

use crate::cli::table::{Column, interval, number, row, width};
use crate::cli::{Usage, output};
use crate::evaluation::performance::Evaluation;
use crate::evaluation::performance::selective::SignalEvaluation;
use crate::limits;
use crate::model::Model;

/// What a selective prediction goes by, and the risks that it is to keep to.
#[derive(Debug, clap::Args)]
pub(super) struct SelectiveArgs {
    /// Dropout samples of each image, for entropy and mutual information as signals of a selective
    /// prediction [default: none]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(..=limits::SAMPLES as i64))]
    samples: Option<u32>,
    /// Risks (shares of wrong calls) at which the coverage of a selective prediction is told
    #[arg(long, value_name = "RISK,RISK", value_delimiter = ',', default_value = "0.01,0.05,0.1", value_parser = risk)]
    pub coverage_at: Vec<f64>,
}

/// A text that is no risk.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write a share above 0 and below 1, such as 0.05")]
struct NoRisk;

fn risk(text: &str) -> Result<f64, NoRisk> {
    text.parse::<f64>().ok().filter(|risk| *risk > 0.0 && *risk < 1.0).ok_or(NoRisk)
}

impl SelectiveArgs {
    /// Dropout samples of each image; 0 for none.
    pub(super) fn samples(&self) -> usize {
        self.samples.map_or(0, |samples| samples as usize)
    }

    /// Refuses one sample, which has no spread, and says where the model can give none.
    pub(super) fn check(&self, model: &Model) -> Result<(), Usage> {
        match self.samples() {
            0 => {}
            1 => return Err(Usage("--samples 1 tells no uncertainty; ask for at least 2, or for none".into())),
            _ if model.network.first_stochastic().is_none() => output::remark(format!(
                "note: {} has no dropout, so there are no samples and no mutual information.",
                model.manifest.name
            )),
            _ => {}
        }
        Ok(())
    }
}

/// The table; `None` without a question. `tuned` where thresholds were chosen on other images.
pub(super) fn text(evaluation: &Evaluation, tuned: bool) -> Option<String> {
    let all = &evaluation.selective;
    let risks: Vec<f64> =
        all.first()?.signals.first().map_or(Vec::new(), |signal| signal.at_risk.iter().map(|at| at.risk).collect());
    let on =
        if tuned { "thresholds chosen on the validation images" } else { "thresholds chosen on these very images" };
    let mut text = format!(
        "Risk and coverage: only the surest calls are made, the risk is the share of wrong ones among them. Coverage at a risk: the \
         share of calls made (from which value of the signal; risk found), {on}\n"
    );
    let wide = width(all.iter().map(|question| question.name.as_str()), 8);
    let columns: Vec<Column> = [Column::Left(wide), Column::Left(19), Column::Right(19), Column::Right(19)]
        .into_iter()
        .chain(risks.iter().map(|_| Column::Right(28)))
        .collect();
    let titles = ["", "ordered by", "AURC (95 %)", "E-AURC (95 %)"].map(str::to_owned);
    let header = titles.into_iter().chain(risks.iter().map(|risk| format!("coverage at {risk}")));
    let _ = writeln!(text, "{}", row(&columns, header));
    for question in all {
        for (i, signal) in question.signals.iter().enumerate() {
            let name = if i == 0 { question.name.as_str() } else { "" };
            let _ = writeln!(text, "{}", row(&columns, cells(name, signal)));
        }
        let _ = writeln!(
            text,
            "{:wide$}  risk of all {}, {} of {} wrong; AURC with all errors last {}",
            "",
            interval(question.risk),
            question.wrong,
            question.n,
            number(Some(question.best_aurc))
        );
    }
    Some(text.trim_end().to_owned())
}

fn cells(name: &str, signal: &SignalEvaluation) -> Vec<String> {
    let side = signal.signal.side();
    let at = signal.at_risk.iter().map(|at| match at.threshold {
        Some(threshold) => format!("{} ({side} {threshold:.3}; {})", number(at.coverage.0), number(at.found.0)),
        None => "none shown".to_owned(),
    });
    let of_signal = [name.to_owned(), signal.signal.name().to_owned(), interval(signal.aurc), interval(signal.e_aurc)];
    of_signal.into_iter().chain(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risk_is_a_share() {
        assert_eq!(risk("0.05").ok(), Some(0.05));
        for wrong in ["0", "1", "-0.1", "5%", "NaN", ""] {
            assert!(risk(wrong).is_err(), "{wrong}");
        }
    }
}
