//! The data looked at before anything is trained on them, and refused where no verdict could rest
//! on them: a patient or an image in two parts, no test part, a class that a part does not show.
//!
//! Near-duplicates in two parts are no reason to refuse: neighbouring slices of one examination are
//! ordinary. They are named, and the page says that a test may flatter.

use super::Context;
use crate::model::manifest::Head;
use crate::pipeline::event::PipelineEvent;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::report::evaluation::Table;
use crate::training::config::Config;
use crate::training::data::audit::examine::{Examine, ExamineStep, Examined};
use crate::training::data::audit::{Audit, sheets};
use crate::training::data::list;
use crate::training::data::part::SplitPart;
use crate::training::data::split::split_file;
use crate::training::run::checkpoint;

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let (config, run) = (context.pipeline.config, &context.pipeline.run);
    let (files, warnings) = list::list_for_run(config, &run.data, run.limit)?;
    // A training that is gone on with keeps the split that it began with: that one is checked.
    let kept = std::path::absolute(run.out.join(split_file::FILE)).ok().filter(|path| path.is_file());
    let goes_on = !context.pipeline.again && run.out.join(checkpoint::FILE).is_file();
    let mut own = config.clone();
    own.data.split = kept.filter(|_| goes_on).or(own.data.split);
    let labels: Vec<String> = config.labels.iter().map(|l| l.name.clone()).collect();
    let remarks = warnings.iter().map(|w| format!("{}: {}", w.path.display(), w.reason)).collect();
    let total = files.len();
    let how = "name a pattern with `patient` under [data]";
    let examine = Examine { files: &files, labels: &labels, config: Some((&own, &run.data)), how };
    let Examined { images, audit, no_split } = examine.run(remarks, &|step, done| {
        let what = if step == ExamineStep::Reading { "images read" } else { "images compared" };
        (context.observer)(PipelineEvent::Progress { what, done, total });
    })?;
    files::write_json(&context.file(Step::Check, "check.json"), &audit)?;
    files::write(&context.file(Step::Check, "contact.png"), &sheets::contact(&images, &labels).png()?)?;
    let duplicates = sheets::duplicates(&audit, &images);
    if let Some(sheet) = &duplicates {
        files::write(&context.file(Step::Check, "duplicates.png"), &sheet.png()?)?;
    }
    if let Some(error) = no_split {
        return Err(error.into());
    }
    refuse(config, &audit)?;
    let mut section = section(&audit);
    section.link("all that was found", Step::Check, "check.json");
    section.link("contact sheet", Step::Check, "contact.png");
    if duplicates.is_some() {
        section.link("near-duplicates", Step::Check, "duplicates.png");
    }
    Ok(section)
}

/// Refuses data on which no verdict could rest.
fn refuse(config: &Config, audit: &Audit) -> Result<()> {
    if let Some(example) = audit.shared_patients.first() {
        return Err(PipelineError::SharedPatients { n: audit.shared_patients.len(), example: example.clone() });
    }
    let mut leaks = audit.exact.iter().filter(|pair| pair.leak);
    if let Some(first) = leaks.next() {
        let (n, first, second) = (2 + leaks.count(), first.first.clone(), first.second.clone());
        return Err(PipelineError::SharedImages { n, first, second });
    }
    let images = |part: SplitPart| audit.labels.iter().map(move |l| l.parts.get(&part).copied().unwrap_or(0));
    if images(SplitPart::Test).sum::<usize>() == 0 {
        return Err(PipelineError::NoTestPart);
    }
    for part in [SplitPart::Training, SplitPart::Validation, SplitPart::Test] {
        let empty = audit.labels.iter().find(|l| l.parts.get(&part).copied().unwrap_or(0) == 0);
        // Of findings on their own the others can be judged all the same.
        if let Some(label) = empty.filter(|_| config.head == Head::Softmax) {
            return Err(PipelineError::EmptyClass { label: label.name.clone(), part: part.name() });
        }
    }
    Ok(())
}

fn section(audit: &Audit) -> Section {
    let mut section = Section::titled("The data");
    let Audit { images, patients, unreadable, exact, near, .. } = audit;
    section.sentences.push(format!(
        "{images} images of {patients} patients, as far as they are told apart. No patient and no image stands in more than one \
         part."
    ));
    let row = |label: &crate::training::data::audit::LabelCount| {
        let of = |part: &SplitPart| label.parts.get(part).copied().unwrap_or(0).to_string();
        let counts = SplitPart::ALL.iter().map(of);
        [label.name.clone()].into_iter().chain(counts).chain([label.images.to_string()]).collect()
    };
    section.tables.push(Table {
        title: "Images by class and part".into(),
        note: String::new(),
        columns: ["Class", "Training", "Validation", "Calibration", "Test", "All"].map(str::to_owned).to_vec(),
        rows: audit.labels.iter().map(row).collect(),
    });
    if !unreadable.is_empty() {
        section.remarks.push(format!("{} files could not be read and take no part.", unreadable.len()));
    }
    let conflicts = exact.iter().filter(|pair| pair.conflict).count();
    if conflicts > 0 {
        section
            .remarks
            .push(format!("{conflicts} pairs are one image under different labels: no network can learn both."));
    }
    let leaks = near.iter().filter(|pair| pair.leak).count();
    if leaks > 0 {
        section.remarks.push(format!(
            "{leaks} pairs of near-duplicates stand in different parts, so the test may flatter; `group_near_duplicates = true` \
             under [data] keeps them together."
        ));
    }
    section.remarks.extend(audit.remarks.iter().cloned());
    section
}

#[cfg(test)]
mod tests {
    use SplitPart::{Test, Training, Validation};

    use super::*;
    use crate::training::data::audit::LabelCount;

    #[test]
    fn a_class_that_a_part_does_not_show_is_refused_where_classes_exclude_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        let text = |head: &str| {
            format!(
                "head = \"{head}\"\n[data]\nfolders = [\".\"]\n[architecture]\nfamily = \"custom-cnn\"\n[[labels]]\nname = \
                 \"A\"\n[[labels]]\nname = \"B\"\n"
            )
        };
        let count = |name: &str, parts: &[(SplitPart, usize)]| LabelCount {
            name: name.into(),
            images: 9,
            unknown: 0,
            parts: parts.iter().copied().collect(),
        };
        let audit = |b: &[(SplitPart, usize)]| {
            let labels = vec![count("A", &[(Training, 3), (Validation, 3), (Test, 3)]), count("B", b)];
            Audit { labels, ..crate::training::data::audit::audit(&[], &[], &[], Vec::new(), Vec::new()) }
        };
        for (head, refused) in [("softmax", true), ("sigmoid", false)] {
            std::fs::write(&path, text(head)).unwrap();
            let config = Config::read(&path).unwrap();
            let found = refuse(&config, &audit(&[(Training, 5), (Validation, 4)]));
            assert_eq!(matches!(found, Err(PipelineError::EmptyClass { part: "test", .. })), refused, "{head}");
            assert!(refuse(&config, &audit(&[(Training, 3), (Validation, 3), (Test, 3)])).is_ok());
        }
    }
}
