//! `pellucid phantom`: writes computed chest radiographs with the masks of their opacities.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output;
use crate::phantom::{
    Age, Lung, Opacity, OpacityKind, PhantomRecipe, Zone, render, write_dicom, write_lungs, write_mask, write_png,
};

/// Write computed chest radiographs (no patient) with the masks of their opacities
#[derive(Debug, Args)]
pub(super) struct PhantomArgs {
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The phantom's number: the same number gives the same image
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many phantoms, with rising seeds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// Where and what: right-lower, left-upper:lobar, right-middle:interstitial; may be repeated.
    /// Without it the seed chooses
    #[arg(long, value_name = "PLACE[:KIND]", conflicts_with = "healthy")]
    opacity: Vec<Opacity>,
    /// No opacity
    #[arg(long)]
    healthy: bool,
    /// Side of the square image in pixels
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(64..=4096))]
    size: u16,
    /// An adult's proportions instead of a child's
    #[arg(long)]
    adult: bool,
    #[arg(long, value_enum, default_value_t = Format::Both)]
    format: Format,
    /// Folder for the masks of the lungs, named like the images (the --masks of other commands)
    #[arg(long, value_name = "DIR")]
    lungs: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Dicom,
    Png,
    Both,
}

/// Renders and writes; prints the path of every image.
pub(super) fn run(arguments: &PhantomArgs) -> anyhow::Result<()> {
    let out = &arguments.out;
    output::make_folder(out)?;
    arguments.lungs.as_deref().map_or(Ok(()), output::make_folder)?;
    for seed in (0..arguments.count).map(|i| arguments.seed.wrapping_add(i)) {
        let opacities = match (arguments.healthy, arguments.opacity.is_empty()) {
            (true, _) => Vec::new(),
            (false, false) => arguments.opacity.clone(),
            (false, true) => vec![chosen_by(seed)],
        };
        let recipe = PhantomRecipe {
            seed,
            size: usize::from(arguments.size),
            age: if arguments.adult { Age::Adult } else { Age::Child },
            opacities,
            ..PhantomRecipe::default()
        };
        let phantom = render(&recipe);
        let name = format!("phantom-{seed}");
        if arguments.format != Format::Png {
            let path = out.join(format!("{name}.dcm"));
            write_dicom(&path, &phantom, &recipe)?;
            output::line(path.display().to_string())?;
        }
        if arguments.format != Format::Dicom {
            let path = out.join(format!("{name}.png"));
            write_png(&path, &phantom)?;
            output::line(path.display().to_string())?;
        }
        write_mask(&out.join(format!("{name}-mask.png")), &phantom)?;
        if let Some(folder) = &arguments.lungs {
            write_lungs(&folder.join(format!("{name}.png")), &recipe)?;
        }
    }
    Ok(())
}

/// One of the twelve places and kinds, by turns.
fn chosen_by(seed: u64) -> Opacity {
    let lung = if seed.is_multiple_of(2) { Lung::Left } else { Lung::Right };
    let zone = [Zone::Upper, Zone::Lower, Zone::Middle][(seed / 2 % 3) as usize];
    let kind = if (seed / 6).is_multiple_of(2) { OpacityKind::Lobar } else { OpacityKind::Interstitial };
    Opacity { lung, zone, kind, size: 1.0, density: 0.8 }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        phantom: PhantomArgs,
    }

    #[test]
    fn opacities_are_named_by_place_and_kind() {
        let line = CommandLine::try_parse_from([
            "x",
            "--out",
            "d",
            "--opacity",
            "right-lower",
            "--opacity",
            "left-upper:interstitial",
        ]);
        let opacity = line.unwrap().phantom.opacity;
        assert_eq!((opacity[0].lung, opacity[0].zone, opacity[0].kind), (Lung::Right, Zone::Lower, OpacityKind::Lobar));
        assert_eq!(opacity[1].kind, OpacityKind::Interstitial);
        assert!(CommandLine::try_parse_from(["x", "--out", "d", "--opacity", "middle"]).is_err());
        assert!(CommandLine::try_parse_from(["x", "--out", "d", "--healthy", "--opacity", "right-lower"]).is_err());
    }

    #[test]
    fn image_and_mask_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new");
        let line =
            CommandLine::try_parse_from(["x", "--out", out.to_str().unwrap(), "--size", "64", "--count", "2"]).unwrap();
        run(&line.phantom).unwrap();
        for name in ["phantom-1.dcm", "phantom-1.png", "phantom-1-mask.png", "phantom-2.dcm"] {
            assert!(out.join(name).is_file(), "{name}");
        }
    }
}
