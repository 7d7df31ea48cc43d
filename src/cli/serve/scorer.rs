//! An image of the inbox, scored as `predict` and `report` score it, with its results as DICOM
//! objects.

use std::path::Path;
use std::sync::Arc;

use crate::audit::journal::of_this_account;
use crate::audit::{Entry, Event, ImageHash, Journal, ModelHash, What};
use crate::cli::frame_at::frame_at;
use crate::cli::output;
use crate::cli::session::{AnalysisArgs, Analyzed, ModelArgs, Session};
use crate::engine::ModelInfo;
use crate::explain::Method;
use crate::measurement::identity::ImageIdentity;
use crate::printable::with_causes;
use crate::report::CaseReport;
use crate::results::write::{WriteOptions, write};
use crate::serve::drift::Observation;
use crate::serve::entry::MadeResult;
use crate::serve::{ResultFile, Scored, Scorer};

/// Scores with the model that was named, or the one that fits each image.
pub(super) struct SessionScorer<'a> {
    session: Session,
    analysis: &'a AnalysisArgs,
    audit: Option<Journal>,
    /// What is written into the audit journal once the results lie in the outbox.
    pending: Option<Entry>,
    peer: String,
}

/// Name of this program in the audit journal.
const PROGRAM: &str = "serve";

impl<'a> SessionScorer<'a> {
    pub(super) fn open(
        model: &ModelArgs,
        analysis: &'a AnalysisArgs,
        peer: &str,
        is_audited: bool,
    ) -> anyhow::Result<Self> {
        let session = Session::with_ensemble(model, &analysis.ensemble)?;
        let audit = if is_audited { of_this_account() } else { None };
        if is_audited && audit.is_none() {
            anyhow::bail!("this account has no data folder for the audit journal; --no-audit goes on without one");
        }
        let scorer = Self { session, analysis, audit, pending: None, peer: peer.to_owned() };
        if let Some(journal) = &scorer.audit {
            journal.append(Entry::new(Event::Started, PROGRAM).with(vec![What::new("peer").of(peer)]))?;
        }
        Ok(scorer)
    }

    /// What is written into the audit journal when the peer took a result.
    pub(super) fn on_sent(&self) -> impl Fn(&MadeResult) + Sync + use<> {
        let (journal, peer) = (self.audit.clone(), self.peer.clone());
        move |result| {
            let what = vec![What::new("dicom").with_sha256(&result.sha256), What::new("peer").of(&peer)];
            append(journal.as_ref(), Entry::new(Event::Sent, PROGRAM).with(what));
        }
    }

    /// The program ends by itself.
    pub(super) fn end(&self) {
        self.append(Entry::new(Event::Ended, PROGRAM));
    }

    fn append(&self, entry: Entry) {
        append(self.audit.as_ref(), entry);
    }
}

fn append(journal: Option<&Journal>, entry: Entry) {
    if let Some(Err(error)) = journal.map(|journal| journal.append(entry)) {
        log::error!("{error}");
    }
}

impl Scorer for SessionScorer<'_> {
    fn score(&mut self, image: &Path) -> Result<Scored, String> {
        let options = self.analysis.options(Method::ALWAYS.to_vec(), Vec::new());
        let analyzed = self.session.analyze(|| frame_at(image, None), |_, _| Ok(options), self.analysis.force);
        // The sentences of the study room hold no path and no value of an attribute.
        let analyzed = analyzed.map_err(|error| output::sentences(&error))?;
        let Analyzed { frame, lungs, choice, outcome, .. } = analyzed;
        let Some((model, analysis)) = outcome else {
            return Ok(Scored { because: choice.because.clone(), ..Scored::default() });
        };
        let scores = analysis.labels.iter().chain(&analysis.groups);
        let observation = Observation {
            model: model.manifest.name.clone(),
            weights: model.sha256.clone(),
            scores: scores.map(|score| (score.label.clone(), score.probability)).collect(),
            is_accepted: analysis.gate.as_ref().map(|gate| gate.accepted),
            is_outside: analysis.population.as_ref().map(|population| !population.inside),
        };
        let identity = ImageIdentity::of(&frame);
        let hash = ImageHash { pixels_sha256: identity.pixels_sha256, frame: identity.frame };
        let (name, version) = (model.manifest.name.clone(), model.manifest.version.clone());
        let judged = ModelHash { name, version, sha256: model.sha256.clone() };
        let mut case = CaseReport::new(Arc::new(frame), Arc::new(analysis), ModelInfo::of(&model));
        case.lungs = lungs.found().cloned();
        case.error_rate = self.analysis.error_rate;
        let written = write(&case, &WriteOptions::default()).map_err(|error| with_causes(&error))?;
        let mut results = Vec::new();
        for object in &written.objects {
            results.push(ResultFile {
                sop_class: object.sop_class_uid.clone(),
                sop_instance: object.sop_instance_uid.clone(),
                bytes: object.bytes().map_err(|error| with_causes(&error))?,
            });
        }
        let what = written.objects.iter().zip(&results).map(|(object, file)| {
            What::new("dicom").of(object.kind.key()).with_sha256(&crate::files::sha256(&file.bytes))
        });
        let event = if results.is_empty() { Event::Scored } else { Event::Exported };
        self.pending = Some(Entry::new(event, PROGRAM).about(hash, judged).with(what.collect()));
        let because = written.left_out.iter().map(|left| left.reason.as_str()).collect::<Vec<_>>().join(" ");
        Ok(Scored { results, observation: Some(observation), because })
    }

    fn made(&mut self, _image: &Path) {
        if let Some(entry) = self.pending.take() {
            self.append(entry);
        }
    }
}
