//! What segmentations and parametric maps lay over an image, what reports have drawn on it, and which
//! reports and documents are about it.
//!
//! A [`LayerReader`] keeps what it has read of the headers of its objects, so that going through a stack
//! reads their pixels alone; one that was inflated as a whole is opened again for them. What is laid
//! over one image takes at most [`crate::limits::LAYER_BYTES`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::ReadError;
use super::drawn::{FindingGraphics, drawn_on};
use super::fractions::{is_anywhere, of_fractions, of_label, of_values};
use super::geometry::PlanePlace;
use super::graphics::{ReportGraphic, graphics};
use super::key::LayerKey;
use super::kind::ResultKind;
use super::multi_frame::ResultFrame;
use super::object::ReadObject;
use super::parametric_map::ParametricMap;
use super::placing::{Fit, Image, Naming, fit};
use super::segmentation::{Segment, Segmentation, SegmentationType};
use crate::imaging::Plane;
use crate::imaging::laid::{Affine, Cells, Grid};
use crate::limits;
use crate::panic_guard::guarded;
use crate::study::dicom::Dicom;
use crate::study::{Frame, ImageEntry, StudyError, stored_plane};

/// What a layer shows.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// An area, in the colour that its file recommends.
    Area { color: Option<[u8; 3]>, fractional: bool },
    /// Values between these two, with their unit.
    Map { range: [f32; 2], unit: String },
}

/// Something that lies over an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub key: LayerKey,
    pub name: String,
    /// The object that it is of.
    pub of: String,
    /// What else the file says of it: what it is, where, who or what made it.
    pub details: Vec<String>,
    pub kind: LayerKind,
    pub grid: Grid,
}

/// Why an object, or a part of it, is not drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub of: String,
    pub reason: NotDrawn,
}

/// Why something is not drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDrawn {
    #[error("Nothing of it lies on this image.")]
    NotHere,
    #[error("It is not drawn: {0}.")]
    Obstacle(super::placing::Obstacle),
    #[error("It could not be read: {0}")]
    Unreadable(String),
    #[error("{0} of its parts are not shown: there is no room for more in memory.")]
    NoRoom(usize),
    #[error("{0} of its graphics are not drawn: their kind or their points are none that can be.")]
    Shapes(usize),
}

/// A report or a document of the study.
#[derive(Clone, Debug)]
pub struct Related {
    pub entry: Arc<ImageEntry>,
    pub kind: ResultKind,
    pub title: String,
    /// It names the image; else only the study is the same.
    pub names_image: bool,
}

/// All that other files have to do with an image.
#[derive(Clone, Debug, Default)]
pub struct LaidOver {
    pub layers: Vec<Layer>,
    /// What reports have drawn on it.
    pub graphics: Vec<FindingGraphics>,
    pub notes: Vec<Note>,
    /// Those that name the image first, by title.
    pub related: Vec<Related>,
    /// Where the image is a segmentation or a map itself: the images that it was made of, by UID.
    pub names: Vec<String>,
}

/// Length and time of change of a file: what was read of another one is read again.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// What is kept of an object.
enum Known {
    /// None of the second where opening it again is better than keeping it.
    Laid(Box<ReadObject>, Option<Dicom>),
    Named {
        title: String,
        images: HashSet<String>,
        graphics: Vec<ReportGraphic>,
    },
    Unreadable(String),
}

/// Reads what lies over images, and keeps the headers of the objects.
#[derive(Default)]
pub struct LayerReader {
    objects: HashMap<PathBuf, (Stamp, Known)>,
    image: Option<(PathBuf, Stamp, Option<Dicom>)>,
}

impl LayerReader {
    /// What `objects` have to do with a frame. Those of no kind that is read here are passed over.
    pub fn read(&mut self, frame: &Frame, objects: &[Arc<ImageEntry>]) -> LaidOver {
        let image = self.image_of(frame);
        let mut found = LaidOver::default();
        let mut room = Room { bytes: limits::LAYER_BYTES, layers: limits::LAYERS };
        let named: HashSet<&Path> = objects.iter().map(|entry| entry.path.as_path()).collect();
        self.objects.retain(|path, _| named.contains(path.as_path()));
        let (laid, others): (Vec<_>, Vec<_>) = objects
            .iter()
            .filter_map(|entry| Some((entry, ResultKind::of(&entry.meta)?)))
            .filter(|(_, kind)| kind.is_laid_over() || kind.is_opened())
            .partition(|(_, kind)| kind.is_laid_over());
        for (entry, _) in laid.into_iter().take(limits::LAYER_OBJECTS) {
            self.lay(entry, &image, &mut room, &mut found);
        }
        let mut points = limits::ANNOTATION_POINTS;
        for (entry, kind) in others.into_iter().take(limits::PRESENTATION_STATES) {
            let related = match self.known(&entry.path) {
                Known::Named { title, images, graphics } => {
                    let names_image = images.contains(&image.sop_instance_uid);
                    let of = if title.is_empty() { entry.title.as_str() } else { title };
                    let from = (entry.identity.sop_instance_uid.as_str(), of);
                    let drawn = drawn_on(graphics, &image, from, &mut points);
                    let reasons = [(drawn.not_drawn, NotDrawn::Shapes(drawn.not_drawn))];
                    let reasons = reasons.into_iter().chain([(drawn.no_room, NotDrawn::NoRoom(drawn.no_room))]);
                    let notes = reasons.filter(|(count, _)| *count > 0);
                    found.notes.extend(notes.map(|(_, reason)| Note { of: of.to_owned(), reason }));
                    found.graphics.extend(drawn.graphics);
                    Related { entry: entry.clone(), kind, title: title.clone(), names_image }
                }
                // It is listed all the same: opening it says why it cannot be read.
                _ => Related { entry: entry.clone(), kind, title: String::new(), names_image: false },
            };
            found.related.push(related);
        }
        found.related.sort_by(|a, b| (!a.names_image, &a.title).cmp(&(!b.names_image, &b.title)));
        if let Some((_, Known::Laid(object, _))) = self.objects.get(&frame.entry.path) {
            found.names = object.references().into_iter().map(|one| one.sop_instance_uid).collect();
        }
        found
    }

    /// The image, with its place in the patient as its file says.
    fn image_of(&mut self, frame: &Frame) -> Image {
        let (entry, index) = (&frame.entry, frame.index);
        let now = stamp(&entry.path);
        if !self.image.as_ref().is_some_and(|(path, known, _)| *path == entry.path && *known == now) {
            let dicom = guarded(|| Dicom::open(&entry.path).ok()).ok().flatten();
            self.image = Some((entry.path.clone(), now, dicom));
        }
        let dicom = self.image.as_ref().and_then(|(.., dicom)| dicom.as_ref());
        Image {
            sop_instance_uid: entry.identity.sop_instance_uid.clone(),
            series_uid: entry.identity.series_uid.clone(),
            index,
            columns: frame.pixels.plane.width as u32,
            rows: frame.pixels.plane.height as u32,
            place: dicom.and_then(|dicom| PlanePlace::of(&dicom.dataset, index)),
            pixel_aspect: frame.display.pixel_aspect,
        }
    }

    fn known(&mut self, path: &Path) -> &Known {
        let now = stamp(path);
        let current = self.objects.get(path).is_some_and(|(known, _)| *known == now);
        if !current {
            self.objects.insert(path.to_owned(), (now, Known::read(path)));
        }
        &self.objects[path].1
    }

    fn lay(&mut self, entry: &ImageEntry, image: &Image, room: &mut Room, found: &mut LaidOver) {
        let known = self.known(&entry.path);
        let (object, dicom) = match known {
            Known::Laid(object, dicom) => (object, dicom),
            Known::Unreadable(reason) => {
                let reason = NotDrawn::Unreadable(reason.clone());
                // Whether it is about the image cannot be known.
                return found.notes.push(Note { of: entry.title.clone(), reason });
            }
            Known::Named { .. } => return,
        };
        let of = match object.title() {
            "" => entry.title.clone(),
            title => title.to_owned(),
        };
        let uid = &entry.identity.sop_instance_uid;
        let before = found.layers.len();
        let outcome = guarded(|| {
            let opened;
            let dicom = if let Some(dicom) = dicom {
                dicom
            } else {
                opened = Dicom::open(&entry.path)?;
                &opened
            };
            match object.as_ref() {
                ReadObject::Segmentation(one) => segments(one, dicom, image, (uid, &of), room, &mut found.layers),
                ReadObject::ParametricMap(one) => maps(one, dicom, image, (uid, &of), room, &mut found.layers),
                _ => Ok(Outcome::default()),
            }
        });
        let note = |reason| Note { of: of.clone(), reason };
        match outcome {
            Ok(Ok(outcome)) => {
                if outcome.no_room > 0 {
                    found.notes.push(note(NotDrawn::NoRoom(outcome.no_room)));
                } else if let Some(obstacle) = outcome.obstacle.filter(|_| found.layers.len() == before) {
                    found.notes.push(note(NotDrawn::Obstacle(obstacle)));
                } else if outcome.related && found.layers.len() == before {
                    found.notes.push(note(NotDrawn::NotHere));
                }
            }
            Ok(Err(error)) => found.notes.push(note(NotDrawn::Unreadable(error.to_string()))),
            Err(panicked) => found.notes.push(note(NotDrawn::Unreadable(StudyError::from(panicked).to_string()))),
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    std::fs::metadata(path).map(|file| (file.len(), file.modified().ok())).ok()
}

impl Known {
    fn read(path: &Path) -> Self {
        let read = || -> Result<Self, ReadError> {
            let mut dicom = Dicom::open(path)?;
            let object = ReadObject::of(&dicom)?;
            if matches!(object, ReadObject::Segmentation(_) | ReadObject::ParametricMap(_)) {
                // What the pixels need of the header stays; the groups of all frames are large.
                dicom.dataset.elements.remove(&dicom_dictionary_std::tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
                return Ok(Self::Laid(Box::new(object), Some(dicom).filter(|dicom| !dicom.is_in_memory())));
            }
            let images = object.references().into_iter().map(|one| one.sop_instance_uid).collect();
            let graphics = match &object {
                ReadObject::StructuredReport(report) => graphics(&report.tree),
                _ => Vec::new(),
            };
            Ok(Self::Named { title: object.title().to_owned(), images, graphics })
        };
        match guarded(read) {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => Self::Unreadable(error.to_string()),
            Err(panicked) => Self::Unreadable(StudyError::from(panicked).to_string()),
        }
    }
}

/// What is left of the memory for layers.
struct Room {
    bytes: u64,
    layers: usize,
}

impl Room {
    fn takes(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.bytes && self.layers > 0;
        if fits {
            self.bytes -= bytes;
            self.layers -= 1;
        }
        fits
    }
}

/// What became of the frames of an object.
#[derive(Default)]
struct Outcome {
    related: bool,
    obstacle: Option<super::placing::Obstacle>,
    no_room: usize,
}

impl Outcome {
    /// Whether a frame lies on the image.
    fn of(&mut self, naming: &mut Naming<'_>, frame: &ResultFrame, size: [u32; 2]) -> Option<(Affine, f64)> {
        match fit(naming, frame, size) {
            Fit::On { to_cells, distance } => {
                self.related = true;
                Some((to_cells, distance))
            }
            Fit::Elsewhere => {
                self.related = true;
                None
            }
            Fit::Impossible(obstacle) => {
                self.related = true;
                self.obstacle = Some(obstacle);
                None
            }
            Fit::Unrelated => None,
        }
    }
}

/// The segments on an image: of each the frame that is nearest.
fn segments(
    object: &Segmentation,
    dicom: &Dicom,
    image: &Image,
    (uid, of): (&str, &str),
    room: &mut Room,
    layers: &mut Vec<Layer>,
) -> Result<Outcome, StudyError> {
    let mut outcome = Outcome::default();
    let mut naming = Naming::of(image, &object.named);
    let size = [object.columns, object.rows];
    let mut nearest: BTreeMap<Option<u32>, (f64, u32, Affine)> = BTreeMap::new();
    for one in &object.frames {
        if let Some((to_cells, distance)) = outcome.of(&mut naming, &one.frame, size) {
            let best = nearest.entry(one.segment).or_insert((distance, one.frame.index, to_cells));
            if distance < best.0 {
                *best = (distance, one.frame.index, to_cells);
            }
        }
    }
    let bytes = u64::from(object.columns) * u64::from(object.rows);
    let mut add = |segment: &Segment, plane: &Plane, cells: Cells, to_cells: Affine| {
        let (width, height) = (plane.width, plane.height);
        layers.push(Layer {
            key: LayerKey { object: uid.to_owned(), part: format!("segment {}", segment.number) },
            name: segment.name(),
            of: of.to_owned(),
            details: segment_details(segment, object.kind),
            kind: LayerKind::Area {
                color: segment.color,
                fractional: matches!(object.kind, SegmentationType::Probability | SegmentationType::Occupancy),
            },
            grid: Grid { width, height, cells, to_cells },
        });
    };
    let plane_of = |frame: u32| stored_plane(dicom, frame);
    for (number, (_, frame, to_cells)) in &nearest {
        if let Some(number) = number {
            let Some(segment) = object.segments.iter().find(|one| one.number == *number) else { continue };
            if !room.takes(bytes) {
                outcome.no_room += 1;
                continue;
            }
            let plane = plane_of(*frame)?;
            let maximum = if object.kind == SegmentationType::Binary { 1 } else { object.maximum };
            let cells = of_fractions(&plane, maximum);
            if is_anywhere(&cells) {
                add(segment, &plane, cells, *to_cells);
            }
            continue;
        }
        if object.kind != SegmentationType::Labelmap {
            // Which of several segments the frame shows is not said.
            outcome.obstacle = Some(super::placing::Obstacle::NoSegment);
            continue;
        }
        let plane = plane_of(*frame)?;
        let there: HashSet<u32> = plane.values.iter().filter(|v| **v >= 0.0).map(|v| *v as u32).collect();
        for segment in
            object.segments.iter().filter(|one| !object.is_background(one.number) && there.contains(&one.number))
        {
            if room.takes(bytes) {
                add(segment, &plane, of_label(&plane, segment.number), *to_cells);
            } else {
                outcome.no_room += 1;
            }
        }
    }
    Ok(outcome)
}

fn segment_details(segment: &Segment, kind: SegmentationType) -> Vec<String> {
    let mut details = Vec::new();
    let mut say = |words: String| {
        if !words.is_empty() && words != segment.name() && !details.contains(&words) {
            details.push(words);
        }
    };
    say(segment.description.clone());
    say(segment.property.as_ref().map(|code| code.words().to_owned()).unwrap_or_default());
    say(segment.category.as_ref().map(|code| code.words().to_owned()).unwrap_or_default());
    say(segment.modifiers.iter().map(super::code::Code::words).collect::<Vec<_>>().join(", "));
    say(segment.anatomy.iter().map(super::code::Code::words).collect::<Vec<_>>().join(", "));
    say([segment.algorithm_type.to_lowercase(), segment.algorithm.clone()].join(" ").trim().to_owned());
    say(segment.parameters.clone());
    say(segment.tracking_id.clone());
    say(match kind {
        SegmentationType::Probability => "probability".into(),
        SegmentationType::Occupancy => "part of a cell".into(),
        SegmentationType::Binary | SegmentationType::Labelmap => String::new(),
    });
    details
}

/// The maps on an image: of those with one name the frames that are nearest.
fn maps(
    object: &ParametricMap,
    dicom: &Dicom,
    image: &Image,
    (uid, of): (&str, &str),
    room: &mut Room,
    layers: &mut Vec<Layer>,
) -> Result<Outcome, StudyError> {
    let mut outcome = Outcome::default();
    let mut naming = Naming::of(image, &object.named);
    let size = [object.columns, object.rows];
    let mut on: Vec<(usize, String, Affine, f64)> = Vec::new();
    for (i, one) in object.frames.iter().enumerate() {
        if let Some((to_cells, distance)) = outcome.of(&mut naming, &one.frame, size) {
            on.push((i, one.name(), to_cells, distance));
        }
    }
    let mut nearest: HashMap<&str, f64> = HashMap::new();
    for (_, name, _, distance) in &on {
        let best = nearest.entry(name).or_insert(*distance);
        *best = best.min(*distance);
    }
    let bytes = 4 * u64::from(object.columns) * u64::from(object.rows);
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (i, name, to_cells, distance) in &on {
        if *distance > nearest[name.as_str()] + 1e-6 {
            continue;
        }
        let time = times.entry(name).or_insert(0);
        *time += 1;
        if !room.takes(bytes) {
            outcome.no_room += 1;
            continue;
        }
        let one = &object.frames[*i];
        let plane = stored_plane(dicom, one.frame.index)?;
        let Some((cells, range)) = of_values(&plane, &one.scale) else { continue };
        let name = if *time > 1 { format!("{name} {time}") } else { name.clone() };
        let quantity = &one.quantity;
        let mut details = vec![quantity.explanation.clone(), quantity.label.clone()];
        details.extend(quantity.details.iter().cloned());
        details.push(object.qualification.to_lowercase());
        details.retain(|words| !words.is_empty() && *words != name);
        details.dedup();
        layers.push(Layer {
            key: LayerKey { object: uid.to_owned(), part: format!("map {name}") },
            name,
            of: of.to_owned(),
            details,
            kind: LayerKind::Map { range, unit: quantity.unit().to_owned() },
            grid: Grid { width: plane.width, height: plane.height, cells, to_cells: *to_cells },
        });
    }
    Ok(outcome)
}
