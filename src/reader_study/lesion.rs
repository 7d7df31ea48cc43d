//! What tables say of a case: whether it has the finding, and the boxes around it.

use crate::evaluation::vocabulary::folded;

const YES: [&str; 7] = ["1", "yes", "true", "positive", "present", "pos", "10"];
const NO: [&str; 7] = ["0", "no", "false", "negative", "absent", "neg", "00"];

/// A box around a lesion, in pixels of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesion {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Lesion {
    /// Whether a mark lies on it, its border included.
    #[must_use]
    pub fn holds(&self, [x, y]: [f64; 2]) -> bool {
        (self.x..=self.x + self.width).contains(&x) && (self.y..=self.y + self.height).contains(&y)
    }
}

/// Yes or no, in the words of tables.
pub(super) fn answer(text: &str) -> Result<bool, String> {
    let word = folded(text);
    match () {
        () if YES.contains(&word.as_str()) => Ok(true),
        () if NO.contains(&word.as_str()) => Ok(false),
        () => Err(format!("\"{}\" is no truth: write 1 or 0", text.escape_debug())),
    }
}

/// The box in four cells; nothing where all are empty.
pub(super) fn lesion<'a>(sides: &[usize], cell: &impl Fn(usize) -> &'a str) -> Result<Option<Lesion>, String> {
    if sides.iter().all(|at| cell(*at).is_empty()) {
        return Ok(None);
    }
    let number = |at: usize| {
        let value = cell(at).parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| format!("\"{}\" is no number of a box", cell(at).escape_debug()))
    };
    let [x, y, width, height] = [number(sides[0])?, number(sides[1])?, number(sides[2])?, number(sides[3])?];
    if width <= 0.0 || height <= 0.0 {
        return Err("a box must be wider and higher than 0".into());
    }
    Ok(Some(Lesion { x, y, width, height }))
}
