//! Forms of sentences on archives: what cannot be meant by what was typed, and why one does not answer; as
//! [`super::forms`], for tests and languages alone.

use crate::language::form;

/// Fields of an archive, its file and keyring, security, connections of both kinds.
const FORMS: &[&str] = &[
    form!("“{port}” is no port; write a number from 1 to 65535"),
    form!("“{host}” is no name of a machine; write it like pacs.example.org or 10.0.0.7"),
    form!("“{title}” is no AE title: use 1 to 16 letters, digits and signs of ASCII, without a backslash"),
    form!("“{address}” is no address of a DICOMweb server; write it like https://pacs.example.org/dicom-web"),
    form!(
        "{address} is a plain http connection, which everybody between can read and change; use https, or say with plain = true (--plain) that the network between is trusted"
    ),
    form!("the address holds a name or a password; the name belongs to user (--user), the password into the keyring"),
    form!("the address holds a “?” or a “#”; name the address that /studies is added to"),
    form!("the name of a user is up to 256 letters without “:” and without control characters"),
    form!("{file} is missing"),
    form!("the peer “{name}” stands there twice"),
    form!(
        "the secrets of the peers “{name}” and “{other}” would have one name in the environment; change a letter or digit"
    ),
    form!("there is no peer called “{name}”; pellucid pacs peers list names those that there are"),
    form!("no keyring of the system answers; set {variable}, or type the secret when it is asked for"),
    form!("the file of authorities {path} cannot be read: {reason}"),
    form!("the file of authorities {path} holds no certificate in PEM"),
    form!("{path} holds no certificate; a file in PEM with “BEGIN CERTIFICATE” is needed"),
    form!(
        "{path} holds no private key that can be used; a file in PEM with “BEGIN PRIVATE KEY” is needed, not encrypted"
    ),
    form!("the certificates cannot be used: {reason}"),
    form!(
        "{node} cannot be reached: {why}. Is the host right, does it listen on this port, and does no firewall stand between?"
    ),
    form!(
        "no secured connection came about with {node}: {why}. Check the certificates, and whether it speaks TLS on this port"
    ),
    form!("{node} did not answer within {seconds} s; the association was broken off"),
    form!("{node} took longer than {seconds} s over the answers to a query; the association was broken off"),
    form!("{node} took longer than {seconds} s over an association; the association was broken off"),
    form!("{node} took longer than {seconds} s over a data set; the association was broken off"),
    form!("{node} closed the connection in the middle of the exchange"),
    form!("{host} cannot be reached: {why}"),
    form!("{host} said nothing for {seconds} s"),
    form!("{host} took longer than {seconds} s over one answer; it was not waited for any longer"),
    form!("{host} sends next to nothing; it was not waited for any longer"),
    form!("{host} wants a name and a password, or a token: add them with pellucid pacs peers add, or type them here"),
    form!("{host} does not take the name and password, or the token"),
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
