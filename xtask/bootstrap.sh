#!/bin/sh
# The first step of every `make` target: find a cargo, or install one, then hand over to `cargo xtask`.
#
#   bootstrap.sh run COMMAND [ARG...]    what COMMAND needs from the distribution, then `cargo xtask COMMAND ARG...`
#   bootstrap.sh packages PACKAGE...     install these Debian packages (xtask calls this for LLVM and QEMU)
#
# Says nothing when nothing is missing. Says what it installs before it installs it.
set -eu

MIN_MINOR=95 # the workspace's rust-version is 1.95
ROOT=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # a user's PATH on Debian lacks these; ip and nft live there
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)} # some CI runners set none
export PATH HOME

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- packages -------------------------------------------------------------------------------------------------

# The programs that COMMAND starts, each with the Debian package that brings it.
programs_of() {
    case $1 in
    demo) echo "ip:iproute2 ethtool:ethtool ping:iputils-ping curl:curl iperf3:iperf3" ;;
    test) echo "ip:iproute2 ethtool:ethtool ping:iputils-ping curl:curl iperf3:iperf3" \
        "nft:nftables iptables:iptables tcpdump:tcpdump traceroute:traceroute jq:jq" ;;
    bench) echo "ip:iproute2 ethtool:ethtool nft:nftables iptables:iptables" ;;
    deb) echo "dpkg-deb:dpkg" ;;
    clean-lab) echo "ip:iproute2" ;;
    *) ;;
    esac
}

# Runs apt-get without its chatter; what it said is shown when it fails.
apt() {
    if ! said=$(DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1); then
        printf '%s\n' "$said" | tail -n 20 >&2
        return 1
    fi
}

# A fresh container has no package lists; old lists name files that the mirror has dropped.
refresh_lists() {
    [ -z "${lists_fresh:-}" ] || return 0
    lists_fresh=1
    apt update || say "apt-get update failed; going on with the lists at hand"
}

install_packages() {
    have apt-get || die "this is not a Debian or Ubuntu. Install what these packages bring, then try again: $*"
    is_root || die "missing: $*. Run as root, or first: sudo apt-get install --no-install-recommends $*"
    say "installing with apt-get: $*"
    ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || refresh_lists
    if ! apt install -y --no-install-recommends "$@"; then
        refresh_lists
        apt install -y --no-install-recommends "$@" || die "apt-get could not install: $*"
    fi
}

install_programs_of() {
    missing=
    for entry in $(programs_of "$1"); do
        have "${entry%%:*}" || missing="$missing ${entry#*:}"
    done
    # shellcheck disable=SC2086 # a list of package names
    [ -z "$missing" ] || install_packages $missing
}

# --- cargo ----------------------------------------------------------------------------------------------------

# Whether a version such as 1.96.0, 1.96.0+dfsg1-1 or 1.97.0-nightly is new enough.
is_new_enough() {
    major=${1%%.*} minor=${1#*.}
    minor=${minor%%.*}
    case $major$minor in "" | *[!0-9]*) return 1 ;; esac
    [ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -ge $MIN_MINOR ]; }
}

# Whether the cargo and the rustc of a folder answer, and are new enough. rustup must not download for a question.
has_rust() {
    [ -x "$1/cargo" ] && [ -x "$1/rustc" ] || return 1
    for program in cargo rustc; do
        version=$(cd "$ROOT" && RUSTUP_AUTO_INSTALL=0 "$1/$program" --version 2>/dev/null) || return 1
        version=${version#* }
        is_new_enough "${version%% *}" || return 1
    done
}

use_folder() {
    PATH=$1:$PATH
    CARGO_PROGRAM=$1/cargo
}

home_of_caller() { [ -z "${SUDO_USER:-}" ] || getent passwd "$SUDO_USER" | cut -d: -f6; }

find_cargo() {
    if on_path=$(command -v cargo) && has_rust "$(dirname "$on_path")"; then
        CARGO_PROGRAM=$on_path
        return 0
    fi
    for folder in "${CARGO_HOME:-$HOME/.cargo}/bin" /usr/local/bin /usr/bin; do
        if has_rust "$folder"; then use_folder "$folder"; return 0; fi
    done
    caller=$(home_of_caller)
    if [ -n "$caller" ] && [ -d "$caller/.rustup" ]; then # `sudo make`: root borrows the caller's toolchain
        RUSTUP_HOME=${RUSTUP_HOME:-$caller/.rustup}
        export RUSTUP_HOME
        if has_rust "$caller/.cargo/bin"; then use_folder "$caller/.cargo/bin"; return 0; fi
    fi
    find_rustup || return 1
    for toolchain in $("$RUSTUP" toolchain list 2>/dev/null | awk '{ print $1 }'); do
        if found=$("$RUSTUP" which --toolchain "$toolchain" cargo 2>/dev/null) && has_rust "$(dirname "$found")"; then
            use_folder "$(dirname "$found")"
            RUSTUP_TOOLCHAIN=$toolchain
            export RUSTUP_TOOLCHAIN
            return 0
        fi
    done
    return 1
}

find_rustup() {
    for RUSTUP in "$(command -v rustup || true)" "$HOME/.cargo/bin/rustup" "$(home_of_caller)/.cargo/bin/rustup"; do
        [ ! -x "$RUSTUP" ] || return 0
    done
    return 1
}

candidate_of() { apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }'; }

toolchain_from_rustup() {
    find_rustup || return 1
    say "installing the stable Rust toolchain with rustup (it gives up after 5 minutes)"
    timeout 300 "$RUSTUP" toolchain install stable --profile minimal -c rustfmt -c clippy --no-self-update >&2 ||
        { say "rustup could not install it"; return 1; }
    find_cargo
}

toolchain_from_apt() {
    have apt-get && have apt-cache || return 1
    if is_root; then refresh_lists; fi
    for pair in "cargo-web rustc-web" "cargo rustc" "cargo-1.$MIN_MINOR rustc-1.$MIN_MINOR"; do
        if is_new_enough "$(candidate_of "${pair%% *}" | sed 's/^[0-9]*://')"; then
            # shellcheck disable=SC2086 # two package names
            install_packages $pair ca-certificates
            versioned=/usr/lib/rust-1.$MIN_MINOR/bin # where Ubuntu's versioned packages live
            if has_rust "$versioned"; then use_folder "$versioned"; return 0; fi
            find_cargo && return 0
        fi
    done
    [ -n "$(candidate_of rustup)" ] || return 1
    install_packages rustup ca-certificates
    toolchain_from_rustup
}

need_cargo() {
    find_cargo && return 0
    say "no cargo 1.$MIN_MINOR or newer was found"
    toolchain_from_rustup || toolchain_from_apt ||
        die "cannot install Rust here. Install Rust 1.$MIN_MINOR or newer from https://rustup.rs and try again"
}

# `make check` formats and lints. rustup's minimal profile and Debian's cargo come without either.
need_lints() {
    if cargo_has fmt && cargo_has clippy; then return 0; fi
    if find_rustup && [ "$CARGO_PROGRAM" != /usr/bin/cargo ]; then
        say "adding rustfmt and clippy with rustup"
        timeout 120 "$RUSTUP" component add rustfmt clippy >&2 || die "rustup could not add rustfmt and clippy"
    elif [ -n "$(candidate_of rust-web-clippy)" ]; then
        install_packages rustfmt-web rust-web-clippy
    else
        install_packages rustfmt rust-clippy
    fi
}

cargo_has() { "$CARGO_PROGRAM" "$1" --version >/dev/null 2>&1; }

need_linker() { have cc || install_packages gcc libc6-dev; }

# --- main -----------------------------------------------------------------------------------------------------

case ${1:-} in
packages)
    shift
    [ $# -gt 0 ] || die "usage: bootstrap.sh packages PACKAGE..."
    install_packages "$@"
    ;;
run)
    shift
    [ $# -gt 0 ] || die "usage: bootstrap.sh run COMMAND [ARG...]"
    case " $* " in
    *" --unprivileged "*) ;; # neither the lab's programs nor root
    *)
        case $1 in
        demo | test | bench | clean-lab)
            is_root || die "'$1' makes network namespaces and loads eBPF programs, so it needs root: sudo make $1" \
                "$([ "$1" != test ] || echo "(without root: make test ARGS=--unprivileged)")"
            ;;
        esac
        install_programs_of "$1"
        ;;
    esac
    need_linker
    need_cargo
    [ "$1" != check ] || need_lints
    unset MAKEFLAGS MFLAGS MAKELEVEL CARGO_MAKEFLAGS # cargo must not look for the job server of `make -j`
    cd "$ROOT"
    export PATH
    exec "$CARGO_PROGRAM" xtask "$@"
    ;;
*) die "usage: bootstrap.sh run COMMAND [ARG...] | bootstrap.sh packages PACKAGE..." ;;
esac
