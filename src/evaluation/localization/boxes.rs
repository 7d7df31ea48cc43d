//! Tables of boxes: a row a box, with the image, the finding and `x`, `y`, width, height.
//!
//! ```text
//! Image Index,Finding Label,Bbox [x,y,w,h],,,
//! 00013118_008.png,Atelectasis,225.08,547.02,86.78,79.19,,,
//! ```
//!
//! That is `BBox_List_2017.csv` of NIH `ChestX-ray14`: its boxes count the pixels of images of 1024
//! × 1024, whatever size the image at hand has. Other tables name the columns in their own way (see
//! [`read`]) and count the pixels of the image itself, unless columns say how wide and high the
//! image was that was marked.
//!
//! A row that cannot be meant (a size that is not above 0, a number that is none) is refused with
//! its number, and the others count.

use super::rectangle::Rectangle;
use crate::evaluation::truth::{Truth, named};
use crate::evaluation::vocabulary::folded;
use crate::files::lines::BoundedLines;
use crate::limits;
use crate::model::manifest::Manifest;
use crate::printable::shortened;

/// Side of the images on which the NIH's boxes were drawn.
const NIH_SIDE: f64 = 1024.0;

/// What columns are called, folded (no case, blanks and punctuation).
const IMAGE: [&str; 8] = ["imageindex", "image", "imageid", "filename", "file", "imagename", "patientid", "name"];
const FINDING: [&str; 6] = ["findinglabel", "finding", "label", "class", "classname", "findings"];
const X: [&str; 3] = ["bboxx", "x", "left"];
const Y: [&str; 3] = ["y", "bboxy", "top"];
const WIDTH: [&str; 4] = ["w", "bboxw", "boxwidth", "width"];
const HEIGHT: [&str; 4] = ["h", "bboxh", "boxheight", "height"];
const IMAGE_WIDTH: [&str; 5] = ["imagewidth", "originalimagewidth", "columns", "cols", "width"];
const IMAGE_HEIGHT: [&str; 4] = ["imageheight", "originalimageheight", "rows", "height"];

/// A box as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkedBox {
    /// Line in the file, from 1.
    pub line: u64,
    /// The image's name as written.
    pub image: String,
    /// Empty where the table has no findings.
    pub finding: String,
    pub rectangle: Rectangle,
    /// Width and height of the image on which the box was drawn, where they are known.
    pub reference: Option<(f64, f64)>,
}

/// A table of boxes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Boxes {
    pub rows: Vec<MarkedBox>,
    /// Rows that cannot be meant: one sentence each.
    pub refused: Vec<String>,
    /// Rows of images without a box (all four numbers are empty).
    pub empty: usize,
    /// The table is that of the NIH: file names begin with the patient.
    pub nih: bool,
}

/// A table that holds no boxes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BoxesError {
    #[error("the table of boxes cannot be read: {}", shortened(.0))]
    Csv(String),
    #[error(
        "the table of boxes has no column for the {wanted}. It needs an image and x, y, w, h, and may have a finding, as in the \
         NIH's \"Image Index,Finding Label,Bbox [x,y,w,h]\"; its columns are {}",
        shortened(there)
    )]
    Column { wanted: &'static str, there: String },
    #[error("the table of boxes has more than {0} rows")]
    Long(usize),
    #[error("the table of boxes has no rows")]
    Empty,
}

/// Why a row of a table is refused.
#[derive(Debug, thiserror::Error, PartialEq)]
enum RowError {
    #[error("it names no image")]
    NoImage,
    #[error("\"{}\" is no number for the {what}", shortened(value))]
    NoNumber { value: String, what: &'static str },
    #[error("the {what} is {value}, and must be above 0")]
    NotPositive { what: &'static str, value: f64 },
}

/// Numbers of the columns.
struct Columns {
    image: usize,
    finding: Option<usize>,
    /// x, y, width, height.
    sides: [usize; 4],
    reference: Option<(usize, usize)>,
    nih: bool,
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, BoxesError> {
        let names: Vec<String> = header.iter().map(|h| folded(h)).collect();
        let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
        let need = |known: &[&str], wanted: &'static str| {
            let there = || header.iter().filter(|h| !h.is_empty()).map(|h| format!("\"{h}\"")).collect::<Vec<_>>();
            find(known).ok_or_else(|| BoxesError::Column { wanted, there: there().join(", ") })
        };
        let image = need(&IMAGE, "image")?;
        let sides = [
            need(&X, "left edge (x)")?,
            need(&Y, "upper edge (y)")?,
            need(&WIDTH, "width of the box (w)")?,
            need(&HEIGHT, "height of the box (h)")?,
        ];
        // "width" is the box's where no other column is.
        let other = |at: &usize| !sides.contains(at);
        let reference = find(&IMAGE_WIDTH).filter(other).zip(find(&IMAGE_HEIGHT).filter(other));
        let nih = names[sides[0]] == "bboxx" && names[image] == "imageindex";
        Ok(Self { image, finding: find(&FINDING), sides, reference, nih })
    }
}

/// Reads a table. Columns are found by their names, without regard to case, blanks and punctuation.
pub(super) fn read(bytes: &[u8]) -> Result<Boxes, BoxesError> {
    let said = |e: &csv::Error| BoxesError::Csv(e.to_string());
    let mut table = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(bytes));
    let header = table.headers().map_err(|e| said(&e))?;
    let header: Vec<String> = header.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let columns = Columns::of(&header)?;
    let mut boxes = Boxes { nih: columns.nih, ..Boxes::default() };
    for (number, record) in table.records().enumerate() {
        let record = record.map_err(|e| said(&e))?;
        if number >= limits::FILES_AT_ONCE {
            return Err(BoxesError::Long(limits::FILES_AT_ONCE));
        }
        let line = record.position().map_or(number as u64 + 2, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        if columns.sides.iter().all(|at| cell(*at).is_empty()) {
            boxes.empty += 1;
            continue;
        }
        match row(line, &cell, &columns) {
            Ok(row) => boxes.rows.push(row),
            Err(reason) => {
                boxes.refused.push(format!("row {line} of the table of boxes ({}): {reason}", cell(columns.image)));
            }
        }
    }
    if boxes.rows.is_empty() && boxes.refused.is_empty() && boxes.empty == 0 {
        return Err(BoxesError::Empty);
    }
    Ok(boxes)
}

fn row<'a>(line: u64, cell: &impl Fn(usize) -> &'a str, columns: &Columns) -> Result<MarkedBox, RowError> {
    let number = |at: usize, what: &'static str| {
        let value = cell(at).parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| RowError::NoNumber { value: cell(at).to_owned(), what })
    };
    let size = |at: usize, what: &'static str| {
        let value = number(at, what)?;
        if value > 0.0 { Ok(value) } else { Err(RowError::NotPositive { what, value }) }
    };
    if cell(columns.image).is_empty() {
        return Err(RowError::NoImage);
    }
    let [x, y, width, height] = columns.sides;
    let rectangle = Rectangle {
        x: number(x, "left edge (x) of the box")?,
        y: number(y, "upper edge (y) of the box")?,
        width: size(width, "width of the box")?,
        height: size(height, "height of the box")?,
    };
    let reference = match columns.reference {
        Some((across, down)) => Some((size(across, "width of the image")?, size(down, "height of the image")?)),
        None => columns.nih.then_some((NIH_SIDE, NIH_SIDE)),
    };
    let finding = columns.finding.map(|at| cell(at).to_owned()).unwrap_or_default();
    Ok(MarkedBox { line, image: cell(columns.image).to_owned(), finding, rectangle, reference })
}

impl MarkedBox {
    /// The box in the pixels of the image at hand.
    #[must_use]
    pub fn in_pixels(&self, width: usize, height: usize) -> Rectangle {
        match self.reference {
            Some((across, down)) => self.rectangle.scaled(width as f64 / across, height as f64 / down),
            None => self.rectangle,
        }
    }
}

/// The label or group that a table of boxes means. The NIH calls "Infiltrate" here what it calls
/// "Infiltration" everywhere else.
#[must_use]
pub(super) fn finding(manifest: &Manifest, name: &str) -> Option<Truth> {
    let other = if folded(name) == "infiltrate" { "Infiltration" } else { "" };
    named(manifest, name).or_else(|| named(manifest, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIH: &str = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n";

    fn words(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_table_of_the_nih_is_read_as_it_is() {
        let text = format!(
            "{NIH}00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169492,79.1864406779661,,,\n"
        );
        let boxes = read(text.as_bytes()).unwrap();
        assert!(boxes.nih);
        let row = &boxes.rows[0];
        assert_eq!((row.line, row.image.as_str(), row.finding.as_str()), (2, "00013118_008.png", "Atelectasis"));
        assert!((row.rectangle.x - 225.084_745).abs() < 1e-5 && (row.rectangle.height - 79.186_440).abs() < 1e-5);
        assert_eq!(row.in_pixels(1024, 1024), row.rectangle);
        let half = row.in_pixels(512, 512);
        assert_eq!((half.x, half.width), (row.rectangle.x / 2.0, row.rectangle.width / 2.0));
    }

    #[test]
    fn columns_may_have_other_names_and_any_order() {
        let boxes = read(b"\xef\xbb\xbfh,w,y,x,label,file_name\n4,3,2,1,Mass,a.png\n").unwrap();
        let row = &boxes.rows[0];
        assert_eq!(row.rectangle, Rectangle { x: 1.0, y: 2.0, width: 3.0, height: 4.0 });
        assert_eq!((row.reference, boxes.nih), (None, false));
        assert_eq!(row.in_pixels(50, 60), row.rectangle);
        // RSNA: no finding, and the width is the box's; images without a box have empty cells.
        let rsna = read(b"patientId,x,y,width,height,Target\na,1,2,3,4,1\nb,,,,,0\n").unwrap();
        assert_eq!((rsna.rows.len(), rsna.empty, rsna.rows[0].finding.as_str()), (1, 1, ""));
    }

    #[test]
    fn the_size_of_the_marked_image_may_stand_in_columns() {
        let boxes = read(b"image,finding,x,y,w,h,width,height\na.png,Mass,10,20,30,40,100,200\n").unwrap();
        let row = &boxes.rows[0];
        assert_eq!(row.reference, Some((100.0, 200.0)));
        assert_eq!(row.in_pixels(50, 50), Rectangle { x: 5.0, y: 5.0, width: 15.0, height: 10.0 });
    }

    #[test]
    fn a_row_that_cannot_be_meant_is_refused_with_its_number() {
        let text = format!(
            "{NIH}a.png,Mass,1,1,-5,9\nb.png,Mass,NaN,1,5,9\nc.png,Mass,1,1,5,9\nd.png,Mass,1,1,5\n,Mass,1,1,5,9\n"
        );
        let boxes = read(text.as_bytes()).unwrap();
        assert_eq!(boxes.rows.len(), 1);
        assert_eq!(
            boxes.refused,
            [
                "row 2 of the table of boxes (a.png): the width of the box is -5, and must be above 0",
                "row 3 of the table of boxes (b.png): \"NaN\" is no number for the left edge (x) of the box",
                "row 5 of the table of boxes (d.png): \"\" is no number for the height of the box",
                "row 6 of the table of boxes (): it names no image",
            ]
        );
    }

    #[test]
    fn a_table_of_something_else_is_told_what_is_there_and_what_is_wanted() {
        let said = words("image,score\na.png,0.4\n");
        assert!(said.contains("no column for the left edge (x)"), "{said}");
        assert!(said.contains("its columns are \"image\", \"score\"") && said.contains("Bbox [x,y,w,h]"), "{said}");
        assert!(words("").contains("no column for the image"));
        assert_eq!(words(NIH), "the table of boxes has no rows");
    }

    #[test]
    fn infiltrate_is_infiltration() {
        let mut manifest = crate::evaluation::truth::tests::chest();
        assert_eq!(finding(&manifest, "Infiltrate"), None);
        manifest.labels[2].name = "Infiltration".into();
        assert_eq!(finding(&manifest, "Infiltrate"), Some(Truth::Class(2)));
        assert_eq!(finding(&manifest, "PNEUMONIA"), Some(Truth::Group(0)));
    }
}
