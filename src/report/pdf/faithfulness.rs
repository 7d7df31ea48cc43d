//! How faithful the printed map is to the model: the sentence, and the small table that it rests
//! on.

use crate::engine::map_request::MapFaithfulness;
use crate::explain::faithfulness::measure::Measured;
use crate::explain::faithfulness::{verdict, words};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, paragraph};
use crate::language::{decimal, digits, said, text, tr, translated};
use crate::report::case::CaseReport;
use crate::wording::{faithfulness as wording, faithfulness_verdict};

const ROW: f32 = 11.5;
/// Right ends of the columns of numbers, from the left.
const ENDS: [f32; 3] = [150.0, 215.0, 280.0];

/// The block; nothing where nobody asked.
pub(super) fn faithfulness(case: &CaseReport, width: f32) -> Option<Block> {
    let MapFaithfulness { method, subject, layer, measured: found, whole } = case.faithfulness.as_ref()?;
    let (subject, name) = (subject.name(&case.model.manifest), method.name());
    let which = if method.has_layer() {
        tr!("Map of {subject}, {method} at {layer}.", subject, method = name, layer)
    } else {
        tr!("Map of {subject}, {method}.", subject, method = name)
    };
    let mut block = paragraph(&faithfulness_verdict::sentence(found), BODY.bold(), width);
    if !found.measures.is_empty() {
        block.stack(2.0, &table(&found.measures, width));
    }
    let mut sentences = vec![which];
    sentences.extend(found.sensitivity.map(wording::sensitivity));
    sentences.extend(
        (found.randomization.as_ref())
            .map(|check| tr!("Randomisation check: {outcome}", outcome = wording::randomization(check))),
    );
    match (found.sensitivity, &found.randomization) {
        _ if found.measures.is_empty() => {}
        (_, None) if *whole => sentences.push(wording::too_costly(*method)),
        (_, None) => {
            sentences.push(text!("Sensitivity to noise and the randomisation check were not finished.").into());
        }
        (None, Some(_)) => sentences.push(text!("Sensitivity to noise is not defined for this map.").into()),
        (Some(_), Some(_)) => {}
    }
    sentences.extend(method.fails_sanity_check().map(said));
    block.stack(2.0, &paragraph(&sentences.join(" "), BODY, width));
    block.stack(1.0, &paragraph(translated(words::NOT_THE_FINDING), CAPTION, width));
    Some(block)
}

fn table(measures: &[Measured], width: f32) -> Block {
    let mut block = Block::space(CAPTION.line() + 1.0);
    for (x, word) in ENDS.into_iter().zip([text!("this map"), text!("centred blob"), text!("random map")]) {
        block.text(x, 0.0, Align::Right, CAPTION, word);
    }
    block.text(ENDS[2] + 16.0, 0.0, Align::Left, CAPTION, text!("better"));
    for measured in measures {
        let mut row = Block::space(ROW);
        let best = words::best(measured);
        row.text(0.0, 0.0, Align::Left, BODY, translated(measured.measure.name()));
        let values = [&measured.map, &measured.blob, &measured.random];
        for ((x, value), best) in ENDS.into_iter().zip(values).zip(best) {
            let style = if best { BODY.bold() } else { BODY.ink(Ink::Muted) };
            let sign = if value.value < -0.0005 { "−" } else { "" };
            let number = format!("{sign}{}", digits(value.value.abs(), 3));
            row.text(x, 0.0, Align::Right, style, &number);
            if best {
                let left = x - style.width(&number) - 6.0;
                row.fill(left, BODY.line() / 2.0 - 1.2, 2.4, 2.4, Ink::Accent);
            }
        }
        row.text(ENDS[2] + 16.0, 0.0, Align::Left, BODY.ink(Ink::Muted), translated(words::better(measured.better)));
        let top = block.height;
        block.put(0.0, top, &row);
    }
    let margin = decimal(verdict::MARGIN.to_string());
    let key = tr!("Bold values behind a square: the best, and what lies within {margin} of it.", margin);
    block.stack(0.0, &paragraph(&key, CAPTION, width));
    block
}
