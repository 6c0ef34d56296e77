"""Judges the mixed part by what clients, upstream servers, log and metrics say."""

import time
from collections import Counter
from typing import Any

from soak import site
from soak.calls import BOUNDS
from soak.delays import Slow, percentile
from soak.logs import Reader
from soak.site import Site
from soak.upstream import Outage
from soak.verdict import Verdict

# Calls whose time is that of the gateway: their upstream server answers at once, and never ends.
PROMPT = {f"steady {kind}" for kind in ("get", "post", "chunked", "file")} | {"metered get"}
# After a server is back, the breaker may stay open for its timeout, and one call tries.
RECOVERY = 1.5
# A call that takes this long was held up by the machine.
STALLED = 0.5
# Answers that may stand for a call which the server lost.
LOST = {"502 GTW006", "503 GTW999", "closed in the answer", "Connection reset by peer in the answer"}
FLAT = 4 << 20
PER_DESCRIPTOR = 30 << 10

# A short run is a test, and others use its machine. Its delays are printed, and do not fail it.
judges_time = True


def calls(verdict: Verdict, results: list[dict[str, Any]], outages: list[Outage], answered: set[int]) -> None:
    """Every call must be right, unless its upstream server lost it."""
    sums: dict[str, Counter[str]] = {}
    for result in results:
        for kind, found in result["kinds"].items():
            sums.setdefault(kind, Counter()).update(found["outcomes"])
    lost: Counter[str] = Counter()
    problems: list[str] = []
    # On a busy machine, the one call of the breaker takes long as well.
    recovery = RECOVERY + max(
        found["longest"] for result in results for kind, found in result["kinds"].items() if kind in PROMPT
    )
    for result in results:
        for number, kind, begin, end, outcome, is_right, was_reused in result["notable"]:
            if is_right:
                continue
            near = [outage for outage in outages if outage.begin <= end and begin <= outage.end + recovery]
            reason = _reason(kind, number, outcome, end - begin, near, answered)
            if reason is None:
                lost[f"{near[0].kind}: {outcome}"] += 1
                continue
            distance = min((begin - outage.begin for outage in outages if outage.begin <= end), default=0.0)
            problems.append(
                f"{kind} {number}: {outcome} after {(end - begin) * 1000:.1f} ms, {reason}; "
                f"{'kept' if was_reused else 'new'} connection, {distance:.3f} s after the last restart began"
            )
    for kind, outcomes in sums.items():
        texts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        verdict.say(f"{kind}: {texts}")
    restarts = Counter(outage.kind for outage in outages)
    verdict.say(f"restarts: {dict(restarts)}; calls that the upstream server lost: {dict(lost) or 'none'}")
    for kind in ("bandwidth get", "throttled get"):
        verdict.require(any(outcome.startswith("200") for outcome in sums[kind]), f"{kind}: no call passed")
        verdict.require(any(outcome.startswith("429") for outcome in sums[kind]), f"{kind}: no call was refused")
    verdict.add(problems, "calls")


def _reason(kind: str, number: int, outcome: str, seconds: float, near: list[Outage], answered: set[int]) -> str | None:
    """Why a failed call is a fault, or nothing when the upstream server lost it."""
    # When the machine stalls, so many calls fail at once that the circuit breaker opens.
    is_stalled = kind == "pair get" and near and outcome in LOST and seconds > STALLED
    if is_stalled:
        return None
    if not kind.startswith("shaky"):
        return "and its upstream server was there"
    if not near:
        return "and no restart was near"
    if outcome not in LOST:
        return "which no restart explains"
    if outcome == "503 GTW999":
        return None
    kinds = {outage.kind for outage in near}
    if number in answered and "kill" not in kinds:
        return "and the upstream server had answered it"
    return None


def calls_beside(verdict: Verdict, result: dict[str, Any]) -> None:
    """Every call of a load beside other connections must be right."""
    wrong = [f"{kind}: {outcome}" for _, kind, _, _, outcome, is_right, _ in result["notable"] if not is_right]
    sums: Counter[str] = Counter()
    for found in result["kinds"].values():
        sums.update(found["outcomes"])
    verdict.say(f"calls beside them: {dict(sums)}")
    verdict.add(wrong, "calls beside connections")


def slow(verdict: Verdict, results: list[dict[str, Any]], found: list[Slow]) -> None:
    """No delay above 10 ms may be the gateway's own."""
    histogram, control = [0] * (len(BOUNDS) + 1), [0] * (len(BOUNDS) + 1)
    for result in results:
        for kind, one in result["kinds"].items():
            target = control if kind.startswith("control") else histogram if kind in PROMPT else None
            if target is not None:
                target[:] = [a + b for a, b in zip(target, one["histogram"], strict=True)]
    count = sum(histogram)
    for name, one in (("gateway", histogram), ("control", control)):
        parts = ", ".join(f"p{part:g} {percentile(one, BOUNDS, part / 100):.1f} ms" for part in (50, 99, 99.9, 99.99))
        verdict.say(f"{name}: {sum(one)} prompt calls, {parts}")
    late = sum(result["late"] for result in results)
    rest = [one for one in found if one.is_own]
    own = [one for one in rest if one.own > one.rest / 2]
    verdict.say(
        f"delays above 10 ms: {len(found)} of {count}; {len(found) - len(rest)} by the machine, {len(rest)} by the gateway, "
        f"of them {len(own)} by its threads that took the processor from each other; clients were late {late} times"
    )
    for one in sorted(rest, key=lambda one: -one.rest)[:12]:
        verdict.say(
            f"  {one.kind} at {one.begin:.3f}: {one.seconds * 1000:.1f} ms; control {one.control * 1000:.1f}, waited "
            f"{one.waited * 1000:.1f}, of it for own threads {one.own * 1000:.1f}, stolen {one.stolen * 1000:.0f}, "
            f"rest {one.rest * 1000:.1f}"
        )
    # On a busy machine all measures miss something now and then.
    allowed = (len(found) - len(rest)) // 100 + 2
    verdict.require(
        len(rest) <= allowed or not judges_time,
        f"{len(rest)} calls were delayed for more than 10 ms by nothing that the machine did; {allowed} may be errors",
    )


def memory(verdict: Verdict, samples: list[list[float]], seconds: float) -> None:
    """The last quarter may be at most 4 MiB above the second one, beside memory of more connections than before."""
    quarter = len(samples) // 4
    if not quarter:
        return
    means = [
        sum(sample[1] for sample in samples[at * quarter : (at + 1) * quarter]) / quarter / (1 << 20) for at in range(4)
    ]
    texts = ", ".join(f"{mean:.1f}" for mean in means)
    verdict.say(
        f"memory: {texts} MiB in the quarters of the run, at most {max(s[1] for s in samples) / (1 << 20):.1f}; "
        f"descriptors at most {max(s[2] for s in samples)}, threads {min(s[3] for s in samples)} to "
        f"{max(s[3] for s in samples)}"
    )
    if seconds >= 120:
        growth = means[3] - means[1]
        verdict.require(
            growth * (1 << 20) <= FLAT, f"memory grew by {growth:.1f} MiB from the second to the last quarter"
        )


def gauges(verdict: Verdict, one: Site, before: int) -> None:
    """After the load no call waits, every connection to a server is idle, and no descriptor is left over."""
    end = time.monotonic() + 15
    while True:
        metrics = one.metrics()
        opened = site.total(metrics, "gatehouse_upstream_connections", 'state="open"')
        idle = site.total(metrics, "gatehouse_upstream_connections", 'state="idle"')
        waiting = site.total(metrics, "gatehouse_upstream_waiting")
        more = one.other_descriptors() - before
        if (opened == idle and waiting == 0 and more <= 4) or time.monotonic() > end:
            break
        time.sleep(0.2)
    verdict.require(opened == idle, f"{opened - idle:.0f} connections to servers are in use after the load")
    verdict.require(waiting == 0, f"{waiting:.0f} calls wait for a connection after the load")
    verdict.require(more <= 4, f"{more} descriptors more than before are open, beside those of connections")
    verdict.say(f"after the load: {opened:.0f} connections to servers, {idle:.0f} idle, {more:+} other descriptors")


def counters(verdict: Verdict, one: Site, results: list[dict[str, Any]], others: int) -> None:
    """The metrics must have counted each call once."""
    sent = others
    for result in results:
        for found in result["kinds"].values():
            sent += sum(found["outcomes"].values()) if found["to"] == "gateway" else 0
    counted = one.total("doorman_http_requests_total")
    verdict.say(f"calls: {sent} sent, {counted:.0f} counted by the gateway")
    verdict.require(counted == sent, f"clients sent {sent} calls, and the gateway counted {counted:.0f}")


def log(verdict: Verdict, reader: Reader, results: list[dict[str, Any]], others: int, dumps: Any) -> None:
    sent = others
    for result in results:
        for found in result["kinds"].values():
            sent += sum(found["outcomes"].values()) if found["to"] == "gateway" else 0
    verdict.say(
        f"log: {reader.calls} lines of calls, {reader.dropped} dropped, {reader.rotations} rotations; "
        f"dumps: {dumps.requested} by request, {dumps.signalled} by signal, "
        f"{reader.messages['dump written']} written"
    )
    verdict.add(reader.problems, "log")
    verdict.require(
        reader.calls <= sent <= reader.calls + reader.dropped,
        f"{sent} calls made {reader.calls} lines, and {reader.dropped} were dropped",
    )
