//! A probability with its uncertainty on an axis from 0 to 1.
//!
//! ```text
//! ├───────────▮━━━━╋━━━━┤   0.74
//!         ·  ·· ···:·· ·
//! ```
//!
//! Mark: mean. Thick: 5–95 % of the samples. Tick: operating threshold. Dots: the samples
//! themselves, as they arrive. Grey below the threshold, accent from it on; never red or green, for
//! a probability is no alarm. Without samples the bar is plain and claims no interval. The number
//! keeps its width whatever it says.

use egui::{Align2, FontId, Rect, Response, Role, Sense, Stroke, Ui, Widget, WidgetInfo, pos2, vec2};

use crate::app::ui::theme::{self, Tokens};
use crate::engine::conformal::OUTSIDE;
use crate::language::{decimal, tr, translated};

/// Height of the widget, in points.
pub(crate) const HEIGHT: f32 = 18.0;
/// Room for the number.
const NUMBER: f32 = 40.0;

/// What the bar shows; all values are probabilities, 0–1.
pub(crate) struct ConfidenceBar<'a> {
    name: &'a str,
    value: f32,
    threshold: f32,
    interval: Option<(f32, f32)>,
    mean: Option<f32>,
    samples: Vec<f32>,
    outside: bool,
    tokens: Tokens,
}

impl<'a> ConfidenceBar<'a> {
    /// The bar of the class or group `name`.
    pub(crate) fn new(name: &'a str, value: f32, threshold: f32, tokens: Tokens) -> Self {
        Self { name, value, threshold, interval: None, mean: None, samples: Vec::new(), outside: false, tokens }
    }

    /// With the 5–95 % interval of the samples.
    #[must_use]
    pub(crate) fn interval(mut self, p05: f32, p95: f32) -> Self {
        self.interval = Some((p05, p95));
        self
    }

    /// With the mean of the samples, which stands in the words only.
    #[must_use]
    pub(crate) fn mean(mut self, mean: f32) -> Self {
        self.mean = Some(mean);
        self
    }

    /// Grey, whatever it shows: the image is outside the population that the model was measured on.
    #[must_use]
    pub(crate) fn outside(mut self, outside: bool) -> Self {
        self.outside = outside;
        self
    }

    /// With the samples as faint dots.
    #[must_use]
    pub(crate) fn samples(mut self, samples: Vec<f32>) -> Self {
        self.samples = samples;
        self
    }

    /// The bar as a sentence, for screen readers, tooltips and tests.
    pub(crate) fn words(&self) -> String {
        let mean = self.mean.map_or_else(String::new, |mean| format!(" ({})", tr!("mean {}", probability(mean))));
        let interval = self.interval.map(|(low, high)| {
            tr!("5–95 % of {} samples {range}", self.samples.len(), range = range(low, high)) + &mean
        });
        let threshold = decimal(format!("{:.2}", self.threshold));
        let side = if self.outside {
            translated(OUTSIDE).to_owned()
        } else if self.value >= self.threshold {
            tr!("at or above the threshold {}", threshold)
        } else {
            tr!("below the threshold {}", threshold)
        };
        let sentence = tr!("{name}: probability {}", probability(self.value), name = self.name);
        [Some(sentence), interval, Some(side)].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// A probability of two figures that never claims certainty: `0.74`, `<0.01`, `>0.99`.
pub(crate) fn probability(p: f32) -> String {
    if p.is_nan() {
        "–".into()
    } else if p < 0.005 {
        decimal("<0.01".into())
    } else if p >= 0.995 {
        decimal(">0.99".into())
    } else {
        decimal(format!("{p:.2}"))
    }
}

/// Two probabilities with a dash between.
pub(crate) fn range(low: f32, high: f32) -> String {
    decimal(format!("{low:.2}–{high:.2}"))
}

impl Widget for ConfidenceBar<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let width = ui.available_width().max(NUMBER + 48.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
        let words = self.words();
        response.widget_info(|| WidgetInfo::labeled(Role::Meter, ui.is_enabled(), &words));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect);
        }
        response.on_hover_text(words)
    }
}

impl ConfidenceBar<'_> {
    fn paint(&self, ui: &Ui, rect: Rect) {
        let t = &self.tokens;
        let painter = ui.painter();
        let axis = Rect::from_min_max(
            pos2(rect.left() + 2.0, rect.center().y - 1.0),
            pos2(rect.right() - NUMBER - 8.0, rect.center().y + 1.0),
        );
        let x = |p: f32| axis.left() + axis.width() * p.clamp(0.0, 1.0);
        let y = axis.center().y;
        let above = self.value >= self.threshold && !self.outside;
        let color = if above { t.accent } else { t.below };

        painter.rect_filled(axis, 1.0, t.groove);
        for end in [axis.left(), axis.right()] {
            painter.line_segment([pos2(end, y - 4.0), pos2(end, y + 4.0)], Stroke::new(1.0, t.line));
        }
        for (i, sample) in self.samples.iter().enumerate() {
            // Golden-ratio steps spread neighbours over the height without chance.
            let spread = (i as f32 * 0.618_034).fract() - 0.5;
            let dot = pos2(x(*sample), y + spread * (HEIGHT - 4.0));
            painter.circle_filled(dot, 0.9, t.text.gamma_multiply(0.3));
        }
        let tick = x(self.threshold);
        painter.line_segment([pos2(tick, rect.top()), pos2(tick, rect.bottom())], Stroke::new(1.5, t.muted));

        let mark = x(self.value);
        if let Some((low, high)) = self.interval {
            let reach = Rect::from_min_max(pos2(axis.left(), y - 1.0), pos2(mark, y + 1.0));
            painter.rect_filled(reach, 1.0, color);
            // The samples may lie beside the mark.
            let right = x(high).max(x(low) + 2.0);
            painter.rect_filled(Rect::from_min_max(pos2(x(low), y - 3.0), pos2(right, y + 3.0)), 2.0, color);
            painter.rect_filled(Rect::from_center_size(pos2(mark, y), vec2(5.0, 14.0)), 1.0, t.panel);
            painter.rect_filled(Rect::from_center_size(pos2(mark, y), vec2(3.0, 14.0)), 1.0, t.text);
        } else {
            painter.rect_filled(Rect::from_min_max(pos2(axis.left(), y - 3.0), pos2(mark, y + 3.0)), 2.0, color);
        }
        painter.text(
            pos2(rect.right(), y),
            Align2::RIGHT_CENTER,
            probability(self.value),
            FontId::new(theme::TEXT, theme::semibold()),
            if above { t.text } else { t.muted },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Theme;

    #[test]
    fn a_probability_never_reads_as_certain() {
        assert_eq!(probability(0.999), ">0.99");
        assert_eq!(probability(0.001), "<0.01");
        assert_eq!(probability(0.744), "0.74");
    }

    #[test]
    fn without_samples_no_interval_is_claimed() {
        let bar = ConfidenceBar::new("Viral pneumonia", 0.17, 0.5, theme::tokens(Theme::Dark));
        assert_eq!(bar.words(), "Viral pneumonia: probability 0.17, below the threshold 0.50");
    }

    #[test]
    fn outside_the_population_no_side_of_the_threshold_is_named() {
        let bar = ConfidenceBar::new("Pneumonia", 0.91, 0.47, theme::tokens(Theme::Dark)).outside(true);
        let words = bar.words();
        assert_eq!(words, "Pneumonia: probability 0.91, outside the population that this model was measured on");
    }

    #[test]
    fn the_words_give_probability_interval_mean_and_threshold() {
        let bar = ConfidenceBar::new("Pneumonia", 0.91, 0.47, theme::tokens(Theme::Dark))
            .interval(0.81, 0.97)
            .mean(0.88)
            .samples(vec![0.8, 0.9]);
        let words = bar.words();
        assert!(
            words.contains("0.91")
                && words.contains("(mean 0.88)")
                && words.contains("0.81–0.97")
                && words.contains("at or above the threshold 0.47")
        );
    }
}
