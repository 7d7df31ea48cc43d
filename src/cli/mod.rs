//! The command line: one file a subcommand.
//!
//! A stable contract that scripts build on. Results go to standard output, everything else to
//! standard error; `--json` prints one object a line and nothing else. Exit codes: 0 done, 1
//! failed, 2 usage, 3 some of several inputs failed, 130 stopped by a signal. Errors are sentences with their causes, also
//! when a command panics.

mod ablate;
mod audit;
mod batch;
mod collect;
mod compare;
mod completions;
mod crossval;
mod data;
mod decode_worker;
mod deidentify;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod faithfulness;
mod feedback;
mod frame_at;
mod images;
mod inputs;
mod inspect;
mod kept_pages;
mod measurements;
mod models;
mod npy;
mod output;
mod pacs;
mod phantom;
mod pipeline;
mod predict;
mod record;
mod report;
mod search;
mod segment;
mod serve;
mod session;
mod shortcuts;
mod study;
mod summarize;
mod table;
mod train;
mod train_gate;
mod train_segmenter;
mod whatif;

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::session::ModelArgs;
use crate::app::state::Theme;
use crate::app::state::session::SCALES;
use crate::app::{self, ViewerOptions};
use crate::language;
use crate::printable::printable;
use crate::study::foreign;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("PELLUCID_COMMIT"), ")");

/// A native viewer that shows a radiologist what an image classifier saw.
#[derive(Debug, Parser)]
#[command(name = "pellucid", version = VERSION, args_conflicts_with_subcommands = true)]
#[command(after_help = "Not a medical device: for research and teaching, never for diagnosis.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    view: View,
}

/// The viewer, which is what runs without a subcommand.
#[derive(Debug, clap::Args)]
struct View {
    /// Files and folders to open (DICOM, PNG, JPEG, TIFF); a file named like a command is written
    /// ./NAME
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write an image of the window once the first result stands, and exit
    #[arg(long, value_name = "FILE.png")]
    screenshot: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Further models with the same labels, by name or folder, that are asked beside the model; may
    /// be repeated
    #[arg(long, value_name = "NAME|DIR", value_delimiter = ',')]
    ensemble: Vec<String>,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere): says how much of each
    /// map's evidence lies in the lungs
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Size of the window in points, like 1280x720
    #[arg(long, value_name = "SIZE", value_parser = window_size)]
    size: Option<[f32; 2]>,
    /// Scale of the interface, like 1.5 or 150%
    #[arg(long, value_name = "FACTOR", value_parser = scale)]
    scale: Option<f32>,
    /// Colours of the interface
    #[arg(long, value_name = "THEME", value_parser = theme)]
    theme: Option<Theme>,
    /// Language of the screen by its code, like en or de
    #[arg(long, value_name = "CODE", value_parser = language_code)]
    language: Option<&'static str>,
    /// Write the demo's report into this folder and exit
    #[arg(long, value_name = "DIR", hide = true)]
    smoke: Option<PathBuf>,
}

/// A text that is no size of a window.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write it like 1280x720")]
struct NoSize;

fn window_size(text: &str) -> Result<[f32; 2], NoSize> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    let fits = |s: &[f32; 2]| s.iter().all(|s| (200.0..=16_384.0).contains(s));
    sides.filter(fits).ok_or(NoSize)
}

/// A text that is no scale.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write it like 1.5 or 150%, from 0.75 to 3")]
struct NoScale;

fn scale(text: &str) -> Result<f32, NoScale> {
    let scale = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    scale.ok().filter(|scale| (SCALES.0..=SCALES.1).contains(scale)).ok_or(NoScale)
}

/// A text that names no colours.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write dark, light or high-contrast")]
struct NoTheme;

fn theme(text: &str) -> Result<Theme, NoTheme> {
    match text {
        "dark" => Ok(Theme::Dark),
        "light" => Ok(Theme::Light),
        "high-contrast" => Ok(Theme::HighContrast),
        _ => Err(NoTheme),
    }
}

/// A text that is the code of no language.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there are {}", language::codes().join(", "))]
struct NoLanguage;

fn language_code(text: &str) -> Result<&'static str, NoLanguage> {
    language::users_folder().iter().for_each(|folder| drop(language::add_folder(folder)));
    language::codes().into_iter().find(|code| *code == text).ok_or(NoLanguage)
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Predict(predict::Args),
    Batch(Box<batch::Args>),
    Collect(collect::Args),
    Explain(explain::Args),
    Whatif(whatif::Args),
    Segment(segment::Args),
    Report(report::Args),
    Evaluate(Box<evaluate::Args>),
    Faithfulness(Box<faithfulness::Args>),
    Shortcuts(Box<shortcuts::Args>),
    Summarize(Box<summarize::Args>),
    Crossval(crossval::Args),
    Compare(compare::Args),
    Ablate(ablate::Args),
    Search(search::Args),
    Phantom(phantom::PhantomArgs),
    Train(train::TrainArgs),
    Pipeline(pipeline::Args),
    Data(data::DataArgs),
    Study(study::Args),
    Models(models::Args),
    Inspect(inspect::Args),
    Measurements(measurements::Args),
    Pacs(Box<pacs::Args>),
    Feedback(feedback::Args),
    Serve(Box<serve::Args>),
    Audit(audit::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    #[command(visible_alias = "anonymize", alias = "anonymise")]
    Deidentify(deidentify::Args),
    TrainGate(train_gate::TrainGateArgs),
    TrainSegmenter(train_segmenter::TrainSegmenterArgs),
    #[command(hide = true)]
    DecodeWorker(decode_worker::Args),
}

impl Command {
    /// Whether networks are trained.
    fn trains(&self) -> bool {
        matches!(
            self,
            Self::Crossval(_)
                | Self::Ablate(_)
                | Self::Search(_)
                | Self::Train(_)
                | Self::Pipeline(_)
                | Self::TrainGate(_)
                | Self::TrainSegmenter(_)
        )
    }
}

/// How a command ended that did not fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Some of several inputs failed; each was reported when it did.
    SomeFailed,
    /// Every input failed; each was reported when it did.
    AllFailed,
    /// A signal asked it to stop; what was done is kept, and it can be gone on with.
    Stopped,
}

impl Outcome {
    /// From the number of inputs that failed and the number of all inputs.
    #[must_use]
    pub fn of(failed: usize, all: usize) -> Self {
        match failed {
            0 => Self::Done,
            _ if failed == all => Self::AllFailed,
            _ => Self::SomeFailed,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::AllFailed => 1,
            Self::SomeFailed => 3,
            // As shells report what SIGINT ended.
            Self::Stopped => 130,
        }
    }
}

/// A value on the command line that cannot be meant: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Parses the arguments, runs the command, prints errors as sentences, and yields the exit code.
pub fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn,jpeg2k=off,fontdb=error"))
        .format(|out, record| {
            let (level, text) = (record.level(), record.args().to_string());
            writeln!(out, "{}: {}", level.as_str().to_lowercase(), printable(&text))
        })
        .init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version arrive here too; a closed pipe is no reason to complain.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    // Codecs and the worker catch panics and report them; what nobody catches is reported below.
    panic::set_hook(Box::new(|info| log::debug!("{info}\n{}", std::backtrace::Backtrace::capture())));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| run(cli))).unwrap_or_else(|panic| {
        Err(anyhow::anyhow!(panic_text(panic.as_ref()))
            .context("the program met a condition it was not prepared for; this is a fault of Pellucid"))
    });
    match ended {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// The command line with every subcommand and option, as the documents list it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Whether a command line, without the program's name, is one that the program takes; the
/// documentation is held to it.
///
/// # Errors
/// What is wrong with it, as the program prints it.
pub fn check<S: AsRef<str>>(arguments: &[S]) -> Result<(), Usage> {
    let words = std::iter::once("pellucid").chain(arguments.iter().map(AsRef::as_ref));
    match Cli::try_parse_from(words) {
        // Help is an answer, too.
        Err(answer) if answer.use_stderr() => Err(Usage(answer.to_string())),
        _ => Ok(()),
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    if !matches!(cli.command, Some(Command::DecodeWorker(_)))
        && let Some(program) = decode_worker::program()
    {
        foreign::use_processes_of(program);
    }
    let Some(command) = cli.command else { return view(cli.view) };
    if command.trains() {
        kept_pages::begin();
    }
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Collect(args) => collect::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::Segment(args) => segment::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Faithfulness(args) => faithfulness::run(&args),
        Command::Shortcuts(args) => shortcuts::run(&args),
        Command::Summarize(args) => summarize::run(&args),
        Command::Crossval(args) => crossval::run(&args).map(|()| Outcome::Done),
        Command::Compare(args) => compare::run(&args).map(|()| Outcome::Done),
        Command::Ablate(args) => ablate::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Train(args) => train::run(&args).map(|()| Outcome::Done),
        Command::Pipeline(args) => pipeline::run(&args).map(|()| Outcome::Done),
        Command::Data(args) => data::run(&args),
        Command::TrainGate(args) => train_gate::run(&args).map(|()| Outcome::Done),
        Command::TrainSegmenter(args) => train_segmenter::run(&args).map(|()| Outcome::Done),
        Command::Study(args) => study::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Measurements(args) => measurements::run(&args),
        Command::Pacs(args) => pacs::run(&args),
        Command::Feedback(args) => feedback::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Deidentify(args) => deidentify::run(&args),
        Command::DecodeWorker(args) => decode_worker::run(&args),
        Command::Phantom(args) => phantom::run(&args).map(|()| Outcome::Done),
    }
}

fn view(view: View) -> anyhow::Result<Outcome> {
    let View { paths, screenshot, model, ensemble, masks, size, scale, theme, language, smoke } = view;
    if let [first, ..] = paths.as_slice()
        && !paths.iter().any(|p| p.exists())
    {
        anyhow::bail!("there is no file, folder or command called {}", first.display());
    }
    let ModelArgs { model, device } = model;
    let model = model.unwrap_or_default();
    let demo = false;
    app::run(ViewerOptions {
        paths,
        demo,
        screenshot,
        smoke,
        ensemble,
        model,
        device,
        masks,
        size,
        scale,
        theme,
        language,
    })?;
    Ok(Outcome::Done)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason was given").to_owned()
}

/// True when standard output was closed by its reader (`pellucid predict … | head -1`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn exit_codes_tell_all_from_some() {
        assert_eq!(Outcome::of(0, 3).code(), 0);
        assert_eq!(Outcome::of(3, 3).code(), 1);
        assert_eq!(Outcome::of(1, 3).code(), 3);
    }

    #[test]
    fn a_closed_pipe_is_found_behind_its_context() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("could not print");
        assert!(is_closed_pipe(&error));
        assert!(!is_closed_pipe(&anyhow::anyhow!("something else")));
    }
}
