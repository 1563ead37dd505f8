//! What fields mean to somebody who lays two sessions side by side: one that works and one that does not.

/// What a difference in a field is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The other side answers by it, or it is the answer: a name that is asked for, a cookie, a status.
    Deciding,
    /// It may or may not matter: a version, a user, a size.
    Telling,
    /// It differs from session to session, whatever happens: clocks, nonces, identifiers, lengths that follow from them.
    Noise,
}

/// Fields of a protocol and their roles: a path is the field's name, with the names of what is nested in it behind dots
/// (`cookies.token.class`), whatever the place in a list. What is not named has the role of what it is nested in, and is
/// [`Role::Telling`] if that is not named either.
pub type Roles = &'static [(&'static str, Role)];

/// The role of the field at that path. What is said of a sign-on token has the same role wherever the token stands.
pub fn role_of(roles: Roles, path: &str) -> Role {
    let in_token = path.rsplit_once('.').filter(|(outer, _)| outer.ends_with("token") || outer.ends_with("tokens"));
    let in_token = in_token.and_then(|(_, field)| named(TOKEN, field));
    if let Some(role) = named(roles, path).or(in_token) {
        return role;
    }
    let mut path = path;
    loop {
        if let Some(role) = named(roles, path) {
            return role;
        }
        match path.rsplit_once('.') {
            Some((outer, _)) => path = outer,
            None => return Role::Telling,
        }
    }
}

/// Fields of a sign-on token: class, flags, realm and the key's fingerprint are those of its kind; a user has many tokens.
const TOKEN: Roles = &[
    ("length", Role::Noise),
    ("fingerprint", Role::Noise),
    ("slot_fingerprint", Role::Noise),
    ("created", Role::Noise),
    ("expires", Role::Noise),
    ("user", Role::Telling),
];

fn named(roles: Roles, path: &str) -> Option<Role> {
    roles.iter().find(|(name, _)| *name == path).map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PROTOCOLS;

    #[test]
    fn what_is_nested_has_the_role_of_what_it_is_in() {
        let roles: Roles = &[("cookies", Role::Deciding), ("cookies.length", Role::Noise)];
        assert_eq!(role_of(roles, "cookies"), Role::Deciding);
        assert_eq!(role_of(roles, "cookies.token.class"), Role::Deciding);
        assert_eq!(role_of(roles, "cookies.length"), Role::Noise);
        assert_eq!(role_of(roles, "cookies.token.expires"), Role::Noise);
        assert_eq!(role_of(&[], "tokens.user"), Role::Telling);
        assert_eq!(role_of(roles, "user_agent"), Role::Telling);
        assert_eq!(role_of(roles, ""), Role::Telling);
    }

    #[test]
    fn no_path_is_named_twice() {
        for protocol in PROTOCOLS {
            for (index, (path, _)) in protocol.roles.iter().enumerate() {
                assert!(protocol.roles.iter().skip(index + 1).all(|(other, _)| other != path), "{path}");
            }
        }
    }
}
