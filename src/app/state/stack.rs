//! The stack that is looked through: the images of a series, each with its frames, one behind the
//! other. A file of several frames and a series of single files are the same here.
//!
//! Pictures, whose files name no series, are no stack: the next picture of a folder may be another
//! patient's. They are gone through in the list.

use std::sync::Arc;
use std::time::Instant;

use super::cine::Cine;
use super::frame_cache::FrameCache;
use super::{Model, Phase, ShownImage, State};
use crate::language::tr;
use crate::study::{Frame, FrameTiming, ImageEntry, Series};

/// What is kept of going through stacks.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Frames that were decoded, of this stack and others.
    pub cache: FrameCache,
    pub cine: Cine,
    /// Which way was gone last: 1 or −1.
    pub heading: i64,
    /// When another image was last asked for by a step.
    pub stepped: Option<Instant>,
    /// The image on screen is analysed then, unless another one comes before.
    pub settles: Option<Instant>,
    /// The image that the views are laid for.
    pub laid: Option<Laid>,
    /// The frame that stays in sight until the next one of its stack is decoded.
    pub before: Option<Arc<Frame>>,
    /// The image before had no map to show, and none is known of this one yet.
    pub mapless: bool,
}

impl Stack {
    pub fn new(cache_bytes: u64) -> Self {
        Self {
            cache: FrameCache::new(cache_bytes),
            cine: Cine::default(),
            heading: 1,
            stepped: None,
            settles: None,
            laid: None,
            before: None,
            mapless: false,
        }
    }
}

/// The image that the views are laid for.
#[derive(Clone, Debug)]
pub struct Laid {
    entry: Arc<ImageEntry>,
    size: [usize; 2],
}

impl Laid {
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        Self { entry: frame.entry.clone(), size: [frame.pixels.plane.width, frame.pixels.plane.height] }
    }

    /// Whether both are of one image, or of one series of the same study.
    #[must_use]
    pub fn is_of_series(&self, other: &Self) -> bool {
        let (own, other) = (&self.entry.identity, &other.entry.identity);
        let series = (&own.study_uid, &own.series_uid) == (&other.study_uid, &other.series_uid);
        own == other || (series && !own.series_uid.is_empty())
    }

    /// Whether both are frames of one image, or parallel slices of one size.
    #[must_use]
    pub fn lies_like(&self, other: &Self) -> bool {
        let parallel = match (self.entry.place.position, other.entry.place.position) {
            (Some((_, a)), Some((_, b))) => a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() > 0.99,
            _ => false,
        };
        self.size == other.size && (self.entry.key() == other.entry.key() || parallel)
    }
}

/// A place in a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct StackPosition {
    /// Number of the image in its series, from 1, and how many there are.
    pub image: usize,
    pub images: usize,
    /// Number of the frame in its image, from 1, and how many there are.
    pub frame: u32,
    pub frames: u32,
    /// Both together, from 0, and how many there are.
    pub at: usize,
    pub of: usize,
}

impl StackPosition {
    /// `image 4 of 10`, `frame 12 of 96`, or both.
    #[must_use]
    pub fn words(&self) -> String {
        let image = tr!("image {} of {}", self.image, self.images);
        let frame = tr!("frame {} of {}", self.frame, self.frames);
        match (self.images > 1, self.frames > 1) {
            (true, true) => format!("{image}, {frame}"),
            (_, false) => image,
            (false, true) => frame,
        }
    }
}

/// Whether the images of a series belong one behind the other.
#[must_use]
pub fn is_stack(series: &Series) -> bool {
    !series.uid.is_empty() && series.images.iter().filter(|image| image.has_pixels).nth(1).is_some()
}

impl State {
    /// The series of an image of the list.
    pub fn series_of(&self, entry: &ImageEntry) -> Option<&Series> {
        let studies = self.catalogue.patients.iter().flat_map(|patient| &patient.studies);
        // One that the list holds as it is, is found by its address.
        let own = |image: &Arc<ImageEntry>| std::ptr::eq(image.as_ref(), entry);
        let mut series = studies.flat_map(|study| &study.series);
        series.clone().find(|one| one.images.iter().any(own)).or_else(|| {
            let key = entry.key();
            series.find(|one| one.uid == entry.identity.series_uid && one.images.iter().any(|i| i.key() == key))
        })
    }

    /// The images that are gone through with the one on screen, in order: those of its series, or
    /// itself.
    pub fn stack_images(&self) -> Vec<&Arc<ImageEntry>> {
        let Some((entry, _)) = self.current() else { return Vec::new() };
        match self.series_of(entry).filter(|series| is_stack(series)) {
            Some(series) => series.images.iter().filter(|image| image.has_pixels).collect(),
            None => vec![entry],
        }
    }

    /// Where the image on screen, or on its way there, stands.
    pub fn stack_position(&self) -> Option<StackPosition> {
        let (entry, index) = self.current()?;
        let images = self.stack_images();
        let is_shown = |image: &&Arc<ImageEntry>| Arc::ptr_eq(image, entry);
        let at = images.iter().position(is_shown).or_else(|| images.iter().position(|i| i.key() == entry.key()))?;
        let before: usize = images[..at].iter().map(|image| image.frames as usize).sum();
        let of = images.iter().map(|image| image.frames as usize).sum();
        Some(StackPosition {
            image: at + 1,
            images: images.len(),
            frame: index + 1,
            frames: entry.frames,
            at: before + index as usize,
            of,
        })
    }

    /// The image and frame at a place of the stack, from 0; the last one beyond its end.
    pub fn stack_at(&self, at: usize) -> Option<(Arc<ImageEntry>, u32)> {
        let mut left = at;
        let images = self.stack_images();
        for image in &images {
            match image.frames as usize {
                frames if left < frames => return Some(((*image).clone(), left as u32)),
                frames => left -= frames,
            }
        }
        images.last().map(|image| ((*image).clone(), image.frames.saturating_sub(1)))
    }

    /// True where there are several images or frames to go through.
    pub fn is_stack(&self) -> bool {
        self.stack_position().is_some_and(|position| position.of > 1)
    }

    /// How fast the stack plays.
    pub fn timing(&self) -> Arc<FrameTiming> {
        let own = self.current().and_then(|(entry, _)| entry.place.timing.clone());
        own.unwrap_or_default()
    }

    /// The frame in the views: that of the image on screen, or until it is decoded the one before it
    /// in its stack.
    pub fn drawn(&self) -> Option<&Arc<Frame>> {
        match &self.image {
            ShownImage::Ready(frame) => Some(frame),
            ShownImage::Loading(..) => self.stack.before.as_ref(),
            ShownImage::Nothing | ShownImage::Failed { .. } => None,
        }
    }

    /// Where the drawn frame stands.
    pub fn drawn_position(&self) -> Option<StackPosition> {
        let mut position = self.stack_position()?;
        if let (ShownImage::Loading(..), Some(before)) = (&self.image, &self.stack.before) {
            let images = self.stack_images();
            let at = images.iter().position(|image| Arc::ptr_eq(image, &before.entry))?;
            (position.image, position.frame, position.frames) = (at + 1, before.index + 1, before.entry.frames);
        }
        Some(position)
    }

    /// True where there is no map and none is on its way: while a stack plays, of an image that the
    /// gate refused or no model fits, without a model, and until more is known of the image behind
    /// such a one.
    pub fn is_mapless(&self) -> bool {
        match self.results.phase {
            _ if self.stack.cine.is_playing() => true,
            _ if matches!(self.model, Model::Failed { .. }) => !self.results.has_findings(),
            Phase::Refused | Phase::Unfit => true,
            Phase::Idle | Phase::Waiting | Phase::Running => self.stack.mapless && !self.results.has_findings(),
            Phase::Finished | Phase::Cancelled | Phase::Failed(_) => false,
        }
    }

    /// Number of the image on screen among all that are listed, from 1.
    pub fn place_in_list(&self) -> Option<usize> {
        let (entry, _) = self.current()?;
        let at = self.images.iter().position(|image| Arc::ptr_eq(image, entry));
        let same = |image: &Arc<ImageEntry>| image.identity == entry.identity && image.key() == entry.key();
        at.or_else(|| self.images.iter().position(same)).map(|at| at + 1)
    }
}
