#!/bin/sh
# Before the package goes: dpkg says remove, rpm 0. At an upgrade the bot serves on.
set -e
case ${1:-} in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl --no-reload disable --now assumebot.service assumebot-reconcile.timer || true
	fi
	;;
esac
