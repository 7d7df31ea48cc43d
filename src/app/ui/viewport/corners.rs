//! Words in the corners of a view: who, what, window, zoom. A length carries where its millimetres
//! come from.

use std::sync::Arc;

use egui::{Align2, Painter, Rect, Vec2, pos2, vec2};

use super::pen::Pen;
use super::placement::Placement;
use super::stability_words;
use crate::app::state::display_options::Stability;
use crate::app::state::hanging::{ChangePart, says_nothing};
use crate::app::state::{Content, Layout, PaneIndex, State};
use crate::app::ui::numbers;
use crate::app::ui::theme;
use crate::app::ui::widgets::confidence_bar::probability;
use crate::engine::conformal::OUTSIDE;
use crate::explain::{Attribution, Method, Subject};
use crate::fonts::{attribute, lacking, system};
use crate::language::{decimal, dicom_date, named, said, text, tr, translated};
use crate::study::{Frame, Metadata, readable_name};
use crate::wording::residual;

/// Stands under every map.
const NOT_AN_OUTLINE: &str = named!("what moved the score, not the outline of a lesion");
pub(super) const MARGIN: f32 = 8.0;
/// Width of the colour bar with its numbers.
const COLOR_BAR: f32 = 40.0;
/// The same where there is little room.
const IN_SHORT: [&str; 2] = [named!("not the outline"), named!("of a lesion")];
const OUTSIDE_IN_SHORT: [&str; 2] = [named!("outside the"), named!("population")];
/// A view narrower than this has little room.
const NARROW: f32 = 300.0;
/// A view lower than this gets its title only, and that the image is outside the population.
const LOW: f32 = 200.0;

/// One line on what a view shows.
pub(crate) fn title(state: &State, content: Content) -> String {
    match content {
        Content::Image => text!("original").to_owned(),
        Content::Map(subject, method) => match state.subject_name(subject).as_str() {
            "" => method.name().to_owned(),
            name => format!("{name} · {}", method.name()),
        },
        Content::Difference(a, b) => format!("{} − {}", state.label(a), state.label(b)),
        Content::Changed(..) if state.changed_answer().is_none() => text!("not changed").to_owned(),
        Content::Changed(subject, method) => {
            tr!("changed image · {}", title(state, Content::Map(subject, method)))
        }
    }
}

/// The map that the controls are about, in few words.
pub(crate) fn title_of_map(state: &State) -> String {
    state.panes().get(state.pointed()).map_or_else(String::new, |content| title(state, *content))
}

/// What the words in the corners take.
pub(crate) struct Corners {
    /// The room of the words at the upper left, from the view's corner on.
    pub upper_left: Vec2,
    /// The width of the scale bar with its words, from the margin on.
    pub scale: f32,
    /// Every place with words.
    pub taken: Vec<Rect>,
}

/// Writes the corners of a view.
pub(crate) fn paint(
    painter: &Painter,
    state: &State,
    frame: &Frame,
    pane: PaneIndex,
    content: Content,
    placement: &Placement,
    rect: Rect,
) -> Corners {
    let mut room = rect.shrink(MARGIN);
    if state.layout == Layout::Compare && pane == 2 {
        // Below the switch between the two differences.
        room.min.y += 26.0;
    }
    let pen_of = |room: Rect| Pen::new(painter, theme::tokens(state.preferences.theme), room);
    let pen = pen_of(room);
    let first = state.speaks_for_all(pane);
    let roomy = rect.height() >= LOW;
    let mut above = Vec::new();
    if first && roomy {
        if state.shows_words_of_file() {
            let (meta, title) = (&frame.entry.meta, &frame.entry.title);
            above.extend(who(meta, state.preferences.anonymize, title_of_file(state.layout, meta, title)));
        }
        if state.result_hidden() && state.reading.is_none() {
            above.push(text!("read first: the model's result is hidden").to_owned());
        }
    }
    if content != Content::Image || !first {
        above.extend(about(state, content, &pen));
    } else if state.layout == Layout::MethodGrid && !state.result_hidden() {
        above.push(tr!("methods for {}", state.subject_name(state.subject())));
        above.push(text!("each on a scale of its own").to_owned());
    }
    let key_image = first && state.is_key_frame(frame);
    if key_image {
        // Room for the star.
        above.push(format!("     {}", text!("key image")));
    }
    let words = pen.column(Align2::LEFT_TOP, &above);
    if key_image {
        pen.star(above.len() - 1);
    }
    let upper_left = room.min - rect.min + words;
    let mut taken = vec![Rect::from_min_size(room.min, words)];
    let mark = side_mark(state, frame);
    if roomy && !mark.is_empty() {
        taken.push(pen.marker(mark));
    }
    if matches!(content, Content::Changed(..)) && state.changed_answer().is_some() {
        // Above the strip that marks it.
        room.max.y -= super::what_if::STRIP;
    }
    let pen = Pen::new(painter, theme::tokens(state.preferences.theme), room);
    let mut below = Vec::new();
    let narrow = rect.width() < NARROW;
    // Of views that go together and have little room, the first one says it for all.
    if roomy && (first || !narrow || !state.preferences.linked) {
        below.extend(place_words(state, frame));
        below.extend(grey_words(state, pane, frame, placement, painter.ctx().pixels_per_point()));
    }
    let scale = if roomy { pen.scale_bar(state.spacing(frame), placement) } else { Vec2::ZERO };
    let bar = scale.y;
    if content != Content::Image && state.heat_map && state.has_maps(content) {
        let pen = pen_of(room.with_max_x(room.right() - COLOR_BAR));
        if roomy {
            below.splice(0..0, pen.shortest(translated(NOT_AN_OUTLINE), IN_SHORT.map(translated)));
        }
        // However little room there is: the findings say it of the active image alone.
        if state.outside().is_some() {
            below.splice(0..0, pen.shortest(translated(OUTSIDE), OUTSIDE_IN_SHORT.map(translated)));
        }
    }
    // Beside the bar of the colours, not under its numbers.
    let beside = if content != Content::Image && state.heat_map && state.has_maps(content) { COLOR_BAR } else { 0.0 };
    let pen = pen_of(room.with_max_x(room.right() - beside));
    let words = pen.raised(bar).column(Align2::LEFT_BOTTOM, &below);
    let corner = room.left_bottom();
    taken.push(Rect::from_min_max(corner - vec2(0.0, words.y + bar), corner + vec2(words.x, -bar)));
    if bar > 0.0 {
        taken.push(Rect::from_min_max(corner - vec2(0.0, bar + 4.0), corner + vec2(scale.x, 0.0)));
    }
    if state.layout == Layout::Compare && pane == 2 {
        // The switch between the two differences.
        taken.push(Rect::from_min_max(rect.min, pos2(rect.right(), room.top())));
    }
    Corners { upper_left, scale: scale.x, taken }
}

/// The name of the file, where the line above a place does not say it already.
fn title_of_file<'f>(layout: Layout, meta: &Metadata, title: &'f str) -> &'f str {
    if layout == Layout::Hanging && says_nothing(meta) { "" } else { title }
}

/// Patient and study, or that it is left out.
fn who(meta: &Metadata, anonymize: bool, title: &str) -> Vec<String> {
    if anonymize {
        return vec![text!("anonymised").to_owned(), words(&[&meta.modality, &meta.body_part, &meta.view_position])];
    }
    let name = readable_name(&meta.patient_name);
    let id = if meta.patient_id == name { "" } else { &meta.patient_id };
    let mut patient = words(&[&name, id]);
    if patient.is_empty() {
        patient = attribute(title);
    }
    let age = meta.age.trim_start_matches('0');
    // Before the fonts are listed nothing is known of them.
    let unreadable = if system::is_ready() { said(&lacking(&name).unwrap_or_default()) } else { String::new() };
    let lines = [
        patient,
        unreadable,
        words(&[&meta.sex, age]),
        words(&[&meta.modality, &meta.study_description, &meta.view_position, &dicom_date(&meta.study_date)]),
    ];
    lines.into_iter().filter(|l| !l.is_empty()).collect()
}

/// Subject, method, place, score, and what the map cost and adds up to.
fn about(state: &State, content: Content, pen: &Pen<'_>) -> Vec<String> {
    let (subject, method) = match content {
        Content::Image => return vec![text!("original").to_owned()],
        Content::Difference(..) => {
            let name = state.method.name();
            return vec![
                text!("A − B: difference of the maps").to_owned(),
                tr!("{name} of A minus {name} of B", name),
                text!("where A's map is the stronger").to_owned(),
            ];
        }
        Content::Changed(subject, method) => {
            return vec![title(state, content), state.what_if.changed.in_words(), change_of(state, subject, method)];
        }
        Content::Map(subject, method) => (subject, method),
    };
    let mut lines = match subject {
        Subject::Difference(..) => {
            vec![text!("A − B: map of the difference").to_owned(), tr!("{} of A's score minus B's", method.name())]
        }
        Subject::One(_) if state.layout == Layout::MethodGrid || state.subject_name(subject).is_empty() => {
            vec![method.name().to_owned()]
        }
        Subject::One(_) => {
            let name = format!("{}{}", letter(state, subject), state.subject_name(subject));
            let whole = format!("{name} · {}", method.name());
            // A long name takes a line of its own, so that the method is not cut off.
            if pen.fits(&whole) { vec![whole] } else { vec![name, method.name().to_owned()] }
        }
    };
    match state.part_in_change() {
        Some(ChangePart::Now) => lines.push(text!("for the change of the score").to_owned()),
        Some(ChangePart::Before) => lines.push(text!("against the change of the score").to_owned()),
        None => {}
    }
    if let Some(map) = state.map(subject, method) {
        lines.push(facts(map));
        if let Some(sum) = map.residual {
            lines.push(residual::in_words(sum));
        }
    }
    if let Some(measured) = state.shown_stability(content) {
        lines.push(stability_words::share(measured));
        if state.display.stability == Stability::Deviation {
            lines.push(stability_words::deviation(measured));
        }
    }
    lines
}

/// What the change made of the score of a subject, and what its map is.
fn change_of(state: &State, subject: Subject, method: Method) -> String {
    let name = state.subject_name(subject);
    let change = state.changed_answer().and_then(|answer| answer.found.changes.iter().find(|one| one.label == name));
    let score = change.map(|one| format!("{} → {}", probability(one.before), probability(one.after)));
    // While the hand moves scores alone follow it.
    let is_older = state.changed_answer().is_some_and(|answer| answer.drawn.1 == 0);
    let words =
        |map: &Arc<Attribution>| if is_older { text!("map of before this stroke").to_owned() } else { facts(map) };
    let map = state.changed_map(Content::Changed(subject, method)).map(words);
    score.into_iter().chain(map).collect::<Vec<_>>().join(" · ")
}

/// The letter of a class in comparison.
fn letter(state: &State, subject: Subject) -> &'static str {
    match (state.layout, state.compared()) {
        (Layout::Compare, (a, _)) if subject == Subject::class(a) => "A  ",
        (Layout::Compare, (_, b)) if subject == Subject::class(b) => "B  ",
        _ => "",
    }
}

/// Where a map belongs, the score that it explains, and what it took.
fn facts(map: &Attribution) -> String {
    let place = if map.method.has_layer() { tr!("layer {}", map.layer) } else { text!("pixels").to_owned() };
    let score = if map.class().is_some() { text!("logit") } else { text!("score") };
    let runs = match map.evaluations {
        0 => String::new(),
        runs => format!(" · {}", tr!("1 run" | "{n} runs" % runs)),
    };
    format!("{place} · {score} {}{runs}", signed(map.logit))
}

/// The side of the patient that the image carries; in a study without the view, which is a word of the
/// file.
pub(super) fn side_mark<'a>(state: &State, frame: &'a Frame) -> &'a str {
    let mark = frame.display.side_mark.as_str();
    if state.shows_words_of_file() {
        return mark;
    }
    let side = mark.split(' ').next().unwrap_or_default();
    if ["L", "R", "B"].contains(&side) { side } else { "" }
}

/// Where the image lies, and its place in the stack: in a study neither, as cases stand there in the
/// order of their files.
pub(super) fn place_words(state: &State, frame: &Frame) -> Vec<String> {
    if !state.shows_words_of_file() {
        return Vec::new();
    }
    let slice = frame.display.slice.as_ref().map(|slice| said(&slice.words()));
    let place = state.drawn_position().filter(|position| position.of > 1).map(|position| position.words());
    slice.into_iter().chain(place).collect()
}

/// How the view shows the image, window, zoom and the mark of lossy compression.
fn grey_words(state: &State, pane: PaneIndex, frame: &Frame, placement: &Placement, ppp: f32) -> Vec<String> {
    let view = state.view(pane);
    // A window is known by its numbers alone here: "NORMAL" on a radiograph reads like a finding.
    let window = match state.voi_words(pane).filter(|_| view.table.is_some()) {
        Some(name) => attribute(&name),
        None => numbers::window(view.window),
    };
    let mut lines = Vec::new();
    if !frame.entry.meta.lossy.is_empty() {
        let how = &frame.entry.meta.lossy;
        lines.push(match how.starts_with("lossy") {
            _ if !state.shows_words_of_file() => text!("compressed with loss").to_owned(),
            true => how.clone(),
            false => tr!("lossy {how}", how),
        });
    }
    lines.extend(state.display_marks(pane).iter().map(|mark| attribute(mark)));
    lines.push(format!("{window}   × {}", decimal(format!("{:.2}", placement.scale[0] * ppp))));
    lines
}

fn words(parts: &[&str]) -> String {
    parts.iter().map(|p| attribute(p.trim())).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("  ")
}

/// With its sign, and a true minus.
fn signed(value: f32) -> String {
    decimal(format!("{}{:.2}", if value < 0.0 { "−" } else { "+" }, value.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ui::lettering;
    use crate::fonts;

    #[test]
    fn anonymised_corners_hold_no_name_number_or_date() {
        let meta = Metadata {
            patient_name: "DOE^JANE".into(),
            patient_id: "4711".into(),
            study_date: "20261120".into(),
            modality: "DX".into(),
            ..Metadata::default()
        };
        let lines = who(&meta, true, "jane.dcm").join(" ");
        assert!(lines.contains("DX"));
        assert!(["DOE", "4711", "2026", "jane"].iter().all(|secret| !lines.contains(secret)));
    }

    #[test]
    fn a_name_from_right_to_left_leaves_number_and_date_as_they_are() {
        let meta = Metadata {
            patient_name: "محمد^علي".into(),
            patient_id: "4711-12".into(),
            modality: "DX".into(),
            study_description: "צילום חזה".into(),
            study_date: "20261120".into(),
            ..Metadata::default()
        };
        let drawn = |text: &String| lettering::line(text, egui::FontId::default(), egui::Color32::WHITE).text;
        let lines = fonts::system::with(fonts::SystemFonts::none(), || who(&meta, false, "a.dcm"));
        assert_eq!(drawn(&lines[0]), "علي محمد  4711-12");
        assert!(lines[1].starts_with("no installed font has 6 of the characters: U+062D"), "{}", lines[1]);
        assert_eq!(drawn(lines.last().unwrap()), "DX  חזה צילום  2026-11-20");
        let endless = Metadata { patient_name: "Doe".repeat(400_000), ..meta };
        let lines = who(&endless, false, "a.dcm");
        assert!(lines[0].len() < 600 && lines[0].contains("(cut, 1200000 characters)"), "{}", lines[0]);
    }

    #[test]
    fn the_name_of_a_file_that_says_nothing_stands_in_the_line_of_its_place_alone() {
        let silent = Metadata { transfer_syntax: "PNG".into(), ..Metadata::default() };
        let says = |layout, meta: &Metadata| who(meta, false, title_of_file(layout, meta, "a.png")).join(" ");
        assert_eq!((says(Layout::Hanging, &silent), says(Layout::Single, &silent)), (String::new(), "a.png".into()));
        let kind = Metadata { modality: "DX".into(), ..silent };
        assert!(says(Layout::Hanging, &kind).contains("a.png"), "the line has the kind, and no name");
    }

    #[test]
    fn logits_carry_their_sign() {
        assert_eq!((signed(2.314), signed(-0.5)), ("+2.31".into(), "−0.50".into()));
    }
}
