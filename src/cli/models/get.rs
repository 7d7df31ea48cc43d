//! `pellucid models get`: a published model is fetched, checked and imported.

use std::io::{IsTerminal as _, Write as _, stdin};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::json;

use super::available;
use crate::cancel::CancelToken;
use crate::cli::{Outcome, Usage, output};
use crate::connections::authorities::Authorities;
use crate::model::catalogue::Catalogue;
use crate::model::catalogue::obtain::{Obtained, Order, Origin, Places, Step, obtain};
use crate::model::fetch::address::Address;
use crate::model::fetch::proxies::Proxies;
use crate::model::fetch::{Came, Settings};
use crate::model::source::Identity;
use crate::printable::printable_lines;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which one: pellucid models available lists them
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask before it is fetched
    #[arg(long)]
    yes: bool,
    /// Take this file, which was fetched otherwise; nothing goes to the network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "proxy", "authorities", "silence"])]
    file: Option<PathBuf>,
    /// Fetch it from a mirror; what is known of the file holds for it, too
    #[arg(long, value_name = "URL")]
    address: Option<Address>,
    /// Proxy instead of those of `HTTPS_PROXY` and `NO_PROXY`, by its address and port
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Certificates in PEM that are believed instead of Mozilla's list and of those that the
    /// environment names in `SSL_CERT_FILE`
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// Seconds that a server may be silent before the connection is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    silence: u64,
    /// What the model is to be called; its name in the catalogue by default
    #[arg(long = "name", value_name = "NAME", id = "called")]
    called: Option<String>,
    /// Take the place of a model of the same name
    #[arg(long)]
    replace: bool,
    /// What came of it as one JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let catalogue = Catalogue::read()?;
    let entry = catalogue.find(&args.name)?;
    let name = args.called.clone().unwrap_or_else(|| entry.name.clone());
    let origin = match (&args.file, &args.address) {
        (Some(file), _) => Origin::File(file.clone()),
        (None, Some(address)) => Origin::Mirror(address.clone()),
        (None, None) => Origin::Publisher,
    };
    let places = Places::of_account()?;
    let order = Order { entry: entry.clone(), origin, name, replace: args.replace };
    let failed = |error| anyhow::Error::from(error).context(format!("{} was not imported", args.name));
    order.check(&places).map_err(failed)?;
    if !matches!(order.origin, Origin::File(_)) && !args.yes && !agreed(args, &available::text(entry))? {
        output::remark("Nothing was fetched.");
        return Ok(Outcome::Done);
    }
    let mut settings = Settings::from_environment()?;
    settings.silence = Duration::from_secs(args.silence);
    if let Some(proxy) = &args.proxy {
        settings.proxies = Proxies::only(proxy);
    }
    if let Some(file) = &args.authorities {
        settings.authorities = Some(Authorities::read(file)?);
    }
    let bar = output::bytes("Connecting");
    if let Origin::Publisher | Origin::Mirror(_) = order.origin {
        output::remark(format!("Fetching {}", order.entry.wanted(args.address.as_ref()).address));
    }
    let made = obtain(&order, &places, &settings, &CancelToken::default(), &mut |step| show(&bar, step));
    bar.finish_and_clear();
    let made = made.map_err(failed)?;
    said(args, &made, &entry.licence)?;
    Ok(Outcome::Done)
}

/// Says what will be fetched, and asks.
fn agreed(args: &Args, words: &str) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        let Args { name, .. } = args;
        return Err(Usage(format!(
            "to fetch {name} without being asked, add --yes; pellucid models available {name} says what, from \
                                  where and under which licence"
        ))
        .into());
    }
    let mut err = std::io::stderr();
    write!(err, "{}\n\n", printable_lines(words))?;
    if let Some(mirror) = &args.address {
        output::remark(format!("It is fetched from the mirror {mirror}."));
    }
    write!(err, "Fetch and import it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn show(bar: &ProgressBar, step: Step) {
    match step {
        Step::Fetching(Came { bytes, total }) => {
            if let Some(total) = total.filter(|total| bar.length() != Some(*total)) {
                bar.set_message("Fetching");
                bar.set_length(total);
            }
            bar.set_position(bytes);
        }
        Step::Checking => bar.set_message("Comparing its hash"),
        Step::Importing => bar.set_message("Reading, fitting and running it once"),
    }
}

fn said(args: &Args, made: &Obtained, licence: &str) -> anyhow::Result<()> {
    let Obtained { name, folder, checked } = made;
    if args.json {
        return output::json(&json!({
            "model": name,
            "folder": folder,
            "sha256": checked.sha256,
            "identity": checked.identity,
        }));
    }
    output::line(format!("Installed as {name} in {}", folder.display()))?;
    output::line(format!(
        "Licence    {licence}\nSHA-256    {}\n           {}",
        checked.sha256,
        checked.identity.words()
    ))?;
    if checked.identity == Identity::Recorded {
        output::remark(
            "No hash of this file is known, so nobody vouches for it. Keep the one above to compare with later.",
        );
    }
    output::remark(format!("Try it: pellucid predict --model {name} IMAGE"));
    output::remark(format!(
        "It gives states once it is calibrated on labelled images of your own: pellucid evaluate FOLDER --calibrate {}",
        folder.display()
    ));
    Ok(())
}
