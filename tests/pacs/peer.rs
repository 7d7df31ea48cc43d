//! Programs of others as peers: started on a free port, stopped at the end, whatever the end is.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pellucid::cancel::CancelToken;
use pellucid::pacs::dimse::Caller;
use pellucid::pacs::dimse::ae::{AeTitle, Node};
use pellucid::pacs::dimse::commitment::CommitmentReport;
use pellucid::pacs::dimse::receiver::{Arrivals, Arrived, Inbox, Receiver, Settings};
use pellucid::pacs::peers::{DimsePeer, Peer};

/// A process that ends with this value.
pub(crate) struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where a program is, in the path or among those of the system.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// Starts a program, and waits until it listens on its port.
pub(crate) fn start(command: &mut Command, port: u16) -> Process {
    let mut process =
        Process(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let until = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "{command:?} does not listen");
        assert!(process.0.try_wait().unwrap().is_none(), "{command:?} ended");
        thread::sleep(Duration::from_millis(50));
    }
    process
}

pub(crate) fn node(title: &str, port: u16) -> Node {
    format!("{title}@127.0.0.1:{port}").parse().unwrap()
}

/// A node as a peer that is known by name.
pub(crate) fn peer(node: &Node) -> Peer {
    let Node { title, host, port } = node.clone();
    let dimse = DimsePeer { host, port, called_ae: title, calling_ae: AeTitle::ours(), tls: None };
    Peer::dimse("archive", dimse).unwrap()
}

/// This program as a caller that is not patient.
pub(crate) fn caller() -> Caller {
    let mut caller = Caller::new(AeTitle::ours());
    caller.waits.answer = Duration::from_secs(20);
    caller
}

/// What a receiver of ours reports to.
#[derive(Default)]
pub(crate) struct Log {
    pub arrived: Mutex<Vec<Arrived>>,
    pub reports: Mutex<Vec<CommitmentReport>>,
}

impl Arrivals for Log {
    fn arrived(&self, object: &Arrived) -> io::Result<()> {
        self.arrived.lock().unwrap().push(object.clone());
        Ok(())
    }

    fn committed(&self, report: &CommitmentReport) {
        self.reports.lock().unwrap().push(report.clone());
    }
}

/// A receiver of ours on a thread.
pub(crate) struct Listening {
    pub port: u16,
    pub log: Arc<Log>,
    cancel: CancelToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Listening {
    pub(crate) fn start(inbox: &Path, settings: Settings) -> Self {
        Self::on(0, inbox, settings)
    }

    pub(crate) fn on(port: u16, inbox: &Path, settings: Settings) -> Self {
        let (log, cancel) = (Arc::new(Log::default()), CancelToken::default());
        let address = ([127, 0, 0, 1], port).into();
        let receiver =
            Receiver::bind(address, settings, Inbox::at(inbox).unwrap(), log.clone(), cancel.clone()).unwrap();
        let port = receiver.address().port();
        let run = move || receiver.run(&CancelToken::default());
        let thread = Some(thread::Builder::new().name("receiver".into()).spawn(run).unwrap());
        Self { port, log, cancel, thread }
    }

    pub(crate) fn node(&self) -> Node {
        node("PELLUCID", self.port)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(AeTitle::ours());
    settings.waits.answer = Duration::from_secs(20);
    settings
}

/// Names of the files in a folder, in their order.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let mut names: Vec<String> =
        entries.into_iter().flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
