//! Where decoded lines go: samples interleaved by pixel, mapped and back in their colours.

use super::JpegLsError;
use super::colour::Transform;
use super::header::{Frame, Interleave, ScanHeader, Segments};
use super::lines::Lines;
use super::mapping::Mapping;

/// The place of one scan's components in the image.
pub(super) struct Destination<'a> {
    samples: &'a mut [u16],
    columns: usize,
    /// Samples of a pixel.
    pixel: usize,
    components: Vec<usize>,
    finish: Finish,
}

/// What is done to decoded samples.
pub(super) struct Finish {
    mappings: Vec<Option<Mapping>>,
    transform: Transform,
    /// Bits of a coded sample.
    precision: u8,
}

impl Finish {
    pub(super) fn of(segments: &Segments, frame: &Frame, scan: &ScanHeader) -> Result<Self, JpegLsError> {
        let precision = frame.precision;
        let maxval = segments.presets.resolve(precision, scan.near)?.maxval;
        let mappings =
            scan.tables.iter().map(|id| segments.tables.mapping(*id, maxval)).collect::<Result<Vec<_>, _>>()?;
        let transform = segments.transform;
        if transform != Transform::None {
            let fits = scan.interleave != Interleave::None
                && (frame.components.len(), scan.components.len()) == (3, 3)
                && matches!(precision, 8 | 16)
                && mappings.iter().all(Option::is_none);
            if !fits {
                let what =
                    format!("the colour transform {transform:?} on other than interleaved colours of 8 or 16 bits");
                return Err(JpegLsError::Unsupported(what));
            }
        }
        Ok(Self { mappings, transform, precision })
    }

    /// Bits of the samples of the first component; `None` where the others have more or fewer.
    pub(super) fn precision(&self) -> Option<u8> {
        let of = |mapping: &Option<Mapping>| mapping.as_ref().map_or(self.precision, |mapping| mapping.precision);
        let first = of(self.mappings.first()?);
        self.mappings.iter().all(|mapping| of(mapping) == first).then_some(first)
    }
}

impl<'a> Destination<'a> {
    /// `samples` are rows of `columns` pixels of `pixel` samples, of which the scan has `components`.
    pub(super) fn new(
        samples: &'a mut [u16],
        columns: usize,
        pixel: usize,
        components: Vec<usize>,
        finish: Finish,
    ) -> Self {
        Self { samples, columns, pixel, components, finish }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn rows(&self) -> usize {
        self.samples.len() / (self.columns * self.pixel)
    }

    /// How many components the scan has.
    pub(super) fn components(&self) -> usize {
        self.components.len()
    }

    /// Takes in one line of every component.
    pub(super) fn write_row(&mut self, row: usize, lines: &[Lines]) {
        let length = self.columns * self.pixel;
        let Some(out) = self.samples.chunks_exact_mut(length).nth(row) else { return };
        let Finish { mappings, transform, precision } = &self.finish;
        if let (Transform::Hp1 | Transform::Hp2 | Transform::Hp3, [a, b, c]) = (transform, lines) {
            let pixels = a.samples().iter().zip(b.samples()).zip(c.samples());
            for (pixel, ((a, b), c)) in out.chunks_exact_mut(self.pixel).zip(pixels) {
                let rgb = transform.undo([*a, *b, *c], *precision);
                for (place, sample) in self.components.iter().zip(rgb) {
                    pixel[*place] = sample;
                }
            }
            return;
        }
        for ((line, place), mapping) in lines.iter().zip(&self.components).zip(mappings) {
            let slots = out.iter_mut().skip(*place).step_by(self.pixel);
            match mapping {
                Some(mapping) => slots.zip(line.samples()).for_each(|(slot, index)| *slot = mapping.of(*index)),
                None if self.pixel == 1 => out.copy_from_slice(line.samples()),
                None => slots.zip(line.samples()).for_each(|(slot, sample)| *slot = *sample),
            }
        }
    }
}
