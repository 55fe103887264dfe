#!/usr/bin/env python3
"""Checks what tprof measured, for the live tests.

    check.py allowed                   may processes be measured at all?
    check.py json FILE                 is it a report whose sums agree?
    check.py share FILE FUNCTION PERCENT [self|total] [COUNT]
                                       within four standard deviations
    check.py most FILE FUNCTION PERCENT [self|total]
                                       at least so much
    check.py weight FILE PERCENT OUTPUT
                                       as much time as the "cpu_ns=" in OUTPUT,
                                       but for so many percent
    check.py rate FILE HZ              so many samples for a second of weight
    check.py chains FILE FUNCTION,... REGEX...
                                       every folded stack that has one of the
                                       functions fits one of the expressions
    check.py calls FILE PERCENT CALL...
                                       every whole folded stack consists of
                                       such calls, and so many stacks are whole
    check.py same REPORT FOLDED        as many samples in both
    check.py has FILE FUNCTION...      is each in the report?
    check.py lacks FILE FUNCTION...    is none of them?
    check.py atleast FILE SAMPLES

FILE is a JSON report, or for "chains" folded stacks.  The answer is the exit
status; what is wrong stands on standard output.
"""

import collections
import ctypes
import errno
import json
import math
import os
import platform
import re
import struct
import sys

SYSCALL = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
TYPE_SOFTWARE, CPU_CLOCK = 1, 0
DISABLED_NO_KERNEL_NO_HYPERVISOR = 1 | 1 << 5 | 1 << 6


def fail(text):
    print(text)
    sys.exit(1)


def allowed():
    """Opens an event for this very process, as little as one can ask for."""
    number = SYSCALL.get(platform.machine())
    if number is None:
        return
    attributes = struct.pack("IIQQQQQ", TYPE_SOFTWARE, 64, CPU_CLOCK, 1000000, 0, 0,
                             DISABLED_NO_KERNEL_NO_HYPERVISOR) + bytes(16)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(number, attributes, 0, -1, -1, 8)
    if fd < 0:
        code = ctypes.get_errno()
        fail(f"the kernel forbids perf_event_open here: {errno.errorcode[code]}"
             f" ({os.strerror(code)})")
    os.close(fd)


def read_report(path):
    with open(path) as file:
        report = json.load(file)
    if report["format"] != "tprof-report" or report["version"] != 1:
        fail(f"{path} is not a report")
    return report


def read_folded(path):
    stacks = collections.Counter()
    with open(path) as file:
        for line in file:
            stack, blank, count = line.rstrip("\n").rpartition(" ")
            if not blank or not count.isdigit():
                fail(f"not a folded stack: {line!r}")
            stacks[stack] += int(count)
    return stacks


def check_json(path):
    """Every key of the manual, of its type, and sums that agree."""
    report = read_report(path)
    shape = {"target": dict, "event": dict, "duration_ns": int, "samples": int, "weight": dict,
             "lost": int, "throttled": int, "stacks": dict, "functions": list, "counters": dict,
             "overhead": dict}
    for key, kind in shape.items():
        if not isinstance(report.get(key), kind):
            fail(f"{key} is not {kind.__name__}: {report.get(key)!r}")
    for key in ("name", "frequency", "backend"):
        if key not in report["event"]:
            fail(f"event lacks {key}")
    stacks = report["stacks"]
    if not report["event"]["backend"]:
        # How stacks ended is not told in a file of names.
        if stacks["complete"] is not None:
            fail(f"stacks of a file are {stacks}")
        stacks = {"complete": report["samples"], "frame_pointer": 0, "truncated": 0,
                  "reasons": {}}
    ends = stacks["complete"] + stacks["frame_pointer"] + stacks["truncated"]
    if ends != report["samples"]:
        fail(f"{ends} stacks of {report['samples']} samples")
    if sum(stacks["reasons"].values()) != stacks["truncated"]:
        fail(f"reasons for {sum(stacks['reasons'].values())} of {stacks['truncated']} truncated")
    own = sum(function["self"]["samples"] for function in report["functions"])
    if own != report["samples"]:
        fail(f"functions hold {own} of {report['samples']} samples")
    weight = sum(function["self"]["weight"] for function in report["functions"])
    if weight != report["weight"]["total"]:
        fail(f"functions hold {weight} of the weight of {report['weight']['total']}")
    for name, counter in report["counters"].items():
        if not counter["supported"] and (counter["value"] is not None or not counter["reason"]):
            fail(f"counter {name} is not supported, and has a value or no reason: {counter}")
    check_tree(report)


def check_tree(report):
    """Parents come first, and a total is what is in it."""
    if "tree" not in report:
        return
    known = {}
    functions = {function["id"] for function in report["functions"]}
    below = collections.Counter()
    for node in report["tree"]:
        if node["parent"] is not None and node["parent"] not in known:
            fail(f"tree: {node['id']} comes before its parent {node['parent']}")
        if not node["truncated"] and node["function"] not in functions:
            fail(f"tree: {node['id']} has unknown function {node['function']}")
        known[node["id"]] = node
        below[node["parent"]] += node["total"]["samples"]
    for node in known.values():
        if node["self"]["samples"] + below[node["id"]] != node["total"]["samples"]:
            fail(f"tree: {node['id']} does not add up")
    if below[None] != report["samples"]:
        fail(f"tree: roots hold {below[None]} of {report['samples']} samples")


def function_samples(report, name, part):
    return sum(function[part]["samples"] for function in report["functions"]
               if function["name"] == name)


def check_share(path, name, percent, part="total", least=100):
    """Of the samples, within four standard deviations of a drawing by lot."""
    report = read_report(path)
    count, share = report["samples"], float(percent) / 100
    if count < int(least):
        fail(f"only {count} samples")
    got = function_samples(report, name, part)
    deviation = math.sqrt(count * share * (1 - share))
    if abs(got - count * share) > 4 * deviation + 1:
        fail(f"{name} has {got} of {count} samples ({100 * got / count:.1f}%), not"
             f" {float(percent):.1f}% within {400 * deviation / count:.1f}%")


def check_most(path, name, percent, part="total"):
    report = read_report(path)
    got = function_samples(report, name, part)
    if got < report["samples"] * float(percent) / 100 or not got:
        fail(f"{name} has {got} of {report['samples']} samples, fewer than {percent}%")


def check_weight(path, percent, output):
    report = read_report(path)
    with open(output) as file:
        used = sum(int(ns) for ns in re.findall(r"^cpu_ns=(\d+)", file.read(), re.MULTILINE))
    if report["weight"]["unit"] != "ns":
        return
    got = report["weight"]["total"]
    if not used or abs(got - used) > used * float(percent) / 100:
        fail(f"{got / 1e9:.3f} s in the report, the program says {used / 1e9:.3f} s")


def check_rate(path, frequency):
    report = read_report(path)
    rate = report["samples"] / (report["weight"]["total"] / 1e9)
    if abs(rate - int(frequency)) > int(frequency) * 0.05:
        fail(f"{rate:.1f} samples for a second of CPU time")


def check_chains(path, functions, *expressions):
    """Two in a thousand may be interrupted while a function makes its frame."""
    stacks = read_folded(path)
    functions = set(functions.split(","))
    patterns = [re.compile(expression) for expression in expressions]
    known = {stack: count for stack, count in stacks.items()
             if functions.intersection(stack.split(";"))}
    wrong = {stack: count for stack, count in known.items()
             if not any(pattern.fullmatch(stack) for pattern in patterns)}
    if not known:
        fail(f"none of {', '.join(sorted(functions))} in {path}")
    if sum(wrong.values()) > max(2, sum(known.values()) // 500):
        fail("\n".join([f"{sum(wrong.values())} of {sum(known.values())} samples have a call"
                        " chain that the source does not allow:"] +
                       [f"  {stack} {count}" for stack, count in sorted(wrong.items())[:20]]))


def calls_of(stack, known):
    """The calls in a stack, with the functions that are not known as one."""
    calls, caller = [], ""
    names = [re.sub(r"(\.(part|constprop|isra|cold|lto_priv)(\.\d+)?| \[clone [^]]*\])+$", "", name.lstrip("?"))
             for name in stack.split(";")[1:]]
    while names and names[-1].endswith("_[k]"):
        names.pop()
    for name in names:
        name = name if name in known else caller if caller.startswith("-") else "-" + caller
        if name != caller or name in known:
            calls.append((caller, name))
        caller = name
    return calls


def check_calls(path, percent, *allowed):
    """A > B > C are two calls; -A is what A called of others, - who called the first."""
    edges = {("", "-")}
    for call in allowed:
        chain = [side.strip() for side in call.split(">")]
        edges.update((a, b) for callers, callees in zip(chain, chain[1:])
                     for a in callers.split(",") for b in callees.split(","))
    known = {name for edge in edges for name in edge if name and not name.startswith("-")}
    stacks = read_folded(path)
    cut = {stack: count for stack, count in stacks.items()
           if stack.split(";")[1].startswith("[truncated")}
    wrong = {stack: count for stack, count in stacks.items() if stack not in cut
             and not edges.issuperset(calls_of(stack, known))}
    if wrong:
        fail("\n".join([f"{sum(wrong.values())} of {sum(stacks.values())} samples have calls that"
                        " the source does not have:"] +
                       [f"  {set(calls_of(stack, known)) - edges}: ...{stack[-200:]} {count}"
                        for stack, count in sorted(wrong.items())[:10]]))
    missing = {name for name in known if name.rstrip('()').endswith('_work')}
    missing -= {name for stack in stacks for call in calls_of(stack, known)
                       for name in call}
    if missing:
        fail(f"never seen: {', '.join(sorted(missing))}")
    if sum(cut.values()) > max(1, sum(stacks.values()) * (1 - float(percent) / 100)):
        fail("\n".join([f"{sum(cut.values())} of {sum(stacks.values())} stacks are cut:"] +
                       [f"  {stack[:200]} {count}" for stack, count in sorted(cut.items())[:10]]))


def check_same(report_path, folded_path):
    samples = read_report(report_path)["samples"]
    folded = sum(read_folded(folded_path).values())
    if samples != folded:
        fail(f"{samples} samples in the report, {folded} in the folded stacks")


def check_has(path, *names):
    report = read_report(path)
    for name in names:
        if not function_samples(report, name, "total"):
            fail(f"{name} has no samples")


def check_lacks(path, *names):
    report = read_report(path)
    for name in names:
        if function_samples(report, name, "total"):
            fail(f"{name} has {function_samples(report, name, 'total')} samples")


def check_atleast(path, samples):
    got = read_report(path)["samples"]
    if got < int(samples):
        fail(f"{got} samples, fewer than {samples}")


def main():
    commands = {"allowed": allowed, "json": check_json, "share": check_share,
                "most": check_most,
                "weight": check_weight, "rate": check_rate,
                "calls": check_calls, "chains": check_chains, "same": check_same, "has": check_has,
                "lacks": check_lacks, "atleast": check_atleast}
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except (OSError, ValueError, KeyError) as error:
        fail(f"{' '.join(sys.argv[1:])}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
