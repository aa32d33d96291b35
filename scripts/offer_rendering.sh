#!/bin/bash
# Makes rendering without a screen possible (pictures in the report, --video). Never fails:
# everything else works without it.
set -u
ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
has() { "$ldconfig" -p 2>/dev/null | grep -q "$1"; }

if has libOSMesa.so || has libEGL_mesa.so; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "set-up: installing libosmesa6 (pictures without a screen)"
  (apt-get install -y -qq libosmesa6 || { apt-get update -qq && apt-get install -y -qq libosmesa6; }) >/dev/null 2>&1
fi
has libOSMesa.so || echo "note: no pictures and videos until you run: sudo apt-get install libosmesa6"
exit 0
