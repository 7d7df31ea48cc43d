//! Transfer syntaxes by their names.

use dicom_encoding::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// The name of a transfer syntax, or its UID where it has none.
#[must_use]
pub fn transfer_syntax_name(uid: &str) -> String {
    match uid {
        // Newer than the registry, or of a vendor.
        "1.2.840.10008.1.2.8.1" => "Deflated Image Frame Compression".into(),
        "1.2.840.10008.1.2.4.110" => "JPEG XL Lossless".into(),
        "1.2.840.10008.1.2.4.111" => "JPEG XL JPEG Recompression".into(),
        "1.2.840.10008.1.2.4.112" => "JPEG XL".into(),
        "1.2.840.113619.5.2" => "Implicit VR Little Endian with big-endian pixels (GE)".into(),
        _ => {
            TransferSyntaxRegistry.get(uid).map_or_else(|| format!("transfer syntax {uid}"), |ts| ts.name().to_owned())
        }
    }
}
