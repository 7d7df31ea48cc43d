//! Forms of sentences on archives, as far as no error declares them: why one does not answer; as
//! [`super::forms`], for tests and languages alone.

use crate::language::form;

/// Where what was waited for is a place of the sentence.
const FORMS: &[&str] = &[
    form!("{node} did not answer within {seconds} s; the association was broken off"),
    form!("{node} took longer than {seconds} s over the answers to a query; the association was broken off"),
    form!("{node} took longer than {seconds} s over an association; the association was broken off"),
    form!("{node} took longer than {seconds} s over a data set; the association was broken off"),
    form!("{node} closed the connection in the middle of the exchange"),
];

#[test]
fn forms_of_archives_are_told_apart() {
    let mut forms = FORMS.to_vec();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), FORMS.len());
}

#[test]
fn what_is_wrong_with_an_archive_is_said_in_german() {
    use crate::pacs::peers::secret::SecretError;
    use crate::pacs::peers::typed::TypedPeer;

    let said = |typed: &TypedPeer| typed.peer().unwrap_err().to_string();
    let (name, host, port, called_ae) = ("a".to_owned(), "h".to_owned(), "104".to_owned(), "A".to_owned());
    let node = TypedPeer { name: name.clone(), host, port, called_ae, ..TypedPeer::default() };
    let web = TypedPeer { name, web: true, ..TypedPeer::default() };
    let sentences = vec![
        said(&TypedPeer { port: "x".into(), ..node.clone() }),
        said(&TypedPeer { host: "a b".into(), ..node.clone() }),
        said(&TypedPeer { called_ae: "SEVENTEEN_LETTERS".into(), ..node.clone() }),
        said(&TypedPeer { root: "ftp://a.org".into(), ..web.clone() }),
        said(&TypedPeer { root: "http://a.org".into(), ..web.clone() }),
        said(&TypedPeer { root: "https://a.org?x".into(), ..web }),
        SecretError::NoKeyring { variable: "PELLUCID_SECRET_A".into() }.to_string(),
    ];
    let thread = std::thread::spawn(move || {
        crate::language::enter("de");
        sentences.into_iter().map(|english| (crate::language::said(&english), english)).collect::<Vec<_>>()
    });
    for (german, english) in thread.join().unwrap() {
        assert!(german != english, "no German for “{english}”");
    }
}
