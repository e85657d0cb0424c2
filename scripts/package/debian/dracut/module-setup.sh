#!/bin/bash
# A module of dracut. It is part of each initramfs, and does nothing where mountroot is not enabled.
# The agent runs from the root that starts, and loads the kernel modules that are there, so no
# module is brought along.
# shellcheck disable=SC2154 # dracut sets moddir.

check() {
    return 0
}

depends() {
    return 0
}

install() {
    inst_simple /usr/share/initramfs-tools/scripts/init-bottom/mountroot \
        /usr/lib/mountroot/init-bottom
    inst_hook pre-pivot 90 "$moddir/mountroot.sh"
}
