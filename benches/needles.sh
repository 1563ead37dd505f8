#!/usr/bin/env bash
# Every sample as a needle in the traffic of an office: what is told of a capture that is let go while it is read must be what is
# told of one that is kept.
#
#   benches/needles.sh [PACKETS] [EVERY]
#
# PACKETS of the office (1,000,000); each EVERYth sample (1: all of them), which is told in the middle of the office's time. The tests do
# it amid 20,000 packets, for each tenth sample: src/api/needle_tests.rs. A failure names the captures that are told otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

export NRPCSNIFF_NEEDLE_PACKETS=${1:-1000000} NRPCSNIFF_NEEDLE_EVERY=${2:-1}
cargo test --profile quick --locked --lib samples_are_found_as_well_amid_twenty_thousand_packets
