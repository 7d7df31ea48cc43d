//! The card of an imported model: where the weights come from, how images are shown to them, and
//! what is not known.

use std::fmt::Write as _;

use super::published::Published;
use crate::model::manifest::{Head, Manifest};
use crate::network::architecture::Family;

/// What the card tells beside the manifest.
pub(super) struct Facts<'a> {
    /// Name of the file, without its folder.
    pub file: &'a str,
    pub format: &'a str,
    pub keras: bool,
    /// How images are prepared, in words.
    pub preparation: &'a str,
    /// Tensors that were read.
    pub tensors: usize,
    /// Tensors of the file that the network does not have.
    pub left_out: usize,
    /// Outputs without a name, left out.
    pub hidden: usize,
    /// Three equal channels were folded into one.
    pub folded: bool,
    /// The file had operating points, or they are published beside it.
    pub operating_points: bool,
    pub published: Option<&'a Published>,
    pub trained_dropout: f32,
    pub uncalled: &'a [String],
    /// Sentences on how the file was read.
    pub remarks: &'a [String],
}

/// The card as Markdown.
#[must_use]
pub(super) fn write(manifest: &Manifest, facts: &Facts<'_>) -> String {
    let Manifest { name, architecture, labels, limits, .. } = manifest;
    let mut card = format!("# {name}\n\n{}\n\n## Where the weights come from\n\n", manifest.description);
    if let Some(published) = facts.published {
        let _ = writeln!(card, "{}\nLicence: {}.\n", published.words(), manifest.licence);
    }
    let matched = facts.tensors;
    let network = match architecture.family {
        Family::Graph => "a network that the file lays out itself".to_owned(),
        family => family.to_string(),
    };
    let _ = writeln!(
        card,
        "Imported by Pellucid {} on {} from `{}` ({}): {matched} tensors of {network}.",
        crate::VERSION,
        manifest.training.date,
        facts.file,
        facts.format
    );
    for remark in facts.remarks {
        let _ = writeln!(card, "{remark}");
    }
    if facts.left_out > 0 {
        let _ = writeln!(card, "{} tensors of the file were left out as the user asked.", facts.left_out);
    }
    if !facts.uncalled.is_empty() {
        let _ = writeln!(
            card,
            "The file names Python classes that were read as data and not run: {}.",
            facts.uncalled.join(", ")
        );
    }
    if facts.keras {
        card.push_str("The layout of its kernels was changed from Keras's to PyTorch's; the numbers are the same.\n");
    }
    card.push_str("\n## What it sees\n\n");
    let _ = writeln!(card, "{}", facts.preparation);
    card.push_str(match (facts.folded, manifest.input.channels) {
        (true, _) => {
            "Its three input channels would see the same values, so they were folded into one, which is exact.\n"
        }
        (false, 3) => "The grey image is shown to its three input channels, each with its own mean and deviation.\n",
        _ => "Its stem takes one grey channel.\n",
    });
    card.push_str("\n## What it says\n\n");
    let kind = match manifest.head {
        Head::Softmax => "One of these classes",
        Head::Sigmoid => "Each finding on its own",
    };
    let names: Vec<&str> = labels.iter().map(|l| l.name.as_str()).collect();
    let _ = writeln!(card, "{kind}: {}.", names.join(", "));
    if facts.hidden > 0 {
        let _ = writeln!(
            card,
            "{} outputs without a name were left out; the others are not changed by that.",
            facts.hidden
        );
    }
    if facts.operating_points {
        card.push_str(
            "The thresholds are the published operating points. The published program rescales every probability so that its operating \
             point lies at 0.5; here the probability stays as computed and the threshold moves, so every decision is the same and the numbers are not.\n",
        );
    }
    let rate = architecture.dropout;
    if rate > 0.0 && rate != facts.trained_dropout {
        let _ = writeln!(
            card,
            "A dropout of {rate} was added before the head at import. The network was not trained with it (its own rate: {}).",
            facts.trained_dropout
        );
    }
    card.push_str("\n## What is not known\n\n");
    for limit in limits {
        let _ = writeln!(card, "- {limit}");
    }
    card
}
