# shellcheck shell=sh
# Warn the user at login when the root does not keep settings. Anybody may write to /tmp, so the
# folder must be root's, and nobody else may write to it. Where /run is in memory, it is there.
# shellcheck disable=SC2012 # find(1) may be missing, and the names are known.
for mountroot in /run/mountroot /tmp/mountroot; do
  ls -ldn $mountroot 2>/dev/null | {
    read -r mode _ owner _
    case $mode:$owner in
      drwxr-xr-x:0) [ ! -s $mountroot/notice ] || cat $mountroot/notice ;;
    esac
  }
done
unset mountroot
