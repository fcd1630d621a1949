use std::path::Path;

/// Why notifications about a path cannot be relied on, if they cannot: other
/// machines write to network drives, and what a host writes into a virtual
/// machine's or a container's share is not told of inside.
pub(crate) fn is_deaf(path: &Path) -> Option<String> {
    let kind = kind(path)?;
    const DEAF: [&str; 11] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "vboxsf",
        "fuse.sshfs",
        "fuse.grpcfuse",
        "virtiofs",
        "afs",
    ];
    DEAF.contains(&kind.as_str()).then(|| format!("`{}` is on {kind}", path.display()))
}

/// The kind of the file system that a path is on, as Linux calls it.
#[cfg(target_os = "linux")]
fn kind(path: &Path) -> Option<String> {
    let path = path.ancestors().find_map(|path| path.canonicalize().ok())?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    of(&mounts, &path)
}

#[cfg(not(target_os = "linux"))]
fn kind(_: &Path) -> Option<String> {
    None
}

/// The kind at the longest mount point above the path, in lines such as
/// `server:/home /home nfs4 rw 0 0`.
#[cfg(target_os = "linux")]
fn of(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        // A space in a mount point is written `\040`.
        let point = fields.next()?.replace("\\040", " ");
        Some((point, fields.next()?))
    });
    let above = mounts.filter(|(point, _)| path.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/vda / ext4 rw 0 0\nserver:/a /mnt/my\\040share nfs4 rw 0 0\n\
                      tmpfs /mnt/my\\040share/fast tmpfs rw 0 0\n";
        let kind = |path: &str| of(mounts, Path::new(path)).unwrap();
        assert_eq!(kind("/home/app"), "ext4");
        assert_eq!(kind("/mnt/my share/app"), "nfs4");
        assert_eq!(kind("/mnt/my share/fast/app"), "tmpfs");
        assert_eq!(kind("/mnt/my shared"), "ext4");
    }
}
