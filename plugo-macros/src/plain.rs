/// Whether the core allows a name without being asked: some of the names that it allows,
/// and no others. (This file needs nothing, so that `tests` can hold it against the core.)
pub(crate) fn is_plain_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    starts && name.len() <= 64 && name.bytes().all(is_plain)
}
