use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::error::{Error, UserError};
use crate::secrets::random;

/// The shortest password, in characters.
const SHORTEST: usize = 12;

/// A longer password is not hashed: that would cost whoever sends it nothing.
const LONGEST: usize = 1024;

/// Hashing takes tens of milliseconds, during which no other task would run.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
}

pub(super) async fn hash(password: &str) -> Result<String, UserError> {
    if password.chars().count() < SHORTEST {
        return Err(UserError::Invalid(format!("a password has at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(UserError::Invalid(format!("a password has at most {LONGEST} bytes")));
    }
    let password = password.to_owned();
    let hashed = blocking(move || hashed(password.as_bytes())).await;
    hashed.map_err(|why| UserError::Store(Error::Secret(why)))
}

/// Whether a password is the one of a stored hash.
pub(super) async fn fits(password: &str, stored: String) -> bool {
    let password = password.to_owned();
    let right = blocking(move || {
        let stored = PasswordHash::new(&stored).map_err(|error| error.to_string())?;
        let fits = password.len() <= LONGEST;
        Ok(fits && Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
    });
    right.await == Ok(true)
}

fn hashed(password: &[u8]) -> Result<String, String> {
    let salt = random::<16>().map_err(|error| error.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password, &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// The hash that is checked where there is no user, so that this takes as long.
pub(super) fn decoy() -> Result<String, Error> {
    static DECOY: OnceLock<String> = OnceLock::new();
    if let Some(decoy) = DECOY.get() {
        return Ok(decoy.clone());
    }
    let new = hashed(&random::<16>()?).map_err(Error::Secret)?;
    Ok(DECOY.get_or_init(|| new).clone())
}
