//! What readers said as tables that evaluation and training take as data: truths, and boxes.
//!
//! **Truths**: a row an image, a column a finding that was answered at least once: 1 present, 0
//! absent, −1 not known, because the reader was unsure or did not look (as `CheXpert` writes uncertain
//! labels: an empty cell would be read as absent). Beside it `answer FINDING` (agree, disagree,
//! unsure), `p FINDING` (what the model had said) and `before FINDING` (1 where the reader had not seen
//! the result), empty where the finding was not looked at. **Boxes**: a row a mark, as `image, finding,
//! x, y, w, h` with the size of the image that was marked. An ellipse or an outline is the upright box
//! around it.
//!
//! Neither holds a name, a date, a UID or a word of the reader's. Images are named by the first digits
//! of the SHA-256 of their pixels, unless the caller knows the files.
//!
//! A reader's answer is no truth by itself, and one that was given with the result in sight leans
//! towards it; whoever trains on it trains on both.

use super::{Answer, CaseFeedback, MarkReason, Opinion};
use crate::measurement::identity::ImageIdentity;

/// Digits of a hash that name an image.
const DIGITS: usize = 16;

/// An image of the tables.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// As the tables name it.
    pub name: String,
    /// Columns and rows, where they are known: where a mark was drawn they are.
    pub size: Option<[usize; 2]>,
    pub said: CaseFeedback,
}

/// A table, and what could not stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxTable {
    pub csv: Vec<u8>,
    pub boxes: usize,
    /// Marks without width or height.
    pub flat: usize,
}

/// A name that tells nobody whose image it is.
#[must_use]
pub fn pseudonym(image: &ImageIdentity) -> String {
    let digits: String = image.pixels_sha256.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
    if image.frame == 0 { digits } else { format!("{digits}-frame{}", image.frame + 1) }
}

/// The findings that were answered, in the order of `known`; others behind them by name.
fn findings<'a>(rows: &'a [ImageRow], known: &'a [String]) -> Vec<&'a str> {
    let answered = |name: &str| rows.iter().any(|row| row.said.of(name).is_some());
    let mut names: Vec<&str> = known.iter().map(String::as_str).filter(|name| answered(name)).collect();
    let mut others: Vec<&str> =
        rows.iter().flat_map(|row| &row.said.answers).map(|answer| answer.finding.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|name| !names.contains(name));
    names.extend(others);
    names
}

/// The table of truths; `known` are the findings of the model in its order.
///
/// # Errors
/// When the table cannot be written.
pub fn truths(rows: &[ImageRow], known: &[String]) -> Result<Vec<u8>, csv::Error> {
    let findings = findings(rows, known);
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["image".to_owned()];
    for finding in &findings {
        header.extend([(*finding).to_owned(), format!("answer {finding}"), format!("p {finding}")]);
        header.push(format!("before {finding}"));
    }
    table.write_record(&header)?;
    for row in rows.iter().filter(|row| !row.said.answers.is_empty()) {
        let mut cells = vec![row.name.clone()];
        for finding in &findings {
            let Some(answer) = row.said.of(finding) else {
                cells.extend(["-1", "", "", ""].map(str::to_owned));
                continue;
            };
            let truth = match answer.opinion {
                Opinion::Present => "1",
                Opinion::Absent => "0",
                Opinion::Unsure => "-1",
            };
            let probability = answer.said.map_or(String::new(), |said| said.probability.to_string());
            cells.extend([truth.to_owned(), answer.answer().map_or("", Answer::name).to_owned(), probability]);
            cells.push(u8::from(answer.before_result).to_string());
        }
        table.write_record(&cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// The table of boxes.
///
/// # Errors
/// When the table cannot be written.
pub fn boxes(rows: &[ImageRow]) -> Result<BoxTable, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["image", "finding", "x", "y", "w", "h", "image_width", "image_height", "reason", "before"])?;
    let (mut count, mut flat) = (0, 0);
    for row in rows {
        let Some([columns, rows]) = row.size else { continue };
        for mark in &row.said.marks {
            let Some([left, top, right, bottom]) = mark.bounds() else { continue };
            let (width, height) = (right - left, bottom - top);
            if width <= 0.0 || height <= 0.0 {
                flat += 1;
                continue;
            }
            count += 1;
            let reason = match mark.reason {
                MarkReason::Missed => "missed",
                MarkReason::Misplaced => "misplaced",
            };
            let numbers = [left, top, width, height].map(|v| v.to_string());
            let sides = [columns, rows].map(|v| v.to_string());
            let before = u8::from(mark.before_result).to_string();
            let cells = [row.name.as_str(), mark.finding.as_str()].into_iter();
            let cells = cells.chain(numbers.iter().chain(&sides).map(String::as_str));
            table.write_record(cells.chain([reason, before.as_str()]))?;
        }
    }
    let csv = table.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(BoxTable { csv, boxes: count, flat })
}

#[cfg(test)]
mod tests {
    use chrono::Local;

    use super::super::{Call, FindingAnswer, FreeRemark, Mark, Said};
    use super::*;
    use crate::measurement::{Kind, Point, Words};

    fn answer(finding: &str, opinion: Opinion, before_result: bool) -> FindingAnswer {
        let said = Said { probability: 0.75, threshold: 0.5, call: Some(Call::Present) };
        let said = (!before_result).then_some(said);
        FindingAnswer { finding: finding.into(), opinion, said, at: Local::now(), before_result }
    }

    fn mark(points: &[Point]) -> Mark {
        Mark {
            measurement: 1,
            finding: "Mass".into(),
            reason: MarkReason::Missed,
            kind: Kind::Ellipse,
            points: points.to_vec(),
            at: Local::now(),
            before_result: false,
        }
    }

    fn rows() -> Vec<ImageRow> {
        let remark = FreeRemark { text: Words("Jane".into()), at: Local::now(), before_result: false };
        let first = CaseFeedback {
            answers: vec![answer("Mass", Opinion::Present, false), answer("Edema", Opinion::Unsure, true)],
            marks: vec![mark(&[[40.0, 10.0], [10.0, 30.5]]), mark(&[[5.0, 5.0], [5.0, 9.0]])],
            remark: Some(remark),
        };
        let second = CaseFeedback { answers: vec![answer("Mass", Opinion::Absent, false)], ..CaseFeedback::default() };
        vec![
            ImageRow { name: "a.png".into(), size: Some([100, 80]), said: first },
            ImageRow { name: "b.png".into(), size: None, said: second },
        ]
    }

    #[test]
    fn truths_are_one_a_finding_and_what_was_not_looked_at_is_not_known() {
        let text = String::from_utf8(truths(&rows(), &["Edema".into(), "Mass".into(), "Hernia".into()]).unwrap());
        assert_eq!(
            text.unwrap(),
            "image,Edema,answer Edema,p Edema,before Edema,Mass,answer Mass,p Mass,before Mass\n\
             a.png,-1,unsure,,1,1,agree,0.75,0\nb.png,-1,,,,0,disagree,0.75,0\n"
        );
    }

    #[test]
    fn boxes_are_upright_with_the_size_of_their_image_and_flat_ones_are_counted() {
        let table = boxes(&rows()).unwrap();
        assert_eq!((table.boxes, table.flat), (1, 1));
        assert_eq!(
            String::from_utf8(table.csv).unwrap(),
            "image,finding,x,y,w,h,image_width,image_height,reason,before\na.png,Mass,10,10,30,20.5,100,80,missed,0\n"
        );
    }

    #[test]
    fn an_image_is_named_by_its_pixels_and_frame() {
        let image = |frame| ImageIdentity {
            pixels_sha256: "0123456789abcdef0123456789abcdef".into(),
            sop_instance_uid: "1.2.3".into(),
            frame,
        };
        assert_eq!(pseudonym(&image(0)), "0123456789abcdef");
        assert_eq!(pseudonym(&image(4)), "0123456789abcdef-frame5");
    }
}
