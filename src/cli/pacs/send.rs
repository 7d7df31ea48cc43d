//! `pellucid pacs send`: DICOM files go to a node.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::call::CallArgs;
use crate::cli::{Outcome, output};
use crate::files::walk::files_below;
use crate::pacs::dimse::store::store;
use crate::study::StudyError;
use crate::study::wire::StoredObject;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    call: CallArgs,
    /// DICOM files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One JSON object a line for each file, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (node, caller) = args.call.called()?;
    let mut failed = 0;
    let mut objects = Vec::new();
    for path in &args.paths {
        if !path.is_dir() {
            match StoredObject::open(path) {
                Ok(object) => objects.push(object),
                Err(error) => {
                    output::complain(&anyhow!(error).context(path.display().to_string()));
                    failed += 1;
                }
            }
            continue;
        }
        for file in files_below(path) {
            let (path, opened) = match file {
                Ok(path) => (path.clone(), StoredObject::open(&path)),
                Err(error) => {
                    output::complain(&anyhow!(error));
                    failed += 1;
                    continue;
                }
            };
            match opened {
                Ok(object) if object.sop_class.is_empty() => {
                    output::remark(format!("{} is no object that can be stored, and is left out", path.display()));
                }
                Ok(object) => objects.push(object),
                // What is no DICOM file in a folder is passed over.
                Err(StudyError::NotAnImage(_) | StudyError::Empty) => {}
                Err(error) => {
                    output::complain(&anyhow!(error).context(path.display().to_string()));
                    failed += 1;
                }
            }
        }
    }
    let all = objects.len() + failed;
    anyhow::ensure!(all > 0, "there is no DICOM file to send");
    let bar = output::progress(objects.len(), "Sending");
    let mut printed = Ok(());
    let mut heard = 0;
    let ended = store(&caller, &node, &objects, &mut |i, result| {
        heard += 1;
        let path = objects[i].path.display().to_string();
        match result {
            Ok(stored) if args.json => {
                let (status, syntax) = (stored.status, &stored.transfer_syntax);
                let line = json!({ "file": path, "sop_instance_uid": objects[i].sop_instance, "status": status,
                    "warning": stored.warning(), "transfer_syntax": syntax });
                printed = std::mem::replace(&mut printed, Ok(())).and_then(|()| output::json(&line));
            }
            Ok(stored) => {
                let warning = stored.warning().map(|w| format!(", with a warning: {w}")).unwrap_or_default();
                let line = format!("{path}: stored at {node}{warning}");
                printed = std::mem::replace(&mut printed, Ok(())).and_then(|()| Ok(output::line(line)?));
            }
            Err(error) => {
                failed += 1;
                output::complain(&anyhow!(error).context(path));
            }
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    printed?;
    ended.with_context(|| format!("{} of {} files were not sent", objects.len() - heard, objects.len()))?;
    Ok(Outcome::of(failed, all))
}
