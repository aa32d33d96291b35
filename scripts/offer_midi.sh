#!/bin/bash
# Makes MIDI possible for the emulated rig and the tests: JACK where there is no ALSA sequencer, and
# the headers that python-rtmidi is built with where it has no wheel. Argument: the Python. Never
# fails: everything without a keyboard works all the same.
set -u
wanted=()
[ -e /dev/snd/seq ] || command -v jackd >/dev/null || wanted+=(jackd2)
# python-rtmidi 1.5.8 has wheels up to Python 3.12.
if "$1" -c 'import sys; sys.exit(sys.version_info < (3, 13))' &&
  ! "$1" -c 'import rtmidi' 2>/dev/null && [ ! -e /usr/include/alsa/asoundlib.h ]; then
  wanted+=(libasound2-dev libjack-jackd2-dev)
fi
[ ${#wanted[@]} = 0 ] && exit 0

export DEBIAN_FRONTEND=noninteractive # jackd2 asks about real-time priority
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "set-up: installing ${wanted[*]} (MIDI)"
  (apt-get install -y -qq "${wanted[@]}" || { apt-get update -qq && apt-get install -y -qq "${wanted[@]}"; }) \
    >/dev/null 2>&1 && exit 0
fi
echo "note: no emulated rig until you run: sudo apt-get install ${wanted[*]}"
exit 0
