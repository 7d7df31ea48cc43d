//! Images that need no network to be refused: empty, tiny, narrow, damaged, in colour, drawn.
//!
//! A network answers whatever it is shown; what can be counted is better counted. Each test gives
//! its own reason, in a sentence that says what was found.

use image::RgbImage;

use super::refusal::Refusal;
use crate::imaging::Plane;
use crate::imaging::chroma::{MARKERS, coloured_share};
use crate::imaging::drawn::Drawn;
use crate::imaging::stats::percentiles;

/// Shortest side that is looked at, in pixels.
const SMALLEST_SIDE: usize = 64;
/// Largest ratio of the sides.
const LONGEST_RATIO: f32 = 2.2;
/// Fewest different grey values of a radiograph or a slice.
const FEWEST_GREYS: usize = 12;
/// Largest share of even areas in a few greys. The emptiest of 5,708 slices of the brain has 0.75,
/// drawings have more.
const MOST_EVEN: f32 = 0.85;
/// Sharp steps count where at least this share of the image is even: elsewhere they are noise.
const EVEN_GROUND: f32 = 0.15;

/// What is asked of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precheck<'a> {
    /// In words: "a frontal chest radiograph".
    pub kind: &'a str,
    /// Whether images of the kind may be in colour.
    pub colour: bool,
    /// Largest share of sharp steps between even greys that images of the kind have, where it is
    /// known.
    pub steps: Option<f32>,
}

/// Why no image of the kind can look like this; `None` where a closer look is needed.
#[must_use]
pub(super) fn reason(plane: &Plane, color: Option<&RgbImage>, asked: Precheck) -> Option<Refusal> {
    let Precheck { kind, colour, steps } = asked;
    outline(plane, kind).or_else(|| {
        let ends = percentiles(plane, None, &[0.001, 0.999]).map(|ends| [ends[0], ends[1]]);
        empty(plane, ends)
            .or_else(|| color.filter(|_| !colour).and_then(|picture| hue(picture, &format!("{kind} has none"))))
            .or_else(|| greys(plane, kind))
            .or_else(|| drawn(plane, kind, steps, ends?))
    })
}

fn outline(plane: &Plane, kind: &str) -> Option<Refusal> {
    let (width, height, kind) = (plane.width, plane.height, kind.to_owned());
    if width.min(height) < SMALLEST_SIDE {
        return Some(Refusal::Small { width, height, kind, least: SMALLEST_SIDE });
    }
    let narrow = width.max(height) as f32 > LONGEST_RATIO * width.min(height) as f32;
    narrow.then_some(Refusal::Narrow { width, height, kind })
}

fn empty(plane: &Plane, ends: Option<[f32; 2]>) -> Option<Refusal> {
    if plane.values.iter().any(|v| !v.is_finite()) {
        return Some(Refusal::NoNumbers);
    }
    let first = *plane.values.first()?;
    if plane.values.iter().all(|v| *v == first) {
        return Some(Refusal::Empty);
    }
    let ends = ends?;
    (ends[0] == ends[1]).then_some(Refusal::AlmostEmpty)
}

/// An image in colour, and what is said against that.
#[must_use]
pub(super) fn hue(picture: &RgbImage, against: &str) -> Option<Refusal> {
    let share = coloured_share(picture);
    (share > MARKERS).then(|| Refusal::Colour { percent: 100.0 * share, against: against.to_owned() })
}

fn greys(plane: &Plane, kind: &str) -> Option<Refusal> {
    let mut greys: Vec<f32> = Vec::with_capacity(FEWEST_GREYS);
    for value in &plane.values {
        if !greys.contains(value) {
            greys.push(*value);
            if greys.len() >= FEWEST_GREYS {
                return None;
            }
        }
    }
    Some(Refusal::FewGreys { found: greys.len(), kind: kind.to_owned() })
}

fn drawn(plane: &Plane, kind: &str, steps: Option<f32>, ends: [f32; 2]) -> Option<Refusal> {
    let (drawn, kind) = (Drawn::between(plane, ends), kind.to_owned());
    if drawn.of_few_greys >= MOST_EVEN {
        return Some(Refusal::Drawn { percent: 100.0 * drawn.of_few_greys, kind });
    }
    let page = drawn.even >= EVEN_GROUND && steps.is_some_and(|most| drawn.steps > most);
    page.then_some(Refusal::Page { kind })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const ASKED: Precheck = Precheck { kind: "a radiograph", colour: false, steps: Some(0.01) };

    fn ramp(width: usize, height: usize) -> Plane {
        Plane { width, height, values: (0..width * height).map(|v| v as f32).collect() }
    }

    fn why(plane: &Plane) -> String {
        reason(plane, None, ASKED).map(|refusal| refusal.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_empty_image_is_refused_in_its_own_words() {
        for value in [0.0, 7.0] {
            assert!(why(&Plane::filled(100, 100, value)).contains("every pixel has the same value"));
        }
        let mut specks = Plane::filled(200, 200, 7.0);
        (0..30).for_each(|i| specks.values[i * 97] = i as f32);
        assert!(why(&specks).contains("but for a few"), "{}", why(&specks));
    }

    #[test]
    fn few_greys_small_narrow_and_damaged_images_are_refused() {
        let mut two = ramp(100, 100);
        two.values.iter_mut().for_each(|v| *v = (*v as usize % 2) as f32);
        assert!(why(&two).contains("only 2 different"));
        assert!(why(&ramp(40, 300)).contains("40 × 300"));
        assert!(why(&ramp(100, 300)).contains("narrow"));
        let mut damaged = ramp(100, 100);
        damaged.values[9] = f32::NAN;
        assert!(why(&damaged).contains("not numbers"));
        assert_eq!(why(&ramp(100, 100)), "");
    }

    #[test]
    fn a_picture_in_colour_is_refused_and_a_coloured_mark_is_not() {
        let marked = |side: u32| {
            RgbImage::from_fn(100, 100, move |x, y| Rgb(if x < side && y < side { [200, 30, 30] } else { [90; 3] }))
        };
        let said = |side: u32, asked: Precheck| reason(&ramp(100, 100), Some(&marked(side)), asked);
        let reason = said(70, ASKED).unwrap().to_string();
        assert!(
            reason.starts_with("The image is in colour: 49 % of its pixels have a hue, and a radiograph has none.")
        );
        assert_eq!(said(15, ASKED), None, "a mark");
        assert_eq!(said(70, Precheck { colour: true, ..ASKED }), None, "a kind of image that may be in colour");
    }

    /// Lines of small boxes on even paper.
    fn page(paper: f32) -> Plane {
        let ink = |x: usize, y: usize| y % 14 < 8 && (x * 7 + y / 14 * 13) % 9 < 4;
        let shade = |x: usize, y: usize| ((x + y) % 23) as f32 / 10.0;
        let value = |x: usize, y: usize| if ink(x, y) { 255.0 - paper + shade(x, y) } else { paper };
        Plane { width: 300, height: 400, values: (0..120_000).map(|i| value(i % 300, i / 300)).collect() }
    }

    #[test]
    fn a_page_of_letters_is_refused_in_black_and_in_white() {
        for paper in [0.0, 255.0] {
            assert!(why(&page(paper)).contains("page or a screenshot"), "{}", why(&page(paper)));
        }
        assert_eq!(
            reason(&page(255.0), None, Precheck { steps: None, ..ASKED }),
            None,
            "a kind whose steps are not known"
        );
    }

    #[test]
    fn a_chart_is_drawn() {
        let bar = |x: usize, y: usize| y > 60 + 11 * (x / 20 % 13);
        let value = |x: usize, y: usize| {
            if bar(x, y) {
                80.0
            } else if y < 3 {
                (x % 40) as f32
            } else {
                255.0
            }
        };
        let chart = Plane { width: 240, height: 240, values: (0..57_600).map(|i| value(i % 240, i / 240)).collect() };
        assert!(why(&chart).contains("drawn or almost empty"), "{}", why(&chart));
    }
}
