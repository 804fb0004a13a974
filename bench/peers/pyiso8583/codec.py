"""pyiso8583 as a subject of the codec bench: answers `run WHAT MESSAGE MILLISECONDS` lines (bench/README.md)."""

import copy
import sys
import time

import iso8583
from iso8583.specs import default

NUMERIC = "2 3 4 7 11 12 13 14 18 22 23 25 32 100".split()


def spec_for(name):
    spec = copy.deepcopy(default)
    if not name.endswith("bcd"):
        return spec
    spec["t"].update(data_enc="b", max_len=2)
    for number in NUMERIC:
        field = spec[number]
        variable = field["len_type"] > 0
        field.update(data_enc="b", len_enc="bcd", len_type=1 if variable else 0)
        if variable:
            field.update(len_count="nibbles", left_pad_dec=False, right_pad="0")
        else:
            field.update(max_len=(field["max_len"] + 1) // 2)
            if number in ("22", "23"):
                field.update(len_count="nibbles", max_len=3, left_pad="0")
    spec["55"].update(len_enc="bcd", len_type=2)
    return spec


def read(path):
    messages = {}
    fields = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.rstrip("\n").split(" ", 3)
            if words[0] == "message":
                fields = {"t": words[2]}
                messages[words[1]] = (bytes.fromhex(words[3]), fields, spec_for(words[1]))
            elif words[0]:
                fields[words[0]] = line.rstrip("\n")[len(words[0]) + 3 :]
    return messages


def build(fields):
    built = {}
    for number, value in fields.items():
        built[number] = value
    return built


def check(raw, fields, spec):
    decoded, _ = iso8583.decode(raw, spec)
    for number, value in fields.items():
        if decoded[number] != value:
            raise SystemExit(f"field {number} is read differently")
    encoded, _ = iso8583.encode(build(fields), spec)
    if bytes(encoded) != raw:
        raise SystemExit(f"other bytes: {bytes(encoded).hex()}")


def run(what, raw, fields, spec, limit):
    decode, encode = iso8583.decode, iso8583.encode
    count = 0
    began = time.thread_time_ns()
    while True:
        for _ in range(20):
            if what == "decode":
                decode(raw, spec)
            elif what == "encode":
                encode(build(fields), spec)
            else:
                encode(decode(raw, spec)[0], spec)
        count += 20
        passed = time.thread_time_ns() - began
        if passed >= limit:
            return count, passed


def main():
    messages = read(sys.argv[1])
    for one in messages.values():
        check(*one)
    print("ready", flush=True)
    for line in sys.stdin:
        _, what, name, limit = line.split()
        count, passed = run(what, *messages[name], int(limit) * 1_000_000)
        print(count, passed, flush=True)


main()
