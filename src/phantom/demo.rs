//! The images of the demo, the same in the viewer and on the command line.

use super::{Lung, Opacity, OpacityKind, PhantomRecipe, Zone};

/// An image with an opacity at a known place, and a healthy one, by the names of their files.
#[must_use]
pub fn films() -> [(&'static str, PhantomRecipe); 2] {
    // What a lobar pneumonia may look like.
    let opacity = Opacity { lung: Lung::Right, zone: Zone::Upper, kind: OpacityKind::Lobar, size: 1.0, density: 0.8 };
    let sick = PhantomRecipe { opacities: vec![opacity], ..PhantomRecipe::default() };
    [("opacity", sick), ("healthy", PhantomRecipe::default())]
}
