//! Every budget of the program in one place.
//!
//! Files come from CDs and portals and may be hostile: whatever allocates by a number that a file
//! declares checks it against one of these first.

/// Largest file that is read into memory, in bytes.
pub const FILE_BYTES: u64 = 1 << 30;
/// Most pixels of one frame or picture (rows × columns).
pub const FRAME_PIXELS: u64 = 120_000_000;
/// Most frames that one object may declare.
pub const FRAMES: u32 = 20_000;
/// Most bytes of decoded pixel data held for one object.
pub const DECODED_BYTES: u64 = 1 << 31;
/// Deepest nesting of sequences in a DICOM object.
pub const SEQUENCE_DEPTH: usize = 64;
/// Most elements and items in the header of a DICOM object.
pub const ELEMENTS: usize = 1_000_000;
/// Longest value of a DICOM header that is read into memory (pixel data apart), in bytes.
pub const VALUE_BYTES: u64 = 1 << 20;
/// Most files listed from the folders opened at once.
pub const FILES_AT_ONCE: usize = 200_000;
/// Most files and folders that a walk through a folder looks at.
pub const FOLDER_ENTRIES: usize = 1_000_000;
/// Deepest nesting of folders that a walk goes into.
pub const FOLDER_DEPTH: usize = 64;
/// Largest configuration of a training run, in bytes.
pub const CONFIGURATION_BYTES: u64 = 1 << 20;
/// Largest table of labels, boxes, scores or splits, in bytes.
pub const TABLE_BYTES: u64 = 256 << 20;
/// Largest report (JSON) that is read back, in bytes.
pub const REPORT_BYTES: u64 = 64 << 20;
/// Largest manifest or card of a model, in bytes.
pub const MANIFEST_BYTES: u64 = 1 << 20;
/// Largest weights file of a model, in bytes.
pub const WEIGHT_BYTES: u64 = 2 << 30;
/// Largest population detector of a model, in bytes.
pub const DETECTOR_BYTES: u64 = 64 << 20;
/// Longest pickle (the description of a PyTorch file's tensors, not their values), in bytes.
pub const PICKLE_BYTES: u64 = 64 << 20;
/// Most objects that one pickle may make.
pub const PICKLE_OBJECTS: usize = 4_000_000;
/// Most tensors that a foreign weights file may hold.
pub const FOREIGN_TENSORS: usize = 100_000;
/// Deepest nesting of modules and groups in a foreign weights file.
pub const FOREIGN_DEPTH: usize = 64;
