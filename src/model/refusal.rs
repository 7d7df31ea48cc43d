//! Why the input gate refuses an image: what was found, and the sentence for it.
//!
//! A verdict keeps the English sentence, which is what files hold; pages and screen know it again by
//! its form, and say it in their language.

/// Why an image is refused. `kind` is what the gate asks for, in words: "a frontal chest radiograph".
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("The image is only {width} × {height} pixels; {kind} needs at least {least} on each side.")]
    Small { width: usize, height: usize, kind: String, least: usize },
    #[error("The image is {width} × {height} pixels; {kind} is never so narrow.")]
    Narrow { width: usize, height: usize, kind: String },
    #[error("The image holds values that are not numbers.")]
    NoNumbers,
    #[error("The image is empty: every pixel has the same value.")]
    Empty,
    #[error("The image is empty: but for a few, all pixels have the same value.")]
    AlmostEmpty,
    #[error(
        "The image is in colour: {percent:.0} % of its pixels have a hue, and {against}. If only a scan has tinted it, save it in \
         grey and open it again."
    )]
    Colour { percent: f32, against: String },
    #[error("The image has only {found} different grey values; {kind} has hundreds.")]
    FewGreys { found: usize, kind: String },
    #[error(
        "The image is drawn or almost empty: {percent:.0} % of it are even areas of a few greys; {kind} has shades."
    )]
    Drawn { percent: f32, kind: String },
    #[error(
        "The image looks like a page or a screenshot: sharp steps between even areas, as of letters and windows; {kind} is soft."
    )]
    Page { kind: String },
    #[error(
        "This resembles {kind} that lies on its side or stands on its head; turn the file upright and open it again."
    )]
    Turned { kind: String },
    #[error("This resembles {kind} whose greys are inverted; correct the file's polarity and open it again.")]
    Inverted { kind: String },
    #[error("This does not resemble {kind}.")]
    Other { kind: String },
    #[error("This has traits of {kind}, but is unlike those that the gate has learnt from.")]
    Unfamiliar { kind: String },
}
