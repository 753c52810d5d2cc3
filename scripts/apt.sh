# How scripts/install-* bring Debian's packages; each of them reads this file.
# shellcheck shell=sh

# Debian's packages start their servers; the tests want their own, and the machine may want none.
install() {
    packages=$1
    shift
    "$@" apt-get update -q
    # shellcheck disable=SC2086  # as many words as packages
    "$@" env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 \
        apt-get install -q -y --no-install-recommends $packages
}

install_if_allowed() {
    if [ "$(id -u)" -eq 0 ]; then
        install "$1"
    else
        sudo -n true 2>/dev/null && install "$1" sudo -n
    fi
}
