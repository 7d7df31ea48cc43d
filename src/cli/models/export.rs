//! `pellucid models export`: a model for other programs.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::{Outcome, output};
use crate::model::export;

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true, args = ["onnx", "pytorch"])]
pub(super) struct Args {
    /// Name, or a folder with manifest.toml
    #[arg(value_name = "NAME|DIR")]
    model: String,
    /// Write the network with its weights as ONNX (opset 17): it gives the same logits; preparation
    /// and labels stand in its notes
    #[arg(long, value_name = "FILE.onnx")]
    onnx: Option<PathBuf>,
    /// Write the weights as a state dict of PyTorch, in torchvision's names; as safetensors where the
    /// file's name ends so
    #[arg(long, value_name = "FILE.pth")]
    pytorch: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let refused = || format!("{} cannot be exported", args.model);
    if let Some(file) = &args.onnx {
        let bytes = export::onnx(&args.model).with_context(refused)?;
        output::write_model_file(file, &bytes)?;
        output::line(format!("{}: ONNX, {} bytes", file.display(), bytes.len()))?;
    }
    if let Some(file) = &args.pytorch {
        let safetensors = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
        let bytes = if safetensors { export::safetensors(&args.model) } else { export::pytorch(&args.model) };
        let bytes = bytes.with_context(refused)?;
        output::write_model_file(file, &bytes)?;
        output::line(format!("{}: {} bytes", file.display(), bytes.len()))?;
    }
    Ok(Outcome::Done)
}
