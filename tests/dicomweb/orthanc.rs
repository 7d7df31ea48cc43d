//! An Orthanc with DICOMweb that is started for a test and stopped at its end.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pellucid::pacs::peers::root::Root;
use pellucid::pacs::peers::secret::Secret;
use pellucid::pacs::peers::{Auth, WebPeer};

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_mins(1);
pub(crate) const USER: &str = "reader";
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct Orthanc {
    child: Child,
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Orthanc {
    /// A fresh, empty one; nothing, and a reason, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = installed(&["/usr/sbin/Orthanc", "/usr/bin/Orthanc", "/usr/local/sbin/Orthanc"]);
        let plugin = installed(&[
            "/usr/share/orthanc/plugins/libOrthancDicomWeb.so",
            "/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so",
        ]);
        let Some((program, plugin)) = program.zip(plugin) else {
            eprintln!(
                "skipped: Orthanc with its DICOMweb plugin is not installed (apt-get install orthanc orthanc-dicomweb)"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let [port, dicom] = free_ports();
        let config = serde_json::json!({
            "Name": "TEST",
            "StorageDirectory": folder.path().join("storage"),
            "IndexDirectory": folder.path().join("storage"),
            "Plugins": [plugin],
            "HttpPort": port,
            "DicomPort": dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": false,
            "AuthenticationEnabled": true,
            "RegisteredUsers": { USER: PASSWORD },
            "DicomWeb": { "Enable": true, "Root": "/dicom-web/", "EnableWado": false },
        });
        let path = folder.path().join("orthanc.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let child = Command::new(program).arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let orthanc = Self { child, port, _folder: folder };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START, "Orthanc does not listen");
            sleep(Duration::from_millis(50));
        }
        Some(orthanc)
    }

    /// It as a peer, and the password.
    pub(crate) fn peer(&self) -> (WebPeer, Secret) {
        (peer(self.port, Auth::Basic { user: USER.into() }), Secret::new(PASSWORD).unwrap())
    }
}

/// A server of this machine as a peer.
pub(crate) fn peer(port: u16, auth: Auth) -> WebPeer {
    let root = Root::parse(&format!("http://127.0.0.1:{port}/dicom-web"), false).unwrap();
    WebPeer { root, auth, authorities: None }
}

impl Drop for Orthanc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned)
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
