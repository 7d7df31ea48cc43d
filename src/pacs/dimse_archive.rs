//! A node of associations as an archive.
