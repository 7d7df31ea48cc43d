//! How much of the evidence of the shown map lies in the lungs, and the switch of their outline.
//!
//! Where the segmenter refused, and the model is one for the chest, its reason stands in their place;
//! else where it is not known where the lungs lie nothing is said.

use std::sync::Arc;

use egui::{Align2, FontId, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::command::{Command, OverlayCommand};
use crate::app::state::session::Section;
use crate::app::state::{Content, Phase, State};
use crate::app::ui::made::Made;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::{controls, section};
use crate::engine::lungs::{LungSearch, Lungs};
use crate::explain::Attribution;
use crate::explain::evidence_shares::EvidenceShares;
use crate::language::{self, decimal, digits, said, text, tr, translated};
use crate::wording::lung_source;

/// Height of a line of numbers.
const LINE: f32 = 16.0;

/// A map and the lungs that it is measured on, told apart by where they are: held, so that the place
/// cannot be taken by others.
#[derive(Clone)]
struct SharesKey(Arc<Attribution>, Arc<Lungs>);

impl PartialEq for SharesKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) && Arc::ptr_eq(&self.1, &other.1)
    }
}

/// Shares that were measured already.
#[derive(Default)]
pub struct SharesCache(Made<SharesKey, Option<EvidenceShares>>);

impl SharesCache {
    /// At the end of every frame.
    pub(in crate::app::ui) fn sweep(&mut self) {
        self.0.sweep();
    }

    fn of(&mut self, state: &State) -> Option<EvidenceShares> {
        let lungs = state.lungs.found()?;
        let Some(Content::Map(subject, method)) = state.panes().get(state.pointed()).copied() else { return None };
        let (map, model) = (state.map(subject, method)?, state.model_info()?);
        let key = SharesKey(map.clone(), lungs.clone());
        self.0.get(&key).unwrap_or_else(|| {
            let shares = EvidenceShares::of(map, &model.manifest.input, &lungs.fields);
            self.0.put(key, shares);
            shares
        })
    }
}

/// The switch, and the shares of the map in hand.
pub fn show(ui: &mut Ui, state: &State, cache: &mut SharesCache) -> Vec<Command> {
    let mut out = Vec::new();
    let tokens = theme::tokens(state.preferences.theme);
    let known = match &state.lungs {
        LungSearch::Found(known) => known,
        // Of an image that is refused as a whole one reason is enough.
        LungSearch::Refused(reason) if reads_chests(state) && state.results.phase != Phase::Refused => {
            if section::heading(ui, state, Section::Lungs, &tokens, &mut out, |_, _| {}) {
                paragraph(ui, &said(reason), &tokens);
            }
            return out;
        }
        LungSearch::Refused(_) | LungSearch::NotLookedFor | LungSearch::Awaited => return out,
    };
    let open = section::heading(ui, state, Section::Lungs, &tokens, &mut out, |ui, out| {
        controls::tick_box(ui, OverlayCommand::ToggleLungs, state.preferences.lung_outline, &tokens, out);
    });
    if !open {
        return out;
    }
    let Some(shares) = cache.of(state) else { return out };
    let EvidenceShares { evidence: e, area, .. } = &shares;
    let two = |value: f64| decimal(format!("{value:.2}"));
    let hint = tr!(
        "Of the map's positive evidence. An even map would have {} in the lungs, {} between them, {} at the border, {} \
         elsewhere. Lung fields: {}",
        two(area.inside),
        two(area.between),
        two(area.border),
        two(area.elsewhere),
        lung_source::in_words(&known.source)
    );
    let peak = shares.peak_in_words();
    let lines = [
        (text!("Evidence in the lungs"), tr!("{} (area {})", two(e.inside), two(area.inside))),
        (text!("right, left"), listed(&[e.right, e.left])),
        (text!("between, border, elsewhere"), listed(&[e.between, e.border, e.elsewhere])),
        (text!("highest"), translated(&peak).to_owned()),
    ];
    for (name, value) in lines {
        line(ui, name, &value, &hint, &tokens);
    }
    if let Some(caution) = shares.caution() {
        message(ui, Sign::Caution, translated(caution), &tokens);
    }
    out
}

/// Shares one behind the other.
fn listed(shares: &[f64]) -> String {
    language::listed(&shares.iter().map(|share| digits(*share, 2)).collect::<Vec<_>>())
}

/// Whether the model at work is one for chest radiographs.
fn reads_chests(state: &State) -> bool {
    state.model_info().is_some_and(|model| model.manifest.fits.body_parts.iter().any(|part| part == "CHEST"))
}

/// A name on the left, its numbers on the right.
fn line(ui: &mut Ui, name: &str, value: &str, hint: &str, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    let font = FontId::proportional(theme::TEXT);
    ui.painter().text(pos2(rect.left(), rect.center().y), Align2::LEFT_CENTER, name, font.clone(), tokens.muted);
    ui.painter().text(pos2(rect.right(), rect.center().y), Align2::RIGHT_CENTER, value, font, tokens.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
    response.on_hover_text(hint);
}
