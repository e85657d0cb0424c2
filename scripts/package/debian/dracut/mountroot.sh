#!/bin/sh
# dracut sources this just before it starts the root. If `mountroot enable` was called there,
# mountroot's preinit becomes its init. Whatever is not as expected leaves the boot as it is.

# shellcheck disable=SC2154 # dracut sets NEWROOT.
mountroot_init=$(
    rootmnt=$NEWROOT init=$(getarg init=) sh /usr/lib/mountroot/init-bottom print 2>/dev/null
)
if [ -n "$mountroot_init" ]; then
    if [ -n "$DRACUT_SYSTEMD" ]; then
        # systemd starts the root.
        mountroot_unit=/etc/systemd/system/initrd-switch-root.service.d
        mkdir -p "$mountroot_unit"
        printf '[Service]\nExecStart=\nExecStart=%s --no-block switch-root %s %s\n' \
            "$(command -v systemctl)" "$NEWROOT" "$mountroot_init" >"$mountroot_unit/mountroot.conf"
        systemctl daemon-reload || rm -f "$mountroot_unit/mountroot.conf"
    else
        # dracut's own init looks at init= once more.
        mkdir -p /etc/cmdline.d
        echo "init=$mountroot_init" >/etc/cmdline.d/mountroot.conf
        unset CMDLINE
    fi
fi
unset mountroot_init mountroot_unit
