#!/usr/bin/env bash
# Peak memory by size, and time against other programs, on the captures that the bench `captures` writes.
#
#   benches/measure.sh PROGRAM FOLDER [ROUNDS]
#
# Memory: one run for each file. Time: user and system time of PROGRAM over that of the other program on the same file, median of
# ROUNDS (5) with the lowest and the highest; the programs take turns in each round, and each file is read once before. tshark
# reads the smallest size of a kind, the others read the largest. GNU time counts in hundredths of a second: take files for which the
# other program needs many of them.
set -euo pipefail
export LC_ALL=C

[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
program=$1 folder=$2 rounds=${3:-5}
command -v /usr/bin/time >/dev/null || { echo "GNU time is not installed" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ours() { "$program" --no-config --no-progress --detail findings --format json -o /dev/null "$1"; }
theirs() {
    case $1 in
        cat) cat "$2" ;;
        tcpdump) tcpdump -r "$2" -w /dev/null ;;
        tshark) tshark -n -r "$2" -q -z conv,tcp ;;
    esac
}
export -f ours theirs
export program

# used FORMAT FUNCTION ARGUMENT...: what GNU time says of it.
used() {
    local format=$1
    shift
    /usr/bin/time -o "$scratch/used" -f "$format" bash -c '"$@"' bash "$@" >/dev/null 2>&1 || true
    tail -n 1 "$scratch/used"
}
seconds() { used '%U %S' "$@" | awk '{print $1 + $2}'; }

# The sizes of a kind, smallest first.
sizes() { find "$folder" -maxdepth 1 -name "$1-*x.pcap" | sed "s|.*/$1-\(.*\)x\.pcap|\1|" | sort -g; }

memory() {
    local kind=$1 first='' peak line=''
    for size in $(sizes "$kind"); do
        peak=$(used %M ours "$folder/$kind-${size}x.pcap")
        first=${first:-$peak}
        line+=$(awk -v size="$size" -v kb="$peak" 'BEGIN {printf "  %sx %.1f MiB", size, kb / 1024}')
    done
    echo "$line $peak $first" | awk -v kind="$kind" '{
        last = $NF; before = $(NF - 1); NF -= 2; printf "%-9s %s   largest / smallest %.2f\n", kind, $0, before / last }'
}

ratio() {
    local kind=$1 rival=$2 size file one other
    if [ "$rival" = tshark ]; then size=$(sizes "$kind" | head -n 1); else size=$(sizes "$kind" | tail -n 1); fi
    file=$folder/$kind-${size}x.pcap
    cat "$file" >/dev/null
    for _ in $(seq "$rounds"); do
        one=$(seconds ours "$file")
        other=$(seconds theirs "$rival" "$file")
        awk -v one="$one" -v other="$other" 'BEGIN {printf "%.3f\n", one / (other > 0 ? other : 0.01)}'
    done | sort -g | awk -v kind="$kind" -v rival="$rival" -v size="$size" '
        { all[NR] = $1 }
        END { printf "%-9s / %-8s %sx  %.3f (%.3f to %.3f)\n", kind, rival, size, all[int((NR + 1) / 2)], all[1], all[NR] }'
}

kinds=$(find "$folder" -maxdepth 1 -name '*-*x.pcap' | sed 's|.*/\(.*\)-.*|\1|' | sort -u)
echo "peak memory"
for kind in $kinds; do memory "$kind"; done
echo "time of $(basename "$program") / time of the other program"
for kind in $kinds; do
    for rival in cat tcpdump tshark; do
        command -v "$rival" >/dev/null && ratio "$kind" "$rival"
    done
done
