//! Messages in the corner: added here, and taken away when they were read.

use std::time::{Duration, Instant};

use crate::app::state::{Level, Notice, NoticeAction, State};
use crate::language::said;

/// How long a notice of good news stays.
const INFO_STAYS: Duration = Duration::from_secs(8);

/// Adds a message to the corner.
pub(super) fn notice(state: &mut State, level: Level, text: impl Into<String>, action: Option<NoticeAction>) {
    add(state, level, &text.into(), action, false);
}

/// Warns of the image that comes on screen; what was said of the one before goes.
pub(super) fn warn_of_image(state: &mut State, text: &str) {
    add(state, Level::Warning, text, None, true);
}

/// What was said of the image that was on screen: over another one it would be read as its own.
pub(super) fn forget_image(state: &mut State) {
    state.notices.retain(|notice| !notice.of_image);
}

fn add(state: &mut State, level: Level, text: &str, action: Option<NoticeAction>, of_image: bool) {
    // Sentences of the rooms below are in English.
    let mut text = said(text);
    // The same words twice are one notice, seen anew; one that names its file says more.
    let behind_name = format!(": {text}");
    if let Some(named) = state.notices.iter().find(|n| n.text.ends_with(&behind_name)) {
        text.clone_from(&named.text);
    }
    state.notices.retain(|n| n.text != text);
    let id = state.next_notice;
    state.next_notice += 1;
    state.notices.push(Notice { id, level, text, action, of_image, since: Instant::now() });
}

/// Takes away good news that has been read. Yields the time until the next one goes.
pub fn on_time(state: &mut State, now: Instant) -> Option<Duration> {
    let left =
        |since: Instant| INFO_STAYS.checked_sub(now.saturating_duration_since(since)).filter(|left| !left.is_zero());
    state.notices.retain(|n| n.level != Level::Info || left(n.since).is_some());
    state.notices.iter().filter(|n| n.level == Level::Info).filter_map(|n| left(n.since)).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Preferences;

    #[test]
    fn what_a_file_and_its_image_say_alike_is_one_notice_that_names_the_file() {
        let mut state = State::new(Preferences::default(), "test", "cpu");
        for text in ["x.dcm: It is a copy.", "It is a copy.", "It is no copy."] {
            notice(&mut state, Level::Warning, text, None);
        }
        let texts: Vec<&str> = state.notices.iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!(texts, ["x.dcm: It is a copy.", "It is no copy."]);
    }
}
