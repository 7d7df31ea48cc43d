//! Every budget of the program in one place.
//!
//! Files come from CDs and portals and may be hostile: whatever allocates by a number that a file
//! declares checks it against one of these first.

/// Largest file that is read into memory, in bytes.
pub const FILE_BYTES: u64 = 1 << 30;
/// Largest DICOM file, in bytes: of its pixels, one frame at a time is read.
pub const OBJECT_BYTES: u64 = 64 << 30;
/// Most pixels of one frame or image (rows × columns).
pub const FRAME_PIXELS: u64 = 120_000_000;
/// Longest side of one frame or image, in pixels: what DICOM and JPEG can say.
pub const FRAME_SIDE: u32 = 65_535;
/// Most samples of one frame or image (pixels × components).
pub const FRAME_SAMPLES: u64 = 330_000_000;
/// Most samples of one frame in JPEG 2000.
pub const JPEG_2000_SAMPLES: usize = 200_000_000;
/// Most tiles of a frame in JPEG 2000 (tiles × components); each takes ten kilobytes, however small.
pub const JPEG_2000_TILES: usize = 20_000;
/// Most frames that one object may declare.
pub const FRAMES: u32 = 20_000;
/// Longest decoded pixel data of one frame, in bytes; beside it stand the values that are made of it,
/// four bytes a pixel, and what is shown.
pub const DECODED_BYTES: u64 = 512 << 20;
/// Most seconds that the processor may work for an image in a decoder that is not ours, beside those
/// that its size gives it.
pub const DECODE_SECONDS: u64 = 4;
/// Samples of an image that give such a decoder a second more.
pub const DECODE_SAMPLES_A_SECOND: u64 = 4_000_000;
/// Bytes of its stream that do so too.
pub const DECODE_STREAM_BYTES_A_SECOND: u64 = 2_000_000;
/// How many times as long as that such a decoder is waited for: a machine may be busy with
/// something else.
pub const DECODE_PATIENCE: u32 = 8;
/// Most seconds that such a decoder may stand still, doing nothing.
pub const DECODE_STANDSTILL_SECONDS: u64 = 3;
/// Most memory that such a decoder may take for an image, in bytes, beside what its size gives it.
pub const DECODE_BYTES: u64 = 256 << 20;
/// Most memory that such a decoder may take for any image, in bytes.
pub const DECODE_MOST_BYTES: u64 = 4 << 30;
/// Deepest nesting of sequences in a DICOM object.
pub const SEQUENCE_DEPTH: usize = 64;
/// Most elements and items in the header of a DICOM object.
pub const ELEMENTS: usize = 1_000_000;
/// Most elements and items that are listed of a DICOM object.
pub const TAG_ROWS: usize = 100_000;
/// Most characters of a value that is listed.
pub const TAG_VALUE: usize = 4096;
/// Longest value of a DICOM header that is read into memory (pixel data apart), in bytes.
pub const VALUE_BYTES: u64 = 1 << 20;
/// Values of a DICOM header that are read into memory, all together, in bytes; what lies beyond stays
/// in the file.
pub const HEADER_BYTES: u64 = 64 << 20;
/// Most elements and items of headers that are read at the same time on all cores; larger ones are
/// read one after the other.
pub const LIGHT_ELEMENTS: usize = 50_000;
/// Longest of these headers, in bytes.
pub const LIGHT_BYTES: u64 = 4 << 20;
/// What a deflated DICOM data set may be inflated to, in bytes; it is held in memory.
pub const INFLATED_BYTES: u64 = 512 << 20;
/// Most corners of a polygonal display shutter.
pub const SHUTTER_VERTICES: usize = 4096;
/// Most presentation states that are looked into for one image.
pub const PRESENTATION_STATES: usize = 200;
/// Most texts and drawings of a presentation state.
pub const ANNOTATIONS: usize = 2000;
/// Most points of all drawings of a presentation state.
pub const ANNOTATION_POINTS: usize = 200_000;
/// Most items of a structured report that are read.
pub const REPORT_ITEMS: usize = 50_000;
/// Most bytes of all that the items of a structured report say.
pub const REPORT_WORDS: usize = 4 << 20;
/// Most characters of one text of a structured report.
pub const REPORT_TEXT: usize = 32_768;
/// Most points of a graphic of a structured report.
pub const REPORT_POINTS: usize = 20_000;
/// Most objects that an object may name and that are kept of it.
pub const RESULT_REFERENCES: usize = 20_000;
/// Most segments of a segmentation.
pub const SEGMENTS: usize = 1000;
/// Most segments and maps of other files over one image.
pub const LAYERS: usize = 128;
/// Most memory for all of them, in bytes.
pub const LAYER_BYTES: u64 = 256 << 20;
/// Most segmentations and maps that are looked into for one image.
pub const LAYER_OBJECTS: usize = 50;
/// Largest encapsulated document (a PDF), in bytes; it is held in memory.
pub const DOCUMENT_BYTES: u64 = 256 << 20;
/// Most measurements of one image.
pub const MEASUREMENTS: usize = 500;
/// Most points of an outline that is drawn by hand.
pub const OUTLINE_POINTS: usize = 1024;
/// Most characters of the name of a measurement, and of a note.
pub const MEASUREMENT_NAME: usize = 300;
/// Most changes of one image that are kept for its report.
pub const KEPT_CHANGES: usize = 50;
/// Most random places that a change is compared with.
pub const RANDOM_PLACES: usize = 1000;
/// Largest file of measurements, in bytes.
pub const MEASUREMENT_BYTES: u64 = 32 << 20;
/// Most files of measurements that are searched for key images when the viewer starts; the marks of
/// others are known once their image is looked at.
pub const KEY_IMAGE_FILES: usize = 10_000;
/// Largest of these files, in bytes.
pub const KEY_IMAGE_BYTES: u64 = 1 << 20;
/// Largest file of an impression, in bytes.
pub const IMPRESSION_BYTES: u64 = 4 << 20;
/// Largest file of what a reader said of an image, in bytes.
pub const FEEDBACK_BYTES: u64 = 8 << 20;
/// Most models that answers are kept of for one image.
pub const FEEDBACK_MODELS: usize = 100;
/// Most answers to one model, and most marks.
pub const FEEDBACK_ANSWERS: usize = 2000;
/// Most characters of the remark to one model's findings.
pub const FEEDBACK_REMARK: usize = 4000;
/// Most files of what readers said that are looked through for a table.
pub const FEEDBACK_FILES: usize = 1_000_000;
/// Longest line of an audit journal, in bytes.
pub const AUDIT_LINE: usize = 64 << 10;
/// Most words of names, numbers and places that are looked for in what is left of a de-identified
/// image.
pub const IDENTIFIERS: usize = 2000;
/// Most files listed from the folders opened at once.
pub const FILES_AT_ONCE: usize = 200_000;
/// Most files and folders that a walk through a folder looks at.
pub const FOLDER_ENTRIES: usize = 1_000_000;
/// Most files and folders below one folder that a batch looks at.
pub const ARCHIVE_ENTRIES: usize = 100_000_000;
/// Decoded images of a batch that wait for the network, in bytes; one that is larger waits alone.
pub const WAITING_BYTES: u64 = 192 << 20;
/// Deepest nesting of folders that a walk goes into.
pub const FOLDER_DEPTH: usize = 64;
/// Largest configuration of a training run, in bytes.
pub const CONFIGURATION_BYTES: u64 = 1 << 20;
/// Largest table of labels, boxes, scores or splits, in bytes.
pub const TABLE_BYTES: u64 = 256 << 20;
/// Longest line of a table, in bytes.
pub const TABLE_LINE: usize = 1 << 20;
/// Most lines of a table.
pub const TABLE_LINES: usize = 2_000_000;
/// Longest log of a training run, in bytes.
pub const LOG_BYTES: u64 = 16 << 20;
/// Largest checkpoint of a training run, in bytes: weights, average, best and two moments of each.
pub const CHECKPOINT_BYTES: u64 = 5 * WEIGHT_BYTES;
/// Largest file of kept features of a frozen backbone, in bytes.
pub const FEATURE_BYTES: u64 = 8 << 30;
/// Most memory that a training run may be estimated to need, in bytes, however much the machine
/// has.
pub const TRAINING_BYTES: u64 = 1 << 40;
/// Most epochs of a phase of a training run, and longest time that a setting counts in epochs.
pub const EPOCHS: usize = 100_000;
/// Most phases of a training run.
pub const PHASES: usize = 100;
/// Most images of a batch.
pub const BATCH: usize = 4096;
/// Most labels of a configuration, and most groups and suggestions.
pub const LABELS: usize = 1000;
/// Most patterns that find the patient in a file name.
pub const PATTERNS: usize = 50;
/// Most images of an array in an archive.
pub const ARRAY_IMAGES: usize = 2_000_000;
/// Most pixels of one image of an array in an archive.
pub const ARRAY_PIXELS: u64 = 1 << 24;
/// Most labels of all images of an archive of arrays together (images × labels); they are held in
/// memory.
pub const ARRAY_LABELS: usize = 64 << 20;
/// Longest directory of a ZIP archive of weights or background images, in bytes.
pub const ARCHIVE_DIRECTORY_BYTES: u64 = 16 << 20;
/// Largest plan of a reader study, in bytes.
pub const STUDY_BYTES: u64 = 16 << 20;
/// Largest report (JSON) that is read back, in bytes.
pub const REPORT_BYTES: u64 = 64 << 20;
/// Largest manifest or card of a model, in bytes.
pub const MANIFEST_BYTES: u64 = 1 << 20;
/// Largest file of an input gate, in bytes.
pub const GATE_BYTES: u64 = 256 << 20;
/// Largest background set of a model, in bytes.
pub const BACKGROUND_BYTES: u64 = 256 << 20;
/// Most pixels of a background set, of all its images together; they are held in memory.
pub const BACKGROUND_PIXELS: usize = 256 << 20;
/// Largest weights file of a model, in bytes.
pub const WEIGHT_BYTES: u64 = 2 << 30;
/// Largest population detector of a model, in bytes.
pub const DETECTOR_BYTES: u64 = 64 << 20;
/// Most images of a gallery of similar cases.
pub const GALLERY_IMAGES: usize = 100_000;
/// Largest file of a gallery's features, in bytes; they are held in memory.
pub const GALLERY_BYTES: u64 = 512 << 20;
/// Largest index of a gallery, in bytes.
pub const GALLERY_INDEX_BYTES: u64 = 128 << 20;
/// Longest pickle (the description of a PyTorch file's tensors, not their values), in bytes.
pub const PICKLE_BYTES: u64 = 64 << 20;
/// Most objects that one pickle may make.
pub const PICKLE_OBJECTS: usize = 4_000_000;
/// Most nodes of an ONNX graph; published classifiers have a few thousand.
pub const ONNX_NODES: usize = 100_000;
/// Most entries of a list of an ONNX node; weights are no lists.
pub const ONNX_LIST: usize = 1 << 20;
/// Most tensors that a foreign weights file may hold.
pub const FOREIGN_TENSORS: usize = 100_000;
/// Deepest nesting of modules and groups in a foreign weights file.
pub const FOREIGN_DEPTH: usize = 64;
/// Longest name of a tensor, storage, class or function in a foreign weights file, in bytes.
pub const FOREIGN_NAME: usize = 1024;
/// Most entries of dictionaries and members of groups that are looked at in a foreign weights file,
/// each time counted: modules may share each other, and a few bytes describe more ways through them
/// than anybody can go.
pub const FOREIGN_STEPS: usize = 20_000_000;
/// Most groups and data sets that are visited in an HDF5 file, each time counted.
pub const FOREIGN_GROUPS: usize = 20_000;
/// How many times larger than its packed bytes a part of an archive may be; weights hardly shrink
/// at all.
pub const INFLATION: u64 = 20;
/// Parts of archives up to this size may be packed as tightly as they are, in bytes.
pub const INFLATED_FREELY: u64 = 16 << 20;
/// Most values (numbers, words, members) of a report that is read back.
pub const REPORT_VALUES: usize = 4_000_000;
/// Most lists and objects among them; an empty one takes a hundred times the room of its brackets.
pub const REPORT_LISTS: usize = 200_000;
/// Most maps that the options of a report may ask for.
pub const REPORT_MAPS: usize = 2048;
/// Most runs of the network that a report is computed again for.
pub const REPORT_RUNS: usize = 25_000;
/// Most similar cases of a report.
pub const REPORT_SIMILAR: usize = 12;
/// Most images of the study that a report belongs to.
pub const REPORT_STUDY_IMAGES: usize = 2000;
/// Most samples of an image (dropout masks, varied copies).
pub const SAMPLES: usize = 10_000;
/// Most images whose highest scores are averaged to the score of a study.
pub const STUDY_TOP: usize = 1000;
/// Most runs of the network that a method of explanation may be asked for.
pub const EVALUATIONS: usize = 1_000_000;
/// Fewest and most superpixels of Kernel SHAP.
pub const SUPERPIXELS: (usize, usize) = (2, 2000);
/// Smallest occluding patch, as a part of the image's shorter side.
pub const PATCHES: usize = 256;
/// Largest font file of the system that is used, in bytes.
pub const FONT_BYTES: u64 = 64 << 20;
/// Most pixels of a figure that is drawn (chart, contact sheet); charts beyond it are drawn at a
/// smaller scale.
pub const FIGURE_PIXELS: u64 = 60_000_000;
/// Longest PDU that is received of another node, in bytes.
pub const PACS_PDU: u32 = 256 << 10;
/// Longest command of another node, in bytes.
pub const PACS_COMMAND: usize = 64 << 10;
/// Longest data set of another node that is no object (an answer to a query, a report), in bytes.
pub const PACS_IDENTIFIER: u64 = 4 << 20;
/// Largest object that is received of another node unless said otherwise, in bytes.
pub const PACS_OBJECT_BYTES: u64 = 4 << 30;
/// Most associations that other nodes have with this one at the same time.
pub const PACS_ASSOCIATIONS: usize = 64;
/// Most answers to a query.
pub const PACS_MATCHES: usize = 100_000;
/// Most objects of one retrieval from another node.
pub const PACS_OBJECTS: usize = 200_000;
/// What one retrieval from another node may bring, in bytes.
pub const PACS_RETRIEVED_BYTES: u64 = 64 << 30;
