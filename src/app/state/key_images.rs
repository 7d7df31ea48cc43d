//! Key images: the images (of several frames, the frames) that the reader has marked to be found
//! again.
//!
//! A mark belongs to pixels, SOP Instance UID and frame, and is certain once the pixels were hashed:
//! of every image that was on screen in this session. Of other images only a mark that is kept under
//! their UID and frame is known ([`KeyImages::keep_known`]); until the image is looked at it goes by
//! those two alone. What is not known is nowhere said to be unmarked.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::State;
use super::impression::ImageKey;
use crate::language::{text, tr};
use crate::measurement::identity::ImageIdentity;
use crate::report::key_images::{CaseKeyImages, KeyImage, MOST};
use crate::study::{Frame, ImageEntry, Study};

/// What is known of marks.
#[derive(Clone, Debug, Default)]
pub struct KeyImages {
    /// Frames of this session by the key of their image.
    seen: HashMap<String, HashMap<u32, ImageIdentity>>,
    /// Whether these are key images.
    marks: HashMap<ImageIdentity, bool>,
    /// UID and frames of the marks that were kept before.
    kept: HashMap<String, BTreeSet<u32>>,
}

impl KeyImages {
    /// The pixels of a frame were hashed. What was done in this session counts more than its file,
    /// which is written behind it.
    pub(in crate::app) fn see(&mut self, (image, frame): ImageKey, identity: ImageIdentity, kept: Option<bool>) {
        if let Some(kept) = kept {
            self.marks.entry(identity.clone()).or_insert(kept);
        }
        self.seen.entry(image).or_default().insert(frame, identity);
    }

    /// Marks that were kept before.
    pub(in crate::app) fn keep_known(&mut self, marked: Vec<ImageIdentity>) {
        for one in marked {
            self.kept.entry(one.sop_instance_uid).or_default().insert(one.frame);
        }
    }

    /// Marks an image, or takes its mark away.
    pub(in crate::app) fn mark(&mut self, image: &ImageIdentity, marked: bool) {
        self.marks.insert(image.clone(), marked);
    }

    /// Everything is closed: what is opened under the same UIDs may be something else.
    pub(in crate::app) fn close(&mut self) {
        self.seen.clear();
        for (image, marked) in &self.marks {
            let frames = self.kept.entry(image.sop_instance_uid.clone()).or_default();
            if *marked {
                frames.insert(image.frame)
            } else {
                frames.remove(&image.frame)
            };
        }
        self.kept.retain(|_, frames| !frames.is_empty());
    }

    /// Whether an image is marked.
    #[must_use]
    pub fn is_marked(&self, image: &ImageIdentity) -> bool {
        self.marks.get(image).copied().unwrap_or_default()
    }

    /// The frames of an image that are known to be marked, from 0.
    #[must_use]
    pub fn frames(&self, entry: &ImageEntry) -> BTreeSet<u32> {
        if !entry.has_pixels || (self.kept.is_empty() && self.marks.is_empty()) {
            return BTreeSet::new();
        }
        let seen = self.seen.get(&entry.key());
        let mut frames = BTreeSet::new();
        // Two images of one UID: it is not known whose mark it is.
        if entry.shared_uid.others.is_empty() {
            let kept = self.kept.get(&entry.identity.sop_instance_uid).into_iter().flatten().copied();
            frames.extend(kept.filter(|frame| *frame < entry.frames));
        }
        for (frame, identity) in seen.into_iter().flatten() {
            match self.marks.get(identity) {
                Some(true) => drop(frames.insert(*frame)),
                Some(false) => drop(frames.remove(frame)),
                None => {}
            }
        }
        frames
    }
}

/// The frames of an image that are marked, in words; nothing where none is.
#[must_use]
pub fn words(entry: &ImageEntry, frames: &BTreeSet<u32>) -> Option<String> {
    /// So many are named.
    const NAMED: usize = 4;
    let first = frames.first()?;
    if entry.frames <= 1 {
        return Some(text!("key image").into());
    }
    let named: Vec<String> = frames.iter().take(NAMED).map(|frame| (frame + 1).to_string()).collect();
    let more = if frames.len() > NAMED { " …" } else { "" };
    Some(if frames.len() == 1 {
        tr!("key image: frame {}", first + 1)
    } else {
        tr!("{} key images: frames {}", frames.len(), named.join(", ") + more)
    })
}

impl State {
    /// Whether the image on screen is a key image.
    #[must_use]
    pub fn is_key_image(&self) -> bool {
        self.measurable().is_some_and(|at| self.measuring.key_images.is_marked(&at.identity))
    }

    /// Whether a frame is known to be a key image.
    #[must_use]
    pub fn is_key_frame(&self, frame: &Frame) -> bool {
        self.measuring.key_images.frames(&frame.entry).contains(&frame.index)
    }

    /// The key images that are known of the study on screen, in the order of the list.
    #[must_use]
    pub fn key_images(&self) -> Vec<(Arc<ImageEntry>, u32)> {
        let of_image = |entry: &Arc<ImageEntry>| {
            let frames = self.measuring.key_images.frames(entry);
            frames.into_iter().map(|frame| (entry.clone(), frame)).collect::<Vec<_>>()
        };
        self.study_images().into_iter().flat_map(of_image).collect()
    }

    /// The key image that follows the image on screen in its study, or comes before it.
    #[must_use]
    pub fn next_key_image(&self, back: bool) -> Option<(Arc<ImageEntry>, u32)> {
        let (entry, index) = self.current()?;
        let all = self.study_images();
        let place = |one: &ImageEntry| all.iter().position(|image| image.key() == one.key());
        let here = (place(entry)?, index);
        let mut marked = self.key_images();
        if back {
            marked.reverse();
        }
        marked.into_iter().find(|(image, frame)| {
            place(image).is_some_and(|at| if back { (at, *frame) < here } else { (at, *frame) > here })
        })
    }

    /// The key images as the report of the image on screen names them.
    #[must_use]
    pub fn key_images_of_case(&self) -> CaseKeyImages {
        let shown = self.current().map(|(entry, index)| (entry.key(), index));
        let marked = self.key_images();
        let beside: Vec<_> =
            marked.iter().filter(|(entry, frame)| shown.as_ref() != Some(&(entry.key(), *frame))).collect();
        let known = |(entry, frame): &&(Arc<ImageEntry>, u32)| {
            let identity = self.measuring.key_images.seen.get(&entry.key())?.get(frame)?.clone();
            let series = self.series_of(entry);
            let place = series.and_then(|series| series.images.iter().position(|image| image.key() == entry.key()));
            let description = series.map(|series| series.description.clone()).unwrap_or_default();
            Some(KeyImage { entry: entry.clone(), identity, series: description, number: place.unwrap_or(0) + 1 })
        };
        let mut others: Vec<KeyImage> = beside.iter().filter_map(known).collect();
        let (looked_at, all) = (others.len(), beside.len());
        others.truncate(MOST);
        CaseKeyImages {
            reported: self.is_key_image(),
            more: looked_at - others.len(),
            not_looked_at: all - looked_at,
            others,
        }
    }

    /// The images of the study on screen, in the order of the list.
    fn study_images(&self) -> Vec<&Arc<ImageEntry>> {
        let Some((entry, _)) = self.current() else { return Vec::new() };
        let key = entry.key();
        let mut studies = self.catalogue.patients.iter().flat_map(|patient| &patient.studies);
        let holds = |study: &&Study| images(study).any(|image| image.key() == key);
        studies.find(holds).map(|study| images(study).collect()).unwrap_or_default()
    }
}

fn images(study: &Study) -> impl Iterator<Item = &Arc<ImageEntry>> {
    study.series.iter().flat_map(|series| &series.images)
}
