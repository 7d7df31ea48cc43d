//! The case report, as the PDF that is printed, in a DICOM object (PS3.3 A.45.1, C.24).

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::context::Context;
use super::{ObjectKind, ResultObject};
use crate::report::document;
use crate::results::{ResultsError, codes};

/// The encapsulated report of a case.
pub(super) fn object(context: &Context<'_>) -> Result<ResultObject, ResultsError> {
    let mut pdf = document(context.case)?;
    let length = pdf.len() as u32;
    if !pdf.len().is_multiple_of(2) {
        pdf.push(0);
    }
    // The pages of a report that is not anonymised say whose it is.
    let burned_in = if context.case.anonymize && !context.source.is_burned_in() { "NO" } else { "YES" };
    let item = context
        .result(ObjectKind::EncapsulatedPdf, "DOC", "case report")
        .text(tags::CONVERSION_TYPE, VR::CS, "WSD")
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::ACQUISITION_DATE_TIME, VR::DT, "")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, burned_in)
        .words(tags::DOCUMENT_TITLE, VR::ST, &context.marked("Case report, for research use only"))
        .code(tags::CONCEPT_NAME_CODE_SEQUENCE, &codes::CASE_REPORT)
        .items(tags::SOURCE_INSTANCE_SEQUENCE, vec![context.source.instance()])
        .text(tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED")
        .text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, "application/pdf")
        .bytes(tags::ENCAPSULATED_DOCUMENT, VR::OB, pdf)
        .long(tags::ENCAPSULATED_DOCUMENT_LENGTH, &[length]);
    context.finished(ObjectKind::EncapsulatedPdf, item)
}
