# shellcheck shell=sh
# Warn the user at login when the root does not keep settings. Anybody may write to /tmp, so the
# folder must be root's, and nobody else may write to it.
# shellcheck disable=SC2012 # find(1) may be missing, and the name is known.
ls -ldn /tmp/mountroot 2>/dev/null | {
  read -r mode _ owner _
  case $mode:$owner in
    drwxr-xr-x:0) [ ! -s /tmp/mountroot/notice ] || cat /tmp/mountroot/notice ;;
  esac
}
