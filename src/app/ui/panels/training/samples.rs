//! What the network makes of a few validation images: the image with its heat map, what it says,
//! and what is true.

use std::sync::Arc;

use egui::{
    Align, ColorImage, Layout as Flow, Rect, RichText, ScrollArea, Sense, TextureOptions, Ui, UiBuilder, pos2, vec2,
};
use image::{Rgb, RgbImage};

use super::plate;
use crate::app::command::{Command, OverlayCommand, TrainingCommand};
use crate::app::state::State;
use crate::app::state::training::run::Run;
use crate::app::ui::textures::{Texture, Textures};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::explain::Evidence;
use crate::explain::scale::{Scale, on_picture};
use crate::imaging::overlay::{self, Area, OverlayStyle};
use crate::language::{decimal, text, tr};
use crate::model::manifest::Head;
use crate::training::event::ImagePreview;

/// What the image of a card is made of. Held, so that an address cannot be taken by another one.
#[derive(Clone)]
struct CardKey {
    /// The reading whose heat map is laid over it.
    reading: Arc<ImagePreview>,
    /// The reading that has the image.
    pixels: Arc<ImagePreview>,
    style: Option<OverlayStyle>,
}

impl PartialEq for CardKey {
    fn eq(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.reading, &other.reading) && Arc::ptr_eq(&self.pixels, &other.pixels);
        same && self.style == other.style
    }
}

/// Images of cards that were made already.
#[derive(Default)]
pub struct CardCache(Textures<CardKey>);

impl CardCache {
    /// At the end of every frame.
    pub fn sweep(&mut self) {
        self.0.sweep();
    }

    /// How many textures were made.
    pub fn made(&self) -> u64 {
        self.0.made()
    }
}

/// Draws the samples of one epoch, side by side.
pub fn show(ui: &mut Ui, state: &State, run: &Run, cache: &mut CardCache, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some((newest, latest)) = run.samples.last() else { return };
    let at = state.training.samples_of.and_then(|e| run.samples.iter().position(|(epoch, _)| *epoch == e));
    let at = at.unwrap_or(run.samples.len() - 1);
    let (epoch, readings) = &run.samples[at];
    let size = ui.available_size();
    plate(ui, tokens, size, |ui| {
        ui.horizontal(|ui| {
            ui.set_height(20.0);
            ui.label(theme::section(text!("SAMPLES OF VALIDATION"), tokens));
            let go = |to: usize| {
                let epoch = run.samples[to].0;
                Command::Training(TrainingCommand::ShowSamples((epoch != *newest).then_some(epoch)))
            };
            arrow(ui, Sign::Left, text!("Samples of the epoch before"), at.checked_sub(1).map(go), out);
            ui.label(theme::caption(tr!("after epoch {}", epoch), tokens));
            arrow(
                ui,
                Sign::Right,
                text!("Samples of the epoch after"),
                (at + 1 < run.samples.len()).then(|| go(at + 1)),
                out,
            );
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                controls::tick_box(ui, OverlayCommand::ToggleHeatMap, state.heat_map, tokens, out);
            });
        });
        let side = (ui.available_height() - 60.0).max(48.0);
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                for (i, reading) in readings.iter().enumerate() {
                    let pixels = latest.get(i).unwrap_or(reading);
                    let style = state.heat_map.then(|| state.overlay().clone());
                    let key = CardKey { reading: reading.clone(), pixels: pixels.clone(), style };
                    card(ui, run, key, cache, side, tokens);
                }
            });
        });
    });
}

fn arrow(ui: &mut Ui, sign: Sign, name: &str, command: Option<Command>, out: &mut Vec<Command>) {
    let button = ui.add_enabled(command.is_some(), egui::Button::new(sign.atom(None)));
    if button.accessible_name(name).on_hover_text(name).clicked() {
        out.extend(command);
    }
}

fn card(ui: &mut Ui, run: &Run, key: CardKey, cache: &mut CardCache, side: f32, tokens: &Tokens) {
    let labels = run.labels();
    let reading = key.reading.clone();
    let judged = judge(&reading, run.plan.config.head);
    let width = side.max(136.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, side + 54.0), Sense::hover());
    let ground = Rect::from_min_size(rect.min, vec2(width, side));
    ui.painter().rect_filled(ground, 3.0, tokens.image_ground);
    if let Some(texture) = texture(ui.ctx(), cache, key) {
        let [w, h] = texture.size().map(|s| s as f32);
        let scale = side / h.max(1.0);
        let place = Rect::from_center_size(ground.center(), vec2((w * scale).min(width), side));
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture.id(), place, whole, egui::Color32::WHITE);
    }
    let below = Rect::from_min_max(pos2(rect.left(), ground.bottom() + 3.0), rect.max);
    let mut text = ui.new_child(UiBuilder::new().max_rect(below).layout(Flow::top_down(Align::LEFT)));
    text.spacing_mut().item_spacing.y = 0.0;
    let says = says(&reading, &labels);
    let truth = truth(&reading, &labels);
    text.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        let (sign, color) = match judged {
            Judged::Right => (Sign::Tick, tokens.accent),
            Judged::Wrong => (Sign::Caution, tokens.warning),
            Judged::Unknown => (Sign::Blank, tokens.muted),
        };
        let (place, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
        sign.paint(ui.painter(), place, color);
        controls::elided(ui, theme::strong(judged.word(), tokens).size(theme::CAPTION));
    });
    controls::elided(&mut text, RichText::new(&says).size(theme::CAPTION).color(tokens.text));
    controls::elided(&mut text, theme::caption(tr!("labelled {}", truth), tokens));
    response.on_hover_ui(|ui| details(ui, &reading, &labels, &truth, tokens));
}

/// Every label with its probability and its truth.
fn details(ui: &mut Ui, reading: &ImagePreview, labels: &[&str], truth: &str, tokens: &Tokens) {
    ui.label(theme::strong(&reading.name, tokens));
    ui.label(theme::caption(tr!("labelled {}", truth), tokens));
    egui::Grid::new("probabilities").num_columns(3).spacing(vec2(12.0, 2.0)).show(ui, |ui| {
        for (k, label) in labels.iter().enumerate() {
            ui.label(theme::caption(*label, tokens));
            ui.label(decimal(format!("{:.2}", reading.probabilities.get(k).copied().unwrap_or(f32::NAN))));
            ui.label(theme::caption(word_of(reading.truth.get(k).copied().unwrap_or(f32::NAN)), tokens));
            ui.end_row();
        }
    });
    match &reading.heat_map {
        Some(map) if map.evidence == Evidence::NonePositive => {
            ui.label(theme::caption(text!("no positive evidence for the label it chose"), tokens));
        }
        Some(map) => {
            ui.label(theme::caption(tr!("map of a layer" => "{} of {}", map.method.name(), map.layer), tokens));
        }
        None => {
            ui.label(theme::caption(text!("no heat map could be made"), tokens));
        }
    }
}

fn word_of(truth: f32) -> &'static str {
    if truth.is_nan() {
        text!("not known")
    } else if truth > 0.5 {
        text!("present")
    } else {
        text!("absent")
    }
}

/// Whether the network is right about an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Right,
    Wrong,
    Unknown,
}

impl Judged {
    fn word(self) -> String {
        match self {
            Self::Right => tr!("as labelled" => "Right"),
            Self::Wrong => text!("Wrong").to_owned(),
            Self::Unknown => text!("Not known").to_owned(),
        }
    }
}

/// Of exclusive classes the highest one counts; of independent findings the highest one, called
/// from 0.5 on.
fn judge(reading: &ImagePreview, head: Head) -> Judged {
    let truth = reading.truth.get(reading.predicted).copied().unwrap_or(f32::NAN);
    let called = head == Head::Softmax || reading.probabilities.get(reading.predicted).is_some_and(|p| *p >= 0.5);
    let present = reading.truth.iter().any(|t| *t > 0.5);
    match (called, truth) {
        (true, t) if t.is_nan() => Judged::Unknown,
        (true, t) if t > 0.5 => Judged::Right,
        (true, _) => Judged::Wrong,
        (false, _) if present => Judged::Wrong,
        (false, _) => Judged::Right,
    }
}

fn says(reading: &ImagePreview, labels: &[&str]) -> String {
    let p = reading.probabilities.get(reading.predicted).copied().unwrap_or(f32::NAN);
    format!("{} {}", decimal(format!("{p:.2}")), labels.get(reading.predicted).copied().unwrap_or("?"))
}

fn truth(reading: &ImagePreview, labels: &[&str]) -> String {
    let present = reading.truth.iter().zip(labels).filter(|(t, _)| **t > 0.5).map(|(_, l)| *l);
    let present: Vec<&str> = present.collect();
    if present.is_empty() { text!("with nothing").to_owned() } else { present.join(", ") }
}

fn texture(ctx: &egui::Context, cache: &mut CardCache, key: CardKey) -> Option<Texture> {
    if let Some(texture) = cache.0.get(&key) {
        return Some(texture);
    }
    let plane = &key.pixels.thumbnail;
    let (w, h) = (plane.width, plane.height);
    if w == 0 || plane.values.len() != w * h {
        return None;
    }
    let grey = |x: u32, y: u32| (plane.at(x as usize, y as usize).clamp(0.0, 1.0) * 255.0).round() as u8;
    let mut image = RgbImage::from_fn(w as u32, h as u32, |x, y| Rgb([grey(x, y); 3]));
    if let (Some(style), Some(map)) = (&key.style, &key.reading.heat_map)
        && map.evidence == Evidence::Positive
    {
        let placed = on_picture(map, Scale::PerClass, Area::WHOLE, w, h);
        image = overlay::blended(&image, &overlay::compose(&placed, style));
    }
    Some(cache.0.make(ctx, key, ColorImage::from_rgb([w, h], image.as_raw()), TextureOptions::LINEAR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Plane;

    fn reading(truth: &[f32], probabilities: &[f32], predicted: usize) -> ImagePreview {
        ImagePreview {
            name: "image".into(),
            thumbnail: Plane::filled(1, 1, 0.5),
            truth: truth.to_vec(),
            probabilities: probabilities.to_vec(),
            predicted,
            heat_map: None,
        }
    }

    #[test]
    fn of_exclusive_classes_the_highest_counts_however_low_it_is() {
        let right = reading(&[0.0, 1.0, 0.0], &[0.3, 0.4, 0.3], 1);
        assert_eq!(judge(&right, Head::Softmax), Judged::Right);
        assert_eq!(judge(&reading(&[1.0, 0.0], &[0.4, 0.6], 1), Head::Softmax), Judged::Wrong);
    }

    #[test]
    fn a_finding_below_one_half_is_not_called_and_an_unknown_one_is_not_judged() {
        assert_eq!(judge(&reading(&[0.0, 0.0], &[0.4, 0.1], 0), Head::Sigmoid), Judged::Right);
        assert_eq!(judge(&reading(&[1.0, 0.0], &[0.4, 0.1], 0), Head::Sigmoid), Judged::Wrong);
        assert_eq!(judge(&reading(&[f32::NAN, 0.0], &[0.9, 0.1], 0), Head::Sigmoid), Judged::Unknown);
    }
}
