#!/bin/sh
# After the package was installed or upgraded. Nothing is started: the config is an
# example until it was edited, and replicas are replaced one by one, by whoever upgrades.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
