//! A record for people.

use std::fmt::Write as _;

use super::{Additivity, MapRecord, Record, ScoreRow, Stability};
use crate::cli::table::width;
use crate::engine::conformal::{Conformal, OUTSIDE};
use crate::engine::model_selection::choice::Opinion;
use crate::printable::printable;

impl Record<'_> {
    /// A heading, the gate, a line for each group and label, the uncertainty, the maps, the
    /// warnings.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{}\n", printable(&self.image));
        let outside = self.outside();
        self.verdicts(&mut text, outside);
        let wide = width(self.predictions.iter().chain(&self.groups).map(|row| row.label), 0);
        for row in self.groups.iter().chain(&self.predictions) {
            self.score(&mut text, row, wide, outside.is_some());
        }
        if let Some(posterior) = self.analyzed.outcome.as_ref().and_then(|(_, analysis)| analysis.posterior.as_ref()) {
            let of = posterior.source.samples();
            let _ = writeln!(text, "  {}; {} {of}, seed {}", posterior.entropy_in_words(), self.samples, self.seed);
        }
        for at in &self.prevalence {
            let ground = at.ground().map_or_else(String::new, |g| format!(" {g}"));
            let _ = writeln!(text, "  {}{ground}", at.in_words());
        }
        let states = self.conformal.as_ref().filter(|c| !c.withheld()).map(Conformal::in_words);
        let words = states.or_else(|| Some(format!("No conformal states. {}", self.no_states.as_ref()?)));
        words.iter().for_each(|words| {
            let _ = writeln!(text, "  {words}");
        });
        self.maps.iter().for_each(|record| map(&mut text, record));
        if let Some(similar) = &self.similar {
            similar.write(&mut text);
        }
        for warning in self.warnings.iter().filter(|w| outside != Some(**w)) {
            let _ = writeln!(text, "  Note: {}", printable(warning));
        }
        text.trim_end().to_owned()
    }

    /// The model, and whether it may judge the image.
    fn verdicts(&self, text: &mut String, outside: Option<&str>) {
        if self.model.is_none() && self.analyzed.frame.scorable().is_err() {
            let _ = writeln!(text, "  Refused. {}", self.gate.reason);
        } else if self.model.is_none() {
            let _ = writeln!(
                text,
                "  No model fits the image; choose one by hand (--model) to see its result marked as unfit."
            );
            for Opinion { model, reason, .. } in self.gates {
                let _ = writeln!(text, "    {model}: {reason}");
            }
        } else {
            let _ = writeln!(text, "  Model {}", printable(self.chosen_because));
        }
        if let Some(reason) = outside {
            let _ = writeln!(text, "  States are withheld: {OUTSIDE}. {reason}");
        }
        let _ = match self.gate.score {
            _ if self.model.is_none() => Ok(()),
            Some(score) => {
                let verdict = if self.gate.accepted { "accepted" } else { "refused" };
                writeln!(text, "  Input gate: {verdict} ({score:.2}). {}", self.gate.reason)
            }
            None if !self.gate.accepted => writeln!(text, "  Refused. {}", self.gate.reason),
            None => writeln!(text, "  Input gate: none"),
        };
        if let Some(original) = &self.copy_of {
            let _ = writeln!(text, "  A copy of {}, byte for byte", printable(original));
        }
    }

    fn score(&self, text: &mut String, row: &ScoreRow<'_>, wide: usize, outside: bool) {
        let _ = write!(text, "  {:wide$}  {:.3}", row.label, row.probability);
        let side = if row.probability >= row.threshold { "at or above" } else { "below" };
        if !outside {
            let _ = write!(text, "  ({side} its threshold {:.2})", row.threshold);
        }
        if let Some(state) = self.conformal.as_ref().and_then(|c| Some(c.state_in_words(c.state(row.label)?))) {
            let _ = write!(text, "  {state}");
        } else if outside {
            let _ = write!(text, "  {OUTSIDE}");
        }
        if let (Some(mean), Some(sd), Some(low), Some(high)) = (row.mean, row.sd, row.p05, row.p95) {
            let _ = write!(text, "  [samples: mean {mean:.3} ± {sd:.3}, 5–95 % {low:.3}–{high:.3}]");
        }
        let _ = writeln!(text);
    }
}

fn map(text: &mut String, map: &MapRecord<'_>) {
    let (label, layer) = (&map.label, map.layer);
    let _ = if map.evidence {
        writeln!(
            text,
            "  Map of {label} ({} at {layer}, {} × {}): {:.4} to {:.4}, highest in column {}, row {}",
            map.method,
            map.width,
            map.height,
            map.minimum,
            map.maximum,
            map.peak[0] + 1,
            map.peak[1] + 1
        )
    } else {
        writeln!(text, "  Map of {label} ({} at {layer}): no positive evidence for this class", map.method)
    };
    if let Some(shares) = &map.lungs {
        let _ = writeln!(text, "    Evidence: {}", shares.in_words());
        shares.caution().iter().for_each(|caution| {
            let _ = writeln!(text, "    {caution}");
        });
    }
    if let Some(regions) = &map.regions {
        let mut values: Vec<(&str, f64)> = regions.iter().map(|(name, value)| (*name, *value)).collect();
        values.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let words: Vec<String> = values.iter().map(|(name, value)| format!("{name} {value:+.3}")).collect();
        let _ = writeln!(text, "    By region: {}", words.join(", "));
    }
    if map.evaluations > 0 {
        let seed = map.seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
        let _ = writeln!(text, "    {} runs of the network{seed}", map.evaluations);
    }
    if let Some(Additivity { expected, found, residual }) = map.additivity {
        let _ = writeln!(text, "    Adds up to {found:.4} of {expected:.4}; residual {residual:.4}");
    }
    if let Some(Stability { samples, mean: Some(mean), .. }) = map.stability {
        let _ = writeln!(text, "    Stability {mean:.2} of 1 over {samples} dropout samples");
    }
}
