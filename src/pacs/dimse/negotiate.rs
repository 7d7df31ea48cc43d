//! What two nodes agree on before anything else (PS3.8 section 7.1, PS3.7 annex D).

use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderPresentationReason,
    AssociationRJServiceUserReason, AssociationRJSource, AssociationRQ, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason, RequestorRoles, UserVariableItem,
};

use super::ae::AeTitle;
use super::association::{Association, Context};
use super::error::DimseError;
use crate::limits;
use crate::pacs::uid::Uid;
use crate::printable::printable;
use crate::study::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// DICOM application context (PS3.7 A.2.1).
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
const PROTOCOL_VERSION: u16 = 1;
/// Most contexts of an association: their numbers are the odd ones of a byte.
pub(super) const MOST_CONTEXTS: usize = 128;

/// A context to be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub abstract_syntax: String,
    pub transfer_syntaxes: Vec<String>,
}

impl Proposal {
    /// A service whose messages are no objects: implicit VR little endian, which everybody reads.
    pub(super) fn plain(abstract_syntax: &str) -> Self {
        let transfer_syntaxes = vec![super::services::PLAIN[0].to_owned()];
        Self { abstract_syntax: abstract_syntax.to_owned(), transfer_syntaxes }
    }
}

fn variables() -> Vec<UserVariableItem> {
    vec![
        UserVariableItem::MaxLength(limits::PACS_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.into()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION_NAME.into()),
    ]
}

fn longest(variables: &[UserVariableItem]) -> u32 {
    variables
        .iter()
        .find_map(|v| if let UserVariableItem::MaxLength(n) = v { Some(*n) } else { None })
        .unwrap_or(16_384)
}

/// Proposes contexts over a fresh connection, and takes in what the peer makes of them. `receives`
/// are abstract syntaxes in which this program wants to be the provider (for C-GET).
///
/// # Errors
/// When the peer refuses, takes none of them, or answers with what was not proposed.
pub(super) fn ask(
    association: &mut Association,
    (calling, called): (&AeTitle, &AeTitle),
    proposals: &[Proposal],
    receives: &[&str],
) -> Result<(), DimseError> {
    let proposals = &proposals[..proposals.len().min(MOST_CONTEXTS)];
    let proposed = |(i, p): (usize, &Proposal)| PresentationContextProposed {
        id: 2 * i as u8 + 1,
        abstract_syntax: p.abstract_syntax.clone(),
        transfer_syntaxes: p.transfer_syntaxes.clone(),
    };
    let roles = receives.iter().map(|uid| {
        UserVariableItem::ScuScpRoleSelectionSubItem((*uid).to_owned(), RequestorRoles { scu: false, scp: true })
    });
    association.send(&Pdu::AssociationRQ(AssociationRQ {
        protocol_version: PROTOCOL_VERSION,
        calling_ae_title: calling.to_string(),
        called_ae_title: called.to_string(),
        application_context_name: APPLICATION_CONTEXT.into(),
        presentation_contexts: proposals.iter().enumerate().map(proposed).collect(),
        user_variables: variables().into_iter().chain(roles).collect(),
    }))?;
    let accepted = match association.receive()? {
        Pdu::AssociationAC(accepted) => accepted,
        Pdu::AssociationRJ(AssociationRJ { source, result }) => return Err(refused(association, &source, &result)),
        _ => return Err(association.violation("no answer to the wish for an association".into())),
    };
    let mut contexts = Vec::new();
    for result in &accepted.presentation_contexts {
        if result.reason != PresentationContextResultReason::Acceptance {
            continue;
        }
        let index = usize::from(result.id / 2);
        let proposal = proposals.get(index).filter(|_| result.id % 2 == 1);
        let syntax = uid_text(&result.transfer_syntax);
        let Some(proposal) = proposal.filter(|p| p.transfer_syntaxes.contains(&syntax)) else {
            let what = format!("the acceptance of context {}, which was not proposed so", result.id);
            return Err(association.violation(what));
        };
        let abstract_syntax = proposal.abstract_syntax.clone();
        contexts.push(Context { id: result.id, abstract_syntax, transfer_syntax: syntax });
    }
    if contexts.is_empty() {
        let mut names: Vec<String> = Vec::new();
        for name in proposals.iter().map(|p| super::services::class_name(&p.abstract_syntax)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.truncate(4);
        association.abort();
        return Err(DimseError::NothingAccepted { node: association.peer.clone(), what: names.join(", ") });
    }
    association.agree(contexts, longest(&accepted.user_variables))
}

fn uid_text(text: &str) -> String {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}

fn refused(association: &Association, source: &AssociationRJSource, result: &AssociationRJResult) -> DimseError {
    let advice = match source {
        AssociationRJSource::ServiceUser(AssociationRJServiceUserReason::CalledAETitleNotRecognized) => {
            ". The title before the @ must be the one that it has"
        }
        AssociationRJSource::ServiceUser(AssociationRJServiceUserReason::CallingAETitleNotRecognized) => {
            ". Our own title must be entered there, with this machine's address"
        }
        _ if *result == AssociationRJResult::Transient => ". It may take one later",
        _ => "",
    };
    let why = printable(&source.to_string()).into_owned();
    DimseError::Refused { node: association.peer.clone(), why, advice }
}

/// What this program agrees to when it is called.
pub(super) struct Offer<'a> {
    pub title: &'a AeTitle,
    /// Whether this caller may call.
    pub is_allowed: &'a dyn Fn(&str) -> bool,
    /// Transfer syntaxes of an abstract syntax; none where it is not known.
    pub syntaxes: &'a dyn Fn(&str) -> &'static [&'static str],
    /// Abstract syntaxes in which the caller may be the provider.
    pub caller_provides: &'a [&'a str],
    /// Room for no further association.
    pub is_full: bool,
}

/// Waits for a caller's wish and answers it; yields the caller's title.
///
/// # Errors
/// When the caller is refused, or breaks the protocol.
pub(super) fn answer(association: &mut Association, offer: &Offer<'_>) -> Result<String, DimseError> {
    let Pdu::AssociationRQ(wish) = association.receive()? else {
        return Err(association.violation("no wish for an association".into()));
    };
    let caller = printable(&wish.calling_ae_title).into_owned();
    association.peer = format!("{caller} ({})", association.peer);
    let user = |reason| (AssociationRJResult::Permanent, AssociationRJSource::ServiceUser(reason));
    let refusal = if offer.is_full {
        let source = AssociationRJServiceProviderPresentationReason::LocalLimitExceeded;
        Some((AssociationRJResult::Transient, AssociationRJSource::ServiceProviderPresentation(source)))
    } else if wish.application_context_name.trim_end_matches('\0') != APPLICATION_CONTEXT {
        Some(user(AssociationRJServiceUserReason::ApplicationContextNameNotSupported))
    } else if wish.called_ae_title != offer.title.as_str() {
        Some(user(AssociationRJServiceUserReason::CalledAETitleNotRecognized))
    } else if !(offer.is_allowed)(&wish.calling_ae_title) {
        Some(user(AssociationRJServiceUserReason::CallingAETitleNotRecognized))
    } else {
        None
    };
    if let Some((result, source)) = refusal {
        let why = source.to_string();
        association.send(&Pdu::AssociationRJ(AssociationRJ { result, source }))?;
        return Err(DimseError::Refused { node: association.peer.clone(), why: format!("{why}; we did"), advice: "" });
    }
    if wish.presentation_contexts.len() > MOST_CONTEXTS {
        let what = format!("{} contexts, and there are {MOST_CONTEXTS} numbers", wish.presentation_contexts.len());
        return Err(association.violation(what));
    }
    let mut contexts: Vec<Context> = Vec::new();
    let mut results = Vec::new();
    for proposed in &wish.presentation_contexts {
        let id = proposed.id;
        if id % 2 == 0 || contexts.iter().any(|c| c.id == id) {
            return Err(association.violation(format!("a context with the number {id}, which it may not have")));
        }
        let (result, context) = judged(offer, proposed);
        contexts.extend(context);
        results.push(result);
    }
    let answer = AssociationAC {
        protocol_version: PROTOCOL_VERSION,
        calling_ae_title: wish.calling_ae_title.clone(),
        called_ae_title: wish.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.into(),
        presentation_contexts: results,
        user_variables: variables().into_iter().chain(roles(offer, &wish.user_variables)).collect(),
    };
    association.agree(contexts, longest(&wish.user_variables))?;
    association.send(&Pdu::AssociationAC(answer))?;
    Ok(wish.calling_ae_title)
}

/// What becomes of one context: the first of its transfer syntaxes that is known here.
fn judged(offer: &Offer<'_>, proposed: &PresentationContextProposed) -> (PresentationContextResult, Option<Context>) {
    let abstract_syntax = uid_text(&proposed.abstract_syntax);
    let known = (offer.syntaxes)(&abstract_syntax);
    let common = proposed.transfer_syntaxes.iter().map(|s| uid_text(s)).find(|s| known.contains(&s.as_str()));
    let reason = match &common {
        _ if known.is_empty() || Uid::of(&abstract_syntax).is_err() => {
            PresentationContextResultReason::AbstractSyntaxNotSupported
        }
        None => PresentationContextResultReason::TransferSyntaxesNotSupported,
        Some(_) => PresentationContextResultReason::Acceptance,
    };
    let id = proposed.id;
    let accepted = reason == PresentationContextResultReason::Acceptance;
    let transfer_syntax = common.clone().unwrap_or_else(|| super::services::PLAIN[0].to_owned());
    let context = common.filter(|_| accepted).map(|transfer_syntax| Context { id, abstract_syntax, transfer_syntax });
    (PresentationContextResult { id, reason, transfer_syntax }, context)
}

/// The caller may be provider where that is foreseen, and user of what is received here.
fn roles(offer: &Offer<'_>, variables: &[UserVariableItem]) -> Vec<UserVariableItem> {
    let role = |variable: &UserVariableItem| match variable {
        UserVariableItem::ScuScpRoleSelectionSubItem(uid, asked) => {
            let provides = offer.caller_provides.contains(&uid_text(uid).as_str());
            let granted = RequestorRoles { scu: asked.scu && !provides, scp: asked.scp && provides };
            Some(UserVariableItem::ScuScpRoleSelectionSubItem(uid.clone(), granted))
        }
        _ => None,
    };
    variables.iter().filter_map(role).take(MOST_CONTEXTS).collect()
}
