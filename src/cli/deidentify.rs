//! `pellucid deidentify`: DICOM images without the people in them.
//!
//! Originals are never written over, a file that is there is not replaced unasked, and no path
//! below the output folder holds a name of the source.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use serde_json::{Value, json};

use super::inputs::complain;
use super::{Outcome, Usage, output};
use crate::files::sha256;
use crate::files::walk::files_below;
use crate::limits;
use crate::study::deidentify::{
    Account, Action, Dates, Deidentified, Deidentifier, DeidentifyError, Key, Options, Region,
};
use crate::study::{StudyError, may_be_an_image};

/// De-identify DICOM images (PS3.15 Basic Profile): names, ids, dates, places and private
/// attributes go, UIDs change alike everywhere, pixels stay. The same as `anonymize`
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Args {
    /// DICOM image, or a folder of them
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write; of a folder, a folder: its files are put by pseudonyms of patient, study and
    /// series
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// File with the secret that new UIDs, pseudonyms and shifts of dates follow from, made if it
    /// is not there: runs with the same key agree. Keep it as safe as the originals [default: a key
    /// that nobody keeps]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Retain dates and times: full, or modified (all dates of a patient go back by the same number
    /// of days)
    #[arg(long, value_name = "HOW", value_enum)]
    retain_dates: Option<RetainDates>,
    /// Retain age (from 90 years on as 090Y), sex, size, weight and the like
    #[arg(long)]
    retain_patient_characteristics: bool,
    /// Retain serial numbers and names of devices
    #[arg(long)]
    retain_device_identity: bool,
    /// Retain institution, address and department
    #[arg(long)]
    retain_institution_identity: bool,
    /// Retain the UIDs of studies, series and instances
    #[arg(long)]
    retain_uids: bool,
    /// Retain private attributes that the standard or the object itself calls safe
    #[arg(long)]
    retain_safe_private: bool,
    /// Keep of descriptions the words of a list of what is harmless (chest, PA, axial …), instead
    /// of removing them
    #[arg(long)]
    clean_descriptors: bool,
    /// Blank a rectangle of pixels in every frame, as for burned-in text; may be repeated
    #[arg(long, value_name = "X,Y,WIDTH,HEIGHT")]
    blank: Vec<Region>,
    /// Refused: whether graphics hold a name no program can know
    #[arg(long, hide = true)]
    clean_graphics: bool,
    /// Refused: whether structured content holds a name no program can know
    #[arg(long, hide = true)]
    clean_structured_content: bool,
    /// Replace files that are there; never an original
    #[arg(long)]
    force: bool,
    /// One JSON object a line for each image, and nothing else: tags and counts of what was done,
    /// no values
    #[arg(long)]
    json: bool,
}

/// [`Dates`] by the names of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RetainDates {
    Modified,
    Full,
}

impl Args {
    fn options(&self) -> Result<Options, Usage> {
        let refused = [
            (self.clean_graphics, "--clean-graphics", "overlays, curves and annotations are removed"),
            (self.clean_structured_content, "--clean-structured-content", "structured content is removed"),
        ];
        if let Some((_, flag, instead)) = refused.into_iter().find(|(asked, ..)| *asked) {
            return Err(Usage(format!(
                "{flag} is not offered: no program can know whether what is drawn or dictated names somebody; {instead}"
            )));
        }
        Ok(Options {
            dates: match self.retain_dates {
                None => Dates::Removed,
                Some(RetainDates::Modified) => Dates::Modified,
                Some(RetainDates::Full) => Dates::Full,
            },
            patient_characteristics: self.retain_patient_characteristics,
            device: self.retain_device_identity,
            institution: self.retain_institution_identity,
            uids: self.retain_uids,
            safe_private: self.retain_safe_private,
            clean_descriptors: self.clean_descriptors,
            blank: self.blank.clone(),
        })
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let options = args.options()?;
    let folder = args.input.is_dir();
    if folder {
        apart(&args.input, &args.out)?;
    } else if !args.input.exists() {
        bail!("{} is not there", args.input.display());
    }
    let (files, passed_over) = if folder { files_of(&args.input)? } else { (vec![args.input.clone()], 0) };
    let key = args.key.as_deref().map_or_else(Key::random, Key::in_file)?;
    let mut run =
        Run { args, folder, written: HashMap::new(), total: Account::default(), images: 0, others: passed_over };
    let deidentifier = Deidentifier::new(options, key);
    let bar = output::progress(files.len(), "De-identifying");
    let mut failed = 0;
    for file in &files {
        let done = bar.suspend(|| run.image(file, &deidentifier));
        if let Err(error) = done {
            if super::is_closed_pipe(&error) {
                return Err(error);
            }
            failed += 1;
            bar.suspend(|| complain(file, "de-identified", &error));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    run.finish()?;
    if run.images == 0 && failed == 0 {
        bail!("there is no DICOM image in {}", args.input.display());
    }
    Ok(Outcome::of(failed, run.images + failed))
}

/// Refuses folders that lie in each other: originals and what may be handed on would be mixed.
fn apart(input: &Path, out: &Path) -> Result<(), Usage> {
    // By the nearest folder above that is there.
    let place = |path: &Path| {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let there = path.ancestors().find_map(|above| Some((above.canonicalize().ok()?, above)));
        there.map_or_else(
            || path.clone(),
            |(place, above)| place.join(path.strip_prefix(above).unwrap_or(Path::new(""))),
        )
    };
    let (from, to) = (place(input), place(out));
    if to.starts_with(&from) || from.starts_with(&to) {
        let (input, out) = (input.display(), out.display());
        return Err(Usage(format!(
            "{out} and {input} lie in each other, and originals would be mixed with what may be handed on; name another folder"
        )));
    }
    Ok(())
}

/// The files of a folder that may be images, and the number of hidden ones.
fn files_of(folder: &Path) -> anyhow::Result<(Vec<PathBuf>, usize)> {
    let (mut files, mut hidden) = (Vec::new(), 0);
    for item in files_below(folder) {
        match item {
            Ok(file) if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) => hidden += 1,
            Ok(file) => files.push(file),
            Err(error) => output::remark(format!("note: {error}")),
        }
        if files.len() > limits::FILES_AT_ONCE {
            bail!("{} holds more than {} files; name folders within it", folder.display(), limits::FILES_AT_ONCE);
        }
    }
    Ok((files, hidden))
}

/// What was done so far.
struct Run<'a> {
    args: &'a Args,
    folder: bool,
    /// Hashes of what was written, by path.
    written: HashMap<PathBuf, String>,
    total: Account,
    images: usize,
    /// Files that are no images and were left where they are.
    others: usize,
}

impl Run<'_> {
    fn image(&mut self, file: &Path, deidentifier: &Deidentifier) -> anyhow::Result<()> {
        let done = match deidentifier.file(file) {
            Ok(done) => done,
            // A text beside the images.
            Err(DeidentifyError::Study(StudyError::NotAnImage(_) | StudyError::NotRegular(_)))
                if self.folder && !(file.extension().is_some() && may_be_an_image(file)) =>
            {
                self.others += 1;
                return Ok(());
            }
            Err(DeidentifyError::Directory) if self.folder => {
                self.others += 1;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let (path, copy) = self.place(file, &done)?;
        if !copy {
            if let Some(parent) = path.parent().filter(|_| self.folder) {
                output::make_folder(parent)?;
            }
            output::write_file(&path, &done.bytes)?;
            self.total.extend(&done.account);
        }
        self.images += 1;
        for warning in &done.warnings {
            output::remark(format!("warning: {}: {warning}", file.display()));
        }
        if self.args.json {
            output::json(&record(file, &path, copy, &done))
        } else {
            Ok(output::line(words(file, &path, copy, &done.account))?)
        }
    }

    /// Where the image goes, and whether it is there already, byte for byte, as a copy of another
    /// file of this run.
    fn place(&mut self, file: &Path, done: &Deidentified) -> anyhow::Result<(PathBuf, bool)> {
        let out = &self.args.out;
        let path = if self.folder {
            out.join(&done.place)
        } else if out.is_dir() {
            out.join(done.place.file_name().unwrap_or(done.place.as_os_str()))
        } else {
            out.clone()
        };
        let hash = sha256(&done.bytes);
        for path in numbered(&path) {
            match self.written.get(&path) {
                Some(known) if *known == hash => return Ok((path, true)),
                // Two images that claim one UID.
                Some(_) => {}
                None => {
                    if path.exists() {
                        let same = fs::canonicalize(&path).ok() == fs::canonicalize(file).ok();
                        if same {
                            bail!("{} is the original; write to another place", path.display());
                        }
                        if !self.args.force {
                            bail!("{} is there already; --force replaces it", path.display());
                        }
                    }
                    self.written.insert(path.clone(), hash);
                    return Ok((path, false));
                }
            }
        }
        Err(anyhow!("too many images claim to be {}", path.display()))
    }

    /// What was done on the whole.
    fn finish(&self) -> anyhow::Result<()> {
        if !self.args.json && self.folder {
            output::line(table(&self.total))?;
        }
        if self.others > 0 {
            output::remark(format!(
                "note: {} other file(s) of {} are no DICOM images and were left where they are.",
                self.others,
                self.args.input.display()
            ));
        }
        Ok(())
    }
}

/// `a.dcm`, `a-2.dcm`, `a-3.dcm` …
fn numbered(path: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let path = path.to_owned();
    (1..1000).map(move |n| {
        if n == 1 {
            return path.clone();
        }
        let ending = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        path.with_file_name(format!("{stem}-{n}{ending}"))
    })
}

fn record(file: &Path, path: &Path, copy: bool, done: &Deidentified) -> Value {
    let attributes =
        done.account.entries().into_iter().map(
            |entry| json!({"tag": entry.tag, "name": entry.name, "done": entry.action.word(), "count": entry.count}),
        );
    json!({
        "file": file,
        "written": path,
        "copy": copy,
        "attributes": attributes.collect::<Vec<_>>(),
        "warnings": done.warnings,
    })
}

/// `a.dcm → out/P…/I….dcm: 23 removed, 5 emptied, 7 new UIDs`.
fn words(file: &Path, path: &Path, copy: bool, account: &Account) -> String {
    let mut text = format!("{} → {}: ", file.display(), path.display());
    if copy {
        text.push_str("a copy, byte for byte, of an image that was written");
        return text;
    }
    let counts: Vec<String> = ACTIONS
        .iter()
        .map(|action| (action, account.count(*action)))
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| format!("{count} {}", action.word()))
        .collect();
    text.push_str(&if counts.is_empty() { "nothing to remove".to_owned() } else { counts.join(", ") });
    text
}

const ACTIONS: [Action; 7] =
    [Action::Remove, Action::Empty, Action::Dummy, Action::Uid, Action::Shift, Action::Clean, Action::Strike];

/// Every attribute that something was done to, with counts over all images; private ones in a line.
fn table(account: &Account) -> String {
    let mut text = String::from("\nWhat was done, over all images:");
    let (private, listed): (Vec<_>, Vec<_>) = account.entries().into_iter().partition(|e| e.name == "Private");
    for entry in listed {
        let _ = write!(text, "\n  {} {:<44} {:<9} {:>7}", entry.tag, entry.name, entry.action.word(), entry.count);
    }
    let count: usize = private.iter().map(|entry| entry.count).sum();
    if count > 0 {
        let _ = write!(text, "\n  {:<56} {:<9} {count:>7}", "Private attributes", Action::Remove.word());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_claim_one_name_do_not_overwrite_each_other() {
        let names: Vec<PathBuf> = numbered(Path::new("out/I1.dcm")).take(3).collect();
        assert_eq!(names, ["out/I1.dcm", "out/I1-2.dcm", "out/I1-3.dcm"].map(PathBuf::from));
    }

    #[test]
    fn folders_that_lie_in_each_other_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("in/study")).unwrap();
        assert!(apart(&at("in"), &at("out")).is_ok());
        for (input, out) in [("in", "in"), ("in", "in/clean/new"), ("in/study", "in")] {
            assert!(apart(&at(input), &at(out)).is_err(), "{input} {out}");
        }
    }
}
