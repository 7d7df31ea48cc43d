//! From a stream to planes: tables are taken in, scans are read one after another, and what they
//! brought is counted (ITU-T T.81 B.2.1).
//!
//! What is wrong before the first scan is an error. Behind it the image is what came.

use super::bits::Bits;
use super::error::JpegError;
use super::header::{Frame, ScanHeader, lines};
use super::planes::{Course, Planes};
use super::process::Process;
use super::progressive::{self, Store};
use super::segments::{Segments, marker};
use super::tables::Tables;
use super::{lossless, sequential};
use crate::image::Expected;

/// Zeros at the end of a stream that are no data.
const HOLE: usize = 64;
/// Most bits that a coefficient may lack behind a scan.
const LOWEST_BIT: u8 = 13;

/// Decodes the components of an image, each at its own size.
///
/// # Errors
/// Says what stands against an image: see [`JpegError`]. Data that ends or is damaged behind the
/// beginning of the first scan is no error; [`Planes::complete_rows`] tells.
pub fn decode_planes(stream: &[u8], expected: Expected) -> Result<Planes, JpegError> {
    let stream = without_hole(stream);
    let mut segments = Segments::of_image(stream).ok_or(JpegError::NoImage)?;
    let mut decoder = Decoder { stream, expected, tables: Tables::default(), frame: None, image: None };
    while let Some(segment) = segments.next() {
        match segment.marker {
            marker::EOI => break,
            marker::SOS => match decoder.scan(segment.body, segment.end) {
                Ok(end) => segments.jump(end),
                Err(error) if decoder.image.as_ref().is_none_or(|image| image.scans == 0) => return Err(error),
                // What it would have brought is missing.
                Err(_) => {}
            },
            _ if decoder.frame.is_none() => {
                decoder.tables.take(&segment);
                decoder.frame = Frame::of(&segment).transpose()?;
            }
            _ => decoder.tables.take(&segment),
        }
    }
    decoder.image.filter(|image| image.scans > 0).map(Reached::finish).ok_or(JpegError::EndsEarly)
}

/// The stream without the zeros that stand where an interrupted copy left a hole: they would be
/// read as codes.
fn without_hole(stream: &[u8]) -> &[u8] {
    let end = stream.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if stream.len() - end >= HOLE { stream.get(..end).unwrap_or_default() } else { stream }
}

struct Decoder<'a> {
    stream: &'a [u8],
    expected: Expected,
    tables: Tables,
    frame: Option<Frame>,
    image: Option<Reached>,
}

/// What has been read of an image.
struct Reached {
    planes: Planes,
    /// Coefficients of progressive data.
    store: Option<Store>,
    /// Scans that were read.
    scans: usize,
}

impl Reached {
    fn of(frame: &Frame) -> Result<Self, JpegError> {
        if frame.process == Process::Lossless && frame.is_subsampled() {
            return Err(JpegError::SubsampledLossless);
        }
        let planes = Planes::of(frame)?;
        let store = (frame.process == Process::Progressive).then(|| Store::of(&planes)).transpose()?;
        Ok(Self { planes, store, scans: 0 })
    }

    fn finish(mut self) -> Planes {
        self.planes.complete_rows = self.planes.planes.iter().map(|plane| plane.rows_there).min().unwrap_or(0);
        if let Some(store) = self.store {
            store.finish(&mut self.planes);
        }
        self.planes
    }

    /// The numbers of the components that a scan names.
    ///
    /// Some encoders call several components the same, and some call them otherwise than the frame
    /// does: then their order counts.
    fn components(&self, header: &ScanHeader) -> Result<Vec<usize>, JpegError> {
        let planes = &self.planes.planes;
        let mut numbers = Vec::new();
        for (id, ..) in &header.components {
            let free = |number: &usize| !numbers.contains(number);
            let called =
                (0..planes.len()).filter(|n| planes.get(*n).is_some_and(|p| p.component.id == *id)).filter(free);
            let (fresh, known): (Vec<_>, Vec<_>) = called.partition(|n| planes.get(*n).is_some_and(|p| !p.came));
            let by_order = (header.components.len() == planes.len()).then_some(numbers.len()).filter(free);
            let number = fresh.first().or(known.first()).copied().or(by_order);
            numbers.push(number.ok_or(JpegError::Damaged("a scan names a component that there is none of"))?);
        }
        Ok(numbers)
    }
}

impl Decoder<'_> {
    /// Reads a scan whose data begins at `begin`: where it ends.
    fn scan(&mut self, body: &[u8], begin: usize) -> Result<usize, JpegError> {
        let header = ScanHeader::of(body)?;
        if self.image.is_none() {
            let frame = self.frame.as_mut().ok_or(JpegError::EndsEarly)?;
            if frame.rows == 0 {
                frame.rows = lines(self.stream, begin).unwrap_or(self.expected.rows);
            }
            frame.check(self.expected)?;
            self.image = Some(Reached::of(frame)?);
        }
        let image = self.image.as_mut().ok_or(JpegError::EndsEarly)?;
        let components = image.components(&header)?;
        let process = image.planes.process;
        let course = Course::of(&image.planes, &components).ok_or(JpegError::Damaged("a scan has no components"))?;
        let again = components.iter().any(|n| image.planes.planes.get(*n).is_some_and(|plane| plane.came));
        if again && process != Process::Progressive {
            return Err(JpegError::Damaged("a component comes in two scans"));
        }
        if process != Process::Lossless {
            for number in &components {
                if let Some(plane) = image.planes.planes.get_mut(*number).filter(|plane| plane.steps.is_none()) {
                    plane.steps = Some(*self.tables.steps(plane.component.quantization.into())?);
                }
            }
        }
        let mut bits = Bits::new(self.stream, begin);
        let missing = match process {
            Process::Lossless => lossless(&self.tables, &course, &header, &mut image.planes, &mut bits),
            Process::Progressive => match &mut image.store {
                Some(store) => progressive(&self.tables, &course, &header, store, &mut bits),
                None => Ok(0),
            },
            Process::Baseline | Process::Extended => {
                sequential(&self.tables, &course, &header, &mut image.planes, &mut bits)
            }
        }?;
        image.scans += 1;
        let rows = course.rows_before(missing, image.planes.rows);
        let tells_rows = process != Process::Progressive || (header.first, header.high) == (0, 0);
        for number in components {
            if let Some(plane) = image.planes.planes.get_mut(number) {
                plane.came = true;
                if tells_rows {
                    plane.rows_there = plane.rows_there.max(rows);
                }
            }
        }
        Ok(bits.place())
    }
}

/// Reads a lossless scan: the first group of samples that is missing.
fn lossless(
    tables: &Tables,
    course: &Course,
    header: &ScanHeader,
    image: &mut Planes,
    bits: &mut Bits<'_>,
) -> Result<usize, JpegError> {
    if course.parts.iter().any(|part| part.wide * part.high != 1) {
        return Err(JpegError::SubsampledLossless);
    }
    if !(1..=7).contains(&header.first) {
        return Err(JpegError::Damaged("the predictor of a lossless scan is none of 1 to 7"));
    }
    if header.low >= image.precision {
        return Err(JpegError::Damaged("the point transform of a lossless scan leaves no bits"));
    }
    let codes = header.components.iter().map(|(_, slot, _)| tables.dc_codes(*slot)).collect::<Result<_, _>>()?;
    let interval = tables.restart_interval;
    lossless::Scan { course, codes, predictor: header.first, point_transform: header.low, interval }.read(image, bits)
}

/// Reads a sequential scan: the first group of blocks that is missing. It brings all coefficients,
/// whatever its header says of them.
fn sequential(
    tables: &Tables,
    course: &Course,
    header: &ScanHeader,
    image: &mut Planes,
    bits: &mut Bits<'_>,
) -> Result<usize, JpegError> {
    let codes = |&(_, dc, ac): &(u8, usize, usize)| Ok((tables.dc_codes(dc)?, tables.ac_codes(ac)?));
    let codes = header.components.iter().map(codes).collect::<Result<_, JpegError>>()?;
    sequential::Scan { course, codes, interval: tables.restart_interval }.read(image, bits)
}

/// Reads a progressive scan: the first group of blocks that is missing.
fn progressive(
    tables: &Tables,
    course: &Course,
    header: &ScanHeader,
    store: &mut Store,
    bits: &mut Bits<'_>,
) -> Result<usize, JpegError> {
    let ScanHeader { first, last, high, low, .. } = *header;
    let band = if first == 0 { last == 0 } else { first <= last && last < 64 };
    if !band || low > LOWEST_BIT || (high > 0 && high != low + 1) {
        return Err(JpegError::Damaged("a progressive scan says that it brings what none can"));
    }
    if !store.admits(course) {
        return Err(JpegError::Damaged("there are more scans than an image needs"));
    }
    let codes = match (first, high) {
        (0, 0) => header.components.iter().map(|(_, dc, _)| tables.dc_codes(*dc)).collect::<Result<_, _>>()?,
        (0, _) => Vec::new(),
        _ => header.components.iter().map(|(.., ac)| tables.ac_codes(*ac)).collect::<Result<_, _>>()?,
    };
    progressive::Scan { course, header, codes, interval: tables.restart_interval }.read(store, bits)
}
