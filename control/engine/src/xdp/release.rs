use nix::sys::utsname::uname;

/// The oldest Linux on which the programs are tested.
const OLDEST: (u32, u32) = (6, 1);

/// The release of the running kernel when it is older than any that the programs are made for.
pub(crate) fn too_old() -> Option<String> {
    let release = uname().ok()?.release().to_string_lossy().into_owned();
    version(&release).filter(|version| *version < OLDEST).map(|_| release)
}

/// The first two numbers of a release: 6.1 of `6.1.0-50-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|char: char| !char.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, version};

    #[test]
    fn releases_are_compared_by_number() {
        for (release, numbers) in [
            ("6.1.0-50-amd64", (6, 1)),
            ("7.2.13+deb14-amd64", (7, 2)),
            ("5.10.0-32-amd64", (5, 10)),
            ("6.18", (6, 18)),
        ] {
            assert_eq!(version(release), Some(numbers));
        }
        assert!(version("6.18.1") > Some(OLDEST) && version("5.19.0") < Some(OLDEST));
        assert_eq!(version("linux"), None);
        assert_eq!(version(""), None);
    }
}
