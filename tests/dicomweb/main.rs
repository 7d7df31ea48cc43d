//! DICOMweb against a real archive (Orthanc with its plugin, where it is installed) and against
//! servers that answer as no archive should.

#[path = "../spec/local_server.rs"]
#[allow(dead_code, reason = "shared with the specification")]
mod local_server;

mod hostile;
mod keyring;
mod objects;
mod orthanc;
mod with_orthanc;
