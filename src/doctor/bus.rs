//! Services of the desktop: file dialogs and the keyring. On Linux both are asked for over the
//! session bus; elsewhere they are parts of the system.

use super::Finding;

const DIALOGS: &str = "Dialogs";

#[cfg(not(target_os = "linux"))]
pub(super) fn examine() -> Vec<Finding> {
    vec![Finding::works(DIALOGS, "those of the system"), keyring()]
}

#[cfg(target_os = "linux")]
pub(super) fn examine() -> Vec<Finding> {
    vec![dialogs(), keyring()]
}

/// The portal shows dialogs (XDG Desktop Portal, `FileChooser`); without it `zenity` does.
#[cfg(target_os = "linux")]
fn dialogs() -> Finding {
    const PORTAL: &str = "org.freedesktop.portal.Desktop";
    match offered(PORTAL) {
        Ok(true) => Finding::works(DIALOGS, "by the desktop portal"),
        Ok(false) if has_program("zenity") => Finding::works(DIALOGS, "by zenity; there is no desktop portal"),
        Ok(false) => Finding::limited(
            DIALOGS,
            "none: install xdg-desktop-portal with the part for your desktop, or zenity; until then drop files on the \
             window or name them on the command line",
        ),
        Err(error) => {
            Finding::limited(DIALOGS, format!("no session bus answers: drop files on the window instead\n{error}"))
        }
    }
}

/// Whether a name on the session bus has an owner or would get one.
#[cfg(target_os = "linux")]
fn offered(service: &str) -> zbus::Result<bool> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    let connection = zbus::blocking::connection::Builder::session()?.method_timeout(PATIENCE).build()?;
    let bus = zbus::blocking::fdo::DBusProxy::new(&connection)?;
    if bus.name_has_owner(service.try_into()?)? {
        return Ok(true);
    }
    Ok(bus.list_activatable_names()?.iter().any(|name| name.as_str() == service))
}

#[cfg(target_os = "linux")]
fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn keyring() -> Finding {
    const PART: &str = "Keyring";
    match keyring::Entry::store_status() {
        Ok(()) => Finding::works(PART, "answers; passwords of archives can be kept"),
        Err(error) => Finding::limited(
            PART,
            format!("none: secrets of archives are taken from PELLUCID_SECRET_… variables alone\n{error}"),
        ),
    }
}
